"""What did people count in a period, and for how many of its shifts?"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from kpi.counter_record import Share
from kpi.element import Element
from plant.period import Period
from plant.quantity import Quantity

Wanted = Callable[[Share], bool]
AMOUNTS = ("produced", "good", "scrap", "rework", "inspected")


class HandCounted:
    """All hand-counted quantities of one work unit. sources: the amounts that its rows, whenever, ever give; products,
    orders, reasons: those that they name. times_us: when they are booked, ascending."""

    def __init__(self, rows: Iterable[Quantity]) -> None:
        self._rows = sorted(rows, key=lambda row: row.time_us)
        self.times_us = tuple(row.time_us for row in self._rows)
        self.products = frozenset(row.product for row in self._rows if row.product)
        self.reasons = frozenset(row.reason for row in self._rows if row.reason)
        self.orders = frozenset(row.order for row in self._rows if row.order)
        given = (name for name in AMOUNTS if any(getattr(row, name) is not None for row in self._rows))
        self.sources = frozenset(given)

    def within(self, start_us: int, end_us: int) -> Sequence[Quantity]:
        """The rows that are counted in (start_us, end_us]."""
        return self._rows[bisect_right(self.times_us, start_us) : bisect_right(self.times_us, end_us)]


@dataclass(frozen=True, slots=True)
class HandCount:
    """Hand-counted quantities of one work unit that fall in one period, and the shifts that ended in it.

    sources: the amounts that its rows, in whatever period, ever give. wanted: which of the rows are added up; None:
    all. How much of the period is counted follows from all rows. times_us: when rows of whatever period are booked,
    ascending; None: those of the period alone.
    """

    rows: Sequence[Quantity]
    shifts: Sequence[Period]
    sources: frozenset[str]
    wanted: Wanted | None = None
    times_us: Sequence[int] | None = None

    def of(self, wanted: Wanted) -> "HandCount":
        """The same, of some products or orders only."""
        return replace(self, wanted=wanted)

    def element(self, amount: str) -> Element | None:
        """The sum of an amount, flagged `manual`; None where people never count it.

        Coverage: shifts with a row / shifts; without shifts 1 where there is a row; 0 where no row gives the amount.
        Rows that leave rework empty are rows of no rework.
        """
        given = [row for row in self.rows if getattr(row, amount) is not None]
        if given:
            counted = [getattr(row, amount) for row in given if self.wants(row)]
            return Element(sum(counted, 0.0), (self.coverage,), frozenset({"manual"}))
        if amount not in self.sources:
            return None
        if amount == "rework" and self.rows:
            return Element(0.0, (self.coverage,), frozenset({"manual"}))
        return Element(None, (0.0,))

    def wants(self, row: Quantity) -> bool:
        """Whether a row is added up."""
        return self.wanted is None or self.wanted(Share(row.product or "", row.order or ""))

    @property
    def coverage(self) -> float:
        """Shifts with a row / shifts; without shifts 1 where there is a row."""
        if not self.shifts:
            return 1.0 if self.rows else 0.0
        times_us = self.times_us
        if times_us is None:
            times_us = sorted(row.time_us for row in self.rows)
        bounds = [(shift.start_us, shift.end_us) for shift in self.shifts]
        counted = sum(bisect_right(times_us, end_us) > bisect_right(times_us, start_us) for start_us, end_us in bounds)
        return counted / len(self.shifts)
