"""What did people count in a period, and for how many of its shifts?"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpi.element import Element
from plant.period import Period
from plant.quantity import Quantity

AMOUNTS = ("produced", "good", "scrap", "rework", "inspected")


@dataclass(frozen=True, slots=True)
class HandCount:
    """Hand-counted quantities of one work unit that fall in one period, and the period's shifts that have begun.

    sources: the amounts that its rows, in whatever period, ever give.
    """

    rows: Sequence[Quantity]
    shifts: Sequence[Period]
    sources: frozenset[str]

    def element(self, amount: str) -> Element | None:
        """The sum of an amount, flagged `manual`; None where people never count it.

        Coverage: shifts with a row / shifts; without shifts 1 where there is a row; 0 where no row gives the amount.
        Rows that leave rework empty are rows of no rework.
        """
        given = [value for row in self.rows if (value := getattr(row, amount)) is not None]
        if given:
            return Element(sum(given), (self._coverage(),), frozenset({"manual"}))
        if amount not in self.sources:
            return None
        if amount == "rework" and self.rows:
            return Element(0.0, (self._coverage(),), frozenset({"manual"}))
        return Element(None, (0.0,))

    def _coverage(self) -> float:
        times_us = [row.time_us for row in self.rows]
        if not self.shifts:
            return 1.0 if times_us else 0.0
        counted = [shift for shift in self.shifts if any(shift.start_us < at <= shift.end_us for at in times_us)]
        return len(counted) / len(self.shifts)
