"""Which reports are due? Closed periods without one, those whose final is due, those whose data changed: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from plant.period import Clock, Period
from plant.shift import ShiftCalendar

FINAL_AFTER_WORKING_DAYS = 3
_LONGEST_HOLIDAY = 60


@dataclass(frozen=True, slots=True)
class Due:
    """A report to be made. only_if_changed: a restatement, made only if its values differ from the last."""

    period: Period
    revision: int
    state: str
    only_if_changed: bool = False


def due_reports(
    closed: Iterable[Period],
    reported: Mapping[tuple[str, str], tuple[int, str]],
    changed: Sequence[tuple[int, int]],
    final_from_us: Mapping[Period, int],
    now_us: int,
) -> list[Due]:
    """What is due of the closed periods, in their order.

    reported: revision and state of the newest report by kind and label. changed: times that are not as they were.
    final_from_us: when a period's final is due. At most one report a period at a time: provisional, then always final
    as the next revision, then restated where something changed.
    """
    found = []
    for period in closed:
        revision, state = reported.get((period.kind.value, period.label), (0, ""))
        if revision == 0:
            found.append(Due(period, 1, "provisional"))
        elif state == "provisional":
            if final_from_us[period] <= now_us:
                found.append(Due(period, revision + 1, "final"))
        elif any(first <= period.end_us and last >= period.start_us for first, last in changed):
            found.append(Due(period, revision + 1, "restated", only_if_changed=True))
    return found


def works_on(calendar: ShiftCalendar, day: date) -> bool:
    """Whether a day is a working day: one on which a shift starts; without regular shifts also a weekday that is no
    holiday."""
    if calendar.shifts_on(day):
        return True
    is_weekday = day.weekday() < 5 and day not in calendar.holidays
    return not calendar.shifts and (day in calendar.working_days or is_weekday)


def final_from(period: Period, clock: Clock, calendar: ShiftCalendar) -> int:
    """When the final of a period is due [us]: at the end of the third working day after the day it ends in."""
    day = clock.day_of(period.end_us - 1)
    worked = 0
    for _ in range(_LONGEST_HOLIDAY):
        day += timedelta(days=1)
        worked += works_on(calendar, day)
        if worked == FINAL_AFTER_WORKING_DAYS:
            break
    return clock.day_start(day + timedelta(days=1))


def difference(before: Iterable[Mapping[str, object]], now: Iterable[Mapping[str, object]]) -> bool:
    """Whether two lists of values differ in anything but when they were worked out and for which report."""
    apart = {"as_of", "revision", "state"}

    def content(values: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
        return [{key: value for key, value in one.items() if key not in apart} for one in values]

    return content(before) != content(now)
