"""Which reasons, products or orders make most of a quantity?"""

from collections.abc import Iterable
from dataclasses import dataclass

from kpi.pareto import Share, pareto

MOST_SHARES = 20
"""Causes that are shown."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A quantity [1] by what it is made of, the largest share first.

    of: names of the amounts that are added up. by: reason, product or order. shares: a name None is what names none.
    left_out: how many smaller ones there are.
    """

    of: tuple[str, ...]
    by: str
    shares: tuple[Share, ...]
    left_out: int


def breakdown(of: tuple[str, ...], by: str, amounts: Iterable[tuple[str | None, float]]) -> Breakdown | None:
    """The shares of a quantity; None where nothing is named, so that there is nothing to tell apart.

    >>> found = breakdown(("scrap",), "reason", [("dent", 3.0), (None, 1.0), ("burr", 0.0)])
    >>> [(share.name, share.amount) for share in found.shares]
    [('dent', 3.0), (None, 1.0)]
    """
    found = [share for share in pareto(amounts) if share.amount]
    if not any(share.name for share in found):
        return None
    return Breakdown(of, by, tuple(found[:MOST_SHARES]), max(0, len(found) - MOST_SHARES))
