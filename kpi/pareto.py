"""Which few causes make most of a total? Shares by cause, product or order, largest first.

Source: J. M. Juran, Quality Control Handbook (the Pareto principle); the name in the plant is Pareto chart.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite

_CANCELLED = 1e-9  # share of all amounts, corrections turned positive, below which a total is only their rounding


@dataclass(frozen=True, slots=True)
class Share:
    """What one cause adds to the total.

    name: None for amounts without a cause. amount: in the unit of the total, below 0 where corrections outweigh. share,
    cumulated: of the total [ratio], of this cause and of it with all before; None where the total is not above 0.
    """

    name: str | None
    amount: float
    share: float | None
    cumulated: float | None


def pareto(amounts: Iterable[tuple[str | None, float]]) -> tuple[Share, ...]:
    """Causes with their shares, largest amount first, equal amounts by name and without a name last.

    amounts: cause and amount, a cause as often as there are rows; corrections are negative. Nothing is clipped: beside
    a cause below 0, cumulated shares rise above 1 before they end at 1. Empty for no amounts. Raises ValueError for a
    cause whose amount is not a finite number.

    >>> for found in pareto([("scratch", 30), (None, 10), ("dent", 65), ("scratch", -5)]):
    ...     print(found.name, found.amount, found.share, found.cumulated)
    dent 65.0 0.65 0.65
    scratch 25.0 0.25 0.9
    None 10.0 0.1 1.0
    """
    by_name: dict[str | None, float] = {}
    for name, amount in amounts:
        by_name[name] = by_name.get(name, 0.0) + amount
    refused = [str(name) for name, amount in by_name.items() if not isfinite(amount)]
    if refused:
        raise ValueError(f"not a finite amount: {', '.join(refused)}")
    ranked = sorted(by_name.items(), key=lambda item: (-item[1], item[0] is None, item[0] or ""))
    sums = list(accumulate(amount for _, amount in ranked))
    total = sums[-1] if sums else 0.0
    known = total > _CANCELLED * sum(abs(amount) for _, amount in ranked)
    return tuple(
        Share(name, amount, amount / total if known else None, so_far / total if known else None)
        for (name, amount), so_far in zip(ranked, sums, strict=True)
    )
