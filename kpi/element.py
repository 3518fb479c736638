"""What is one ingredient of a formula over one period: a value, how much of the period is known, and remarks?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

FLAGS = (
    "counter_rollover",
    "counter_reset",
    "counter_jump",
    "counter_disorder",
    "counter_unknown_drop",
    "estimated",
    "manual",
    "corrected",
    "clock",
    "unbalanced",
    "suspect",
    "extrapolated",
)
"""Everything a value may be marked with, in the order in which it is shown."""


class Grade(StrEnum):
    """How far a value can be trusted, by its coverage."""

    GOOD = "good"
    PARTIAL = "partial"
    LOW = "low"


def grade(coverage: float) -> Grade:
    """Good from 0.95, partial from 0.80, else low.

    >>> [grade(share).value for share in (0.95, 0.8, 0.79)]
    ['good', 'partial', 'low']
    """
    if coverage >= 0.95:
        return Grade.GOOD
    return Grade.PARTIAL if coverage >= 0.80 else Grade.LOW


@dataclass(frozen=True, slots=True)
class Element:
    """One ingredient over one period.

    value: None without any reading. coverages: of each tag or hand count behind it, 0 to 1. flags: of `FLAGS`.
    """

    value: float | None
    coverages: tuple[float, ...]
    flags: frozenset[str] = frozenset()

    @property
    def coverage(self) -> float:
        """Mean over everything behind the element; 0 where there is nothing."""
        return sum(self.coverages) / len(self.coverages) if self.coverages else 0.0


def total(elements: Iterable[Element]) -> Element:
    """The sum of elements. One without a value adds nothing but lowers the coverage; None if all are without."""
    return combination([(1.0, element) for element in elements])


def combination(terms: Iterable[tuple[float, Element]]) -> Element:
    """The sum of factors times elements; coverage and flags as of `total`.

    >>> combination([(1, Element(10.0, (1.0,))), (-1, Element(4.0, (0.5,)))])
    Element(value=6.0, coverages=(1.0, 0.5), flags=frozenset())
    """
    terms = list(terms)
    values = [factor * element.value for factor, element in terms if element.value is not None]
    return Element(
        value=sum(values) if values else None,
        coverages=tuple(share for _, element in terms for share in element.coverages),
        flags=frozenset().union(*(element.flags for _, element in terms)),
    )
