"""Which KPIs can have no value under settings, whatever is read, and which does a new device bring?"""

from sqlalchemy import Connection

from collector.evaluation import Evaluation
from config.site import Site
from kpi.outcome import Reason
from plant.kpi_id import KpiId
from plant.period import PeriodKind, periods

_SETTLED = {Reason.NO_SOURCE, Reason.NO_CALENDAR, Reason.NO_PRICE, Reason.NO_PLANNED_RUN_TIME}


def kpis_without_value(connection: Connection, site: Site, now_us: int) -> tuple[list[dict[str, str]], list[str]]:
    """KPIs (kpi, scope, reason) to which settings, and the files imported so far, can give no value; and remarks on
    baselines.
    """
    clock = site.clock()
    today = list(periods(PeriodKind.DAY, now_us, now_us + 1, clock))
    evaluation = Evaluation(connection, site, clock, now_us)
    without_value = [
        {"kpi": value.id.value, "scope": value.scope, "reason": value.outcome.reason.value}
        for value in evaluation.values(today, evaluation.scopes(), list(KpiId))
        if value.outcome.reason in _SETTLED
    ]
    return without_value, list(evaluation.comparisons.remarks())


def kpis_gained(connection: Connection, before: Site, after: Site, now_us: int) -> list[tuple[KpiId, str]]:
    """KPIs and scopes that can have a value under the settings after, and could not under those before."""
    could = _with_value(connection, before, now_us)
    return [one for one in _with_value(connection, after, now_us) if one not in could]


def _with_value(connection: Connection, site: Site, now_us: int) -> dict[tuple[KpiId, str], None]:
    clock = site.clock()
    today = list(periods(PeriodKind.DAY, now_us, now_us + 1, clock))
    evaluation = Evaluation(connection, site, clock, now_us)
    scopes = ["plant", *site.work_unit_names()]
    values = evaluation.values(today, scopes, list(KpiId))
    return {(value.id, value.scope): None for value in values if value.outcome.reason not in _SETTLED}
