"""May a past period serve as the baseline of a KPI? Long enough, well known, and measured as today is measured.

ISO 50006:2023: a baseline is kept only while what it rests on is unchanged; a changed definition, scope or calendar
starts a new one. A baseline that differs in one of them compares two plants: where trial pieces are marked from some
month on, one plant improves by 80 % on one base and gets worse on the other.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from kpi.element import Grade, grade


@dataclass(frozen=True, slots=True)
class Length:
    """A length of calendar time: months, then days.

    >>> Length(months=3).end(date(2026, 2, 1)), Length(months=3).end(date(2026, 11, 30))
    (datetime.date(2026, 5, 1), datetime.date(2027, 2, 28))
    """

    months: int = 0
    days: int = 0

    def end(self, first: date) -> date:
        """The day after the last one; a day that its month lacks is the last of that month."""
        month = first.year * 12 + first.month - 1 + self.months
        year, month = month // 12, month % 12 + 1
        return date(year, month, min(first.day, monthrange(year, month)[1])) + timedelta(days=self.days)

    def __str__(self) -> str:
        parts = [(self.months, "month"), (self.days, "day")]
        return " and ".join(f"{number} {name}{'s' * (number != 1)}" for number, name in parts if number) or "0 days"


LEAST_LENGTH = Length(months=3)
"""How long a baseline is at least, if the plant says nothing else."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a value rests on, and must be the same in baseline and comparison.

    definition: version of the KPI. scope: plant, work unit, product or order. calendar: name and version of the shifts
    and of the days (production or civil).
    """

    definition: int
    scope: str
    calendar: str


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """A past period of a KPI, [first_day, end_day), with its value and coverage (0 to 1)."""

    first_day: date
    end_day: date
    value: float | None
    coverage: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether a period may be a baseline; reasons: every one against it, in plain words."""

    reasons: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether nothing is against it."""
        return not self.reasons


def fitness(past: PastPeriod, today: Basis, least: Length = LEAST_LENGTH) -> Fitness:
    """Whether a past period may be the baseline of values that rest on `today`'s basis.

    Needed are at least the length `least`, a value with grade good (coverage from 0.95), and the same basis.

    >>> day = Basis(1, "plant", "production 2025-01-01")
    >>> past = PastPeriod(date(2026, 1, 1), date(2026, 3, 1), 0.031, 0.90, day)
    >>> for reason in fitness(past, day).reasons:
    ...     print(reason)
    lasts 59 days, a baseline at least 3 months
    grade is partial, a baseline needs good
    """
    reasons = []
    if past.end_day < least.end(past.first_day):
        reasons.append(f"lasts {(past.end_day - past.first_day).days} days, a baseline at least {least}")
    if past.value is None:
        reasons.append("has no value")
    found = grade(past.coverage)
    if found is not Grade.GOOD:
        reasons.append(f"grade is {found.value}, a baseline needs {Grade.GOOD.value}")
    for name in ("definition", "scope", "calendar"):
        then, now = getattr(past.basis, name), getattr(today, name)
        if then != now:
            reasons.append(f"{name} was {then}, is {now}; a changed {name} starts a new baseline")
    return Fitness(tuple(reasons))
