"""Which KPI values are asked for? Periods, scopes and the time as of which, the same for command and address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from collector.evaluation import Evaluation
from collector.question import QuestionError, asked_instant, asked_stretch, is_date
from config.site import SCOPE, Site
from plant.instant import US_PER_S
from plant.kpi_id import KpiId
from plant.period import Clock, Period, PeriodKind, periods, range_period
from plant.shift import ShiftCalendar
from plant.tag import PLANT

_FORTNIGHT_US = 14 * 86400 * US_PER_S


@dataclass(frozen=True, slots=True)
class KpiQuestion:
    """What is asked for, times as they were typed; None and empty: what section 6 of the contract says."""

    period: PeriodKind = PeriodKind.DAY
    at: str | None = None
    from_: str | None = None
    to: str | None = None
    kpis: Sequence[KpiId] = ()
    scopes: Sequence[str] = ()
    calendar: str = "production"
    as_of: str | None = None


class KpiSelection:
    """What a question selects at a plant.

    Raises QuestionError for a question that cannot be answered.
    """

    def __init__(self, site: Site, question: KpiQuestion, now_us: int) -> None:
        if question.calendar not in ("production", "civil"):
            raise QuestionError("calendar", "{key}: must be production or civil, not {text!r}", text=question.calendar)
        self.site, self.question = site, question
        self.clock = site.clock("civil" if question.calendar == "civil" else "production")
        self.as_of_us = None if question.as_of is None else _as_of(question.as_of, self.clock, now_us)
        self.now_us = now_us if self.as_of_us is None else self.as_of_us
        self.kpis = list(question.kpis) or list(KpiId)
        self.periods = _periods(site, question, self.clock, self.now_us)

    def evaluation(self, connection: Connection) -> Evaluation:
        """What works the values out."""
        return Evaluation(connection, self.site, self.clock, self.now_us, self.as_of_us)

    def scopes(self, evaluation: Evaluation) -> list[str]:
        """The scopes asked for, each once; none: the plant and its work units. Raises QuestionError."""
        known = evaluation.scopes()
        for name in self.question.scopes:
            if name not in known and not SCOPE.fullmatch(name):
                message = "{key}: must be one of {known}, product:… or order:…; not {name!r}"
                raise QuestionError("scope", message, known=", ".join(known), name=name)
        return list(dict.fromkeys(self.question.scopes)) or known


def _as_of(text: str, clock: Clock, now_us: int) -> int:
    as_of_us = asked_instant("as_of", text, lambda day: clock.day_start(day + timedelta(days=1)))
    end_us = clock.day_start(clock.day_of(as_of_us) + timedelta(days=1))
    if end_us - as_of_us <= US_PER_S:  # whoever writes 23:59:59 means the end of the day
        as_of_us = end_us
    if as_of_us > now_us:
        message = "{key}: must not be in the future; a date alone means the end of that day; not {text!r}"
        raise QuestionError("as_of", message, text=text)
    return as_of_us


def _periods(site: Site, question: KpiQuestion, clock: Clock, now_us: int) -> Sequence[Period]:
    kind, at = question.period, question.at
    if (question.from_ is None and question.to is not None) or (at is not None and question.from_ is not None):
        raise QuestionError("to" if at is None else "at", "{to} needs {from}, and {at} goes with neither")
    if question.from_ is None:
        if kind is PeriodKind.RANGE:
            raise QuestionError("period", "{key} range needs {from} and {to}")
        if kind is PeriodKind.SHIFT:
            return _one_shift(site.shift_calendar(), clock, now_us, at, question.scopes)
        return _one_period(site, clock, now_us, kind, at)
    start_us, end_us = asked_stretch(question.from_, question.to, clock, now_us)
    if kind is PeriodKind.RANGE:
        return [range_period(start_us, end_us, clock)]
    return list(_all_periods(site, clock, kind, start_us, end_us))


def _all_periods(site: Site, clock: Clock, kind: PeriodKind, start_us: int, end_us: int) -> Iterable[Period]:
    if kind is PeriodKind.SHIFT:
        return site.shift_calendar().periods(start_us, end_us)
    return periods(kind, start_us, end_us, clock)


def _one_period(site: Site, clock: Clock, now_us: int, kind: PeriodKind, at: str | None) -> Sequence[Period]:
    if at is not None:
        at_us = asked_instant("at", at, clock.day_start)
        return list(_all_periods(site, clock, kind, at_us, at_us + 1))
    open_now = next(iter(_all_periods(site, clock, kind, now_us, now_us + 1)))
    before_us = open_now.start_us - 1
    return list(_all_periods(site, clock, kind, before_us, before_us + 1))


def _one_shift(
    calendar: ShiftCalendar, clock: Clock, now_us: int, at: str | None, scopes: Sequence[str]
) -> Sequence[Period]:
    """The shift at a time or at the start of a date, else the date's first; by default the last closed. If only work
    units are asked for, those of each."""
    units = scopes if scopes and all(name != PLANT and ":" not in name for name in scopes) else [None]
    found = []
    for unit in units:
        if at is None:
            closed = [one for one in calendar.periods(now_us - _FORTNIGHT_US, now_us, unit) if one.end_us <= now_us]
            found += sorted(closed, key=lambda one: one.end_us)[-1:]
            continue
        at_us = asked_instant("at", at, clock.day_start)
        covering = calendar.periods(at_us, at_us + 1, unit)
        if not covering and is_date(at):
            in_day = calendar.periods(at_us, clock.day_start(clock.day_of(at_us) + timedelta(days=1)), unit)
            covering = [one for one in in_day if one.start_us == in_day[0].start_us]
        found += covering
    labels = {one.label for one in found}
    bounds = min((one.start_us for one in found), default=0), max((one.end_us for one in found), default=0)
    return [one for one in calendar.periods(*bounds) if one.label in labels]
