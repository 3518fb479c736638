"""What would be reported next? For each kind of report its next period, when it closes, and the values so far."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collector.evaluation import Evaluation
from collector.report_plan import final_from
from collector.reporting import SETTLE_US, periods_of, report_values, reported_from
from collector.store import reports
from config.mqtt import MqttSettings
from kpi.report import report_id
from plant.instant import US_PER_S
from plant.period import Period, PeriodKind

_FURTHEST_US = 800 * 86400 * US_PER_S
_WEEK_US = 7 * 86400 * US_PER_S


@dataclass(frozen=True, slots=True)
class NextReport:
    """A report that is to come. due_us: when it is made. values: as it would be sent now; none before it begins."""

    id: str
    period: Period
    state: str
    due_us: int
    values: list[dict[str, Any]]


def next_reports(evaluation: Evaluation, mqtt: MqttSettings) -> list[NextReport]:
    """The next provisional report of each kind, in the order of the settings; nothing is saved."""
    found = []
    for name in mqtt.reports:
        period = _next_period(evaluation, mqtt, PeriodKind(name))
        if period is not None:
            begun = period.start_us < evaluation.now_us
            values = report_values(evaluation, mqtt, period) if begun else []
            id_ = report_id(evaluation.site.plant.id, period, 1)
            found.append(NextReport(id_, period, "provisional", period.end_us + SETTLE_US, values))
    return found


def next_finals(evaluation: Evaluation, mqtt: MqttSettings, most: int = 5) -> list[NextReport]:
    """The final reports that come next, without values: of periods whose provisional report was made."""
    site, now_us = evaluation.site, evaluation.now_us
    newest = reports.newest_of_periods(evaluation.connection)
    clock, calendar = site.clock(), site.shift_calendar()
    from_us = reported_from(evaluation.connection, site, mqtt, now_us)
    found = []
    for name in mqtt.reports:
        for period in periods_of(site, PeriodKind(name), max(from_us, now_us - 5 * _WEEK_US), now_us):
            last = newest.get((period.kind.value, period.label))
            if last is not None and last.period_state == "provisional":
                id_ = report_id(site.plant.id, period, last.revision + 1)
                found.append(NextReport(id_, period, "final", final_from(period, clock, calendar), []))
    return sorted(found, key=lambda one: one.due_us)[:most]


def _next_period(evaluation: Evaluation, mqtt: MqttSettings, kind: PeriodKind) -> Period | None:
    """The first period that is reported and is not over yet; None where there is none in two years."""
    now_us = evaluation.now_us
    from_us = reported_from(evaluation.connection, evaluation.site, mqtt, now_us)
    begin_us = max(from_us, now_us)
    for start_us, end_us in _stretches(begin_us):
        for period in periods_of(evaluation.site, kind, start_us, end_us):
            if period.start_us >= from_us and period.end_us > now_us:
                return period
    return None


def _stretches(begin_us: int) -> Iterator[tuple[int, int]]:
    """Ever more of the time to come, so that a shift is not looked for over years at once."""
    for length_us in (1, _WEEK_US, 5 * _WEEK_US, _FURTHEST_US):
        yield begin_us, begin_us + length_us
