"""Which period and scope does a visitor ask for, and which periods stand before and after it?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from starlette.requests import Request

from config.model import NAME
from config.site import SCOPE, Site
from plant.instant import US_PER_S, check_year, parse_instant
from plant.period import Clock, Period, PeriodKind, periods, range_period
from plant.shift import ShiftCalendar
from plant.tag import PLANT

KINDS = (PeriodKind.SHIFT, PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH)
NOW = "now"
_FORTNIGHT_US = 14 * 86400 * US_PER_S


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """What is asked for, and what may be asked for instead.

    at: as it was asked for: a label, `now`, or empty for the last closed. before, after: labels of the neighbours, None
    where there is none or it has not begun. is_open: the period is not over. kinds, scopes: all that may be chosen.
    """

    period: Period
    scope: str
    at: str
    before: str | None
    after: str | None
    is_open: bool
    kinds: Sequence[PeriodKind]
    scopes: Sequence[str]

    def query(self, **changed: str) -> str:
        """The query of this choice, with some of it changed; an empty value is left out.

        >>> choice = PeriodChoice(Period(PeriodKind.DAY, "2026-11-21", 0, 1), "press1", "", None, None, False, (), ())
        >>> choice.query(at="2026-11-20"), choice.query(scope="")
        ('?period=day&scope=press1&at=2026-11-20', '?period=day')
        """
        asked = {"period": self.period.kind.value, "scope": self.scope, "at": self.at, **changed}
        return "?" + urlencode({name: value for name, value in asked.items() if value})


def period_choice(
    request: Request,
    site: Site,
    now_us: int,
    default: PeriodKind = PeriodKind.DAY,
    kinds: Sequence[PeriodKind] = KINDS,
) -> PeriodChoice:
    """The choice that a query makes; what it says that there is not is taken as if it said nothing."""
    calendar, clock = site.shift_calendar(), site.clock()
    scopes = [PLANT, *(name for name in site.work_unit_names() if name != PLANT)]
    scope = request.query_params.get("scope", PLANT)
    if not (re.fullmatch(NAME, scope) or SCOPE.fullmatch(scope)):
        scope = PLANT
    offered = [kind for kind in kinds if kind is not PeriodKind.SHIFT or calendar.has_shifts()]
    asked, at = request.query_params.get("period", ""), request.query_params.get("at", "")
    kind = PeriodKind(asked) if asked in set(PeriodKind) else default
    unit = None if scope == PLANT or ":" in scope else scope
    found = _found(kind, at, clock, calendar, unit, now_us)
    if found is None and at:
        at = ""
        found = _found(kind, at, clock, calendar, unit, now_us)
    if found is None:  # no shift for a fortnight, or a range without bounds
        kind, at = PeriodKind.DAY, ""
        found = _days(kind, at, clock, now_us)
    assert found is not None
    before, period, after = found
    begun = after is not None and after.start_us < now_us
    return PeriodChoice(
        period,
        scope,
        at,
        before.label if before else None,
        after.label if after and begun else None,
        period.end_us > now_us,
        offered,
        scopes,
    )


Neighbours = tuple[Period | None, Period, Period | None]


def _found(
    kind: PeriodKind, at: str, clock: Clock, calendar: ShiftCalendar, unit: str | None, now_us: int
) -> Neighbours | None:
    if kind is PeriodKind.SHIFT:
        return _shifts(at, clock, calendar, unit, now_us)
    if kind is PeriodKind.RANGE:
        return _range(at, clock)
    return _days(kind, at, clock, now_us)


def _days(kind: PeriodKind, at: str, clock: Clock, now_us: int) -> Neighbours | None:
    us = now_us if at in ("", NOW) else labelled_instant(at.partition("/")[0], clock)
    if us is None:
        return None
    period = _one(kind, us, clock)
    if not at:
        period = _one(kind, period.start_us - 1, clock)
    return _one(kind, period.start_us - 1, clock), period, _one(kind, period.end_us, clock)


def _one(kind: PeriodKind, us: int, clock: Clock) -> Period:
    return next(periods(kind, us, us + 1, clock))


def _range(at: str, clock: Clock) -> Neighbours | None:
    bounds = [labelled_instant(part, clock) for part in at.split("/")]
    if len(bounds) != 2 or bounds[0] is None or bounds[1] is None or bounds[0] >= bounds[1]:
        return None
    return None, range_period(bounds[0], bounds[1], clock), None


def _shifts(at: str, clock: Clock, calendar: ShiftCalendar, unit: str | None, now_us: int) -> Neighbours | None:
    """The shift with a label, the one at an instant or on a date, the one that runs now, or the last closed."""
    us = now_us if at in ("", NOW) else labelled_instant(at.partition("/")[0], clock)
    if us is None:
        return None
    near = calendar.periods(us - _FORTNIGHT_US, us + _FORTNIGHT_US, unit)
    if not at:
        fits = sorted((one for one in near if one.end_us <= now_us), key=lambda one: one.end_us)[-1:]
    elif "/" in at:
        fits = [one for one in near if one.label == at]
    else:
        fits = [one for one in near if one.end_us > us]
    if not fits:
        return None
    place = near.index(fits[0])
    return near[place - 1] if place else None, fits[0], near[place + 1] if place + 1 < len(near) else None


def labelled_instant(text: str, clock: Clock) -> int | None:
    """The instant at which what a text names begins: a date, an ISO week, a month, a year, or a time with its offset.

    None for any other text.

    >>> from zoneinfo import ZoneInfo
    >>> utc = Clock(ZoneInfo("UTC"))
    >>> [labelled_instant(text, utc) == utc.day_start(date(2026, 11, 16)) for text in ("2026-W47", "2026-11-16")]
    [True, True]
    >>> labelled_instant("1970-01-01T00:00:01Z", utc), labelled_instant("soon", utc)
    (1000000, None)
    """
    for form in ("%Y-%m-%d", "%Y-%m", "%Y", "%G-W%V-%u"):
        try:
            day = datetime.strptime(text + "-1" if "u" in form else text, form).date()  # noqa: DTZ007 (a date)
            return clock.day_start(_within_years(day))
        except ValueError:
            continue
    try:
        return parse_instant(text)
    except ValueError:
        return None


def _within_years(day: date) -> date:
    check_year(day)
    return day
