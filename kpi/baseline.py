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


LEAST_LENGTH = Length(days=28)
"""How long a baseline is at least, if the plant says nothing else: every weekday equally often."""

ADVISED_LENGTH = Length(months=3)
"""How long a baseline should be: what differs from month to month weighs less."""


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
    """A past period of a KPI, [first_day, end_day), with its value and coverage (0 to 1).

    ended: whether it was over when it was looked at; until then value and coverage still change.
    """

    first_day: date
    end_day: date
    value: float | None
    coverage: float
    basis: Basis
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether something may be a baseline; reasons: every one against it; remedies: what to do. In plain words."""

    reasons: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether nothing is against it."""
        return not self.reasons


def fitness(past: PastPeriod, today: Basis, least: Length = LEAST_LENGTH) -> Fitness:
    """Whether a past period may be the baseline of values that rest on `today`'s basis.

    Needed are at least the length `least`, an end that is past, a value with grade good (coverage from 0.95), and the
    same basis.

    >>> day = Basis(1, "plant", "production 2025-01-01")
    >>> past = PastPeriod(date(2026, 1, 1), date(2026, 1, 15), 0.031, 0.90, day)
    >>> for reason in fitness(past, day).reasons:
    ...     print(reason)
    lasts 14 days, a baseline at least 28 days
    grade is partial, a baseline needs good
    """
    against = []
    if past.end_day < least.end(past.first_day):
        days = (past.end_day - past.first_day).days
        against.append((f"lasts {days} day{'s' * (days != 1)}, a baseline at least {least}", "name a longer period"))
    if not past.ended:
        against.append(("has not ended", f"wait until {past.end_day}, or name a period that is over"))
    elif past.value is None:
        against.append(("has no value", _KNOWN_BETTER))
    found = grade(past.coverage)
    if past.ended and found is not Grade.GOOD:
        against.append((f"grade is {found.value}, a baseline needs {Grade.GOOD.value}", _KNOWN_BETTER))
    return _fitness(against + _changed(past.basis, today))


_KNOWN_BETTER = "name a period that is known better, or import what is missing of it"


def fitness_of_value(then: Basis, today: Basis) -> Fitness:
    """Whether a number that was agreed on some basis may be the baseline of values that rest on `today`'s.

    >>> fitness_of_value(Basis(1, "plant", ""), Basis(2, "plant", "")).reasons
    ('definition was 1, is 2; a changed definition starts a new baseline',)
    """
    return _fitness(_changed(then, today))


def _changed(then: Basis, today: Basis) -> list[tuple[str, str]]:
    """What differs between two bases, and what to do."""
    against = []
    for name in ("definition", "scope", "calendar"):
        before, now = getattr(then, name), getattr(today, name)
        if before != now:
            reason = f"{name} was {before}, is {now}; a changed {name} starts a new baseline"
            against.append((reason, f"agree on a new baseline, under {name} {now}"))
    return against


def _fitness(against: list[tuple[str, str]]) -> Fitness:
    """Of reasons and their remedies; each remedy once."""
    return Fitness(tuple(reason for reason, _ in against), tuple(dict.fromkeys(remedy for _, remedy in against)))
