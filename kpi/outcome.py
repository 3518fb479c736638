"""What does a formula give: a value with its evidence, or none with a reason?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite

from kpi.element import Element, Grade, grade


class Reason(StrEnum):
    """Why a KPI has no value."""

    NO_SOURCE = "no_source"
    NO_DENOMINATOR = "no_denominator"
    LOW_COVERAGE = "low_coverage"
    NO_CALENDAR = "no_calendar"
    NO_PRICE = "no_price"
    NO_PLANNED_RUN_TIME = "no_planned_run_time"
    OPEN_PERIOD = "open_period"


BY_SETTINGS = frozenset({Reason.NO_SOURCE, Reason.NO_CALENDAR, Reason.NO_PRICE})
"""Reasons that follow from the settings alone, whatever was read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Value, numerator and denominator, coverage (0 to 1), flags, and why there is no value.

    at_us: when a peak began [us]. What is too large for a number is absent: a sum of which nothing can be said has
    `low_coverage`, a ratio has `no_denominator`.
    """

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    coverage: float = 0.0
    flags: frozenset[str] = frozenset()
    reason: Reason | None = None
    at_us: int | None = None

    def __post_init__(self) -> None:
        for name in ("value", "numerator", "denominator"):
            number = getattr(self, name)
            if number is not None and not isfinite(number):
                object.__setattr__(self, name, None)
                if name == "value" and self.reason is None:
                    no_sum = self.denominator is None
                    object.__setattr__(self, "reason", Reason.LOW_COVERAGE if no_sum else Reason.NO_DENOMINATOR)


def absent(reason: Reason) -> Outcome:
    """No value, and nothing known."""
    return Outcome(None, reason=reason)


def sum_of(element: Element | None) -> Outcome:
    """A sum; with a low coverage it is kept as a lower bound."""
    if element is None:
        return absent(Reason.NO_SOURCE)
    reason = Reason.LOW_COVERAGE if element.value is None else None
    return Outcome(element.value, element.value, None, element.coverage, element.flags, reason)


def ratio_of(numerator: Element | None, denominator: Element | None) -> Outcome:
    """Numerator / denominator, with the lower of both coverages; never clipped."""
    if numerator is None or denominator is None:
        return absent(Reason.NO_SOURCE)
    return quotient(
        numerator.value,
        denominator.value,
        min(numerator.coverage, denominator.coverage),
        numerator.flags | denominator.flags,
    )


def quotient(
    numerator: float | None, denominator: float | None, coverage: float, flags: frozenset[str] = frozenset()
) -> Outcome:
    """The ratio of two numbers, or why it has none. A denominator below 0, where corrections outweigh, is none.

    >>> quotient(1.0, 4.0, 1.0).value
    0.25
    >>> quotient(1.0, 0.0, 1.0).reason.value
    'no_denominator'
    """
    if numerator is None or denominator is None or grade(coverage) is Grade.LOW:
        return Outcome(None, numerator, denominator, coverage, flags, Reason.LOW_COVERAGE)
    value = numerator / denominator if denominator > 0 else inf
    if not isfinite(value):  # also where the denominator is too small for the ratio to be a number
        return Outcome(None, numerator, denominator, coverage, flags, Reason.NO_DENOMINATOR)
    return Outcome(value, numerator, denominator, coverage, flags)


def ratio_of_counts(counted: tuple[float, float], coverage: float) -> Outcome:
    """The ratio of a pair that was counted together."""
    return quotient(float(counted[0]), float(counted[1]), coverage)


def flags_of(elements: Sequence[Element]) -> frozenset[str]:
    """All flags of some elements."""
    return frozenset().union(*(element.flags for element in elements))
