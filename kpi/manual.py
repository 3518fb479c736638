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

        Coverage: shifts with a row that gives the amount / shifts; without shifts 1 where there is such a row.
        """
        if amount not in self.sources:
            return None
        given = [(row.time_us, value) for row in self.rows if (value := getattr(row, amount)) is not None]
        flags = frozenset({"manual"}) if given else frozenset()
        value = sum(value for _, value in given) if given else None
        return Element(value, (self._coverage([time_us for time_us, _ in given]),), flags)

    def _coverage(self, times_us: list[int]) -> float:
        if not self.shifts:
            return 1.0 if times_us else 0.0
        counted = [shift for shift in self.shifts if any(shift.start_us < at <= shift.end_us for at in times_us)]
        return len(counted) / len(self.shifts)
