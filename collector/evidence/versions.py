"""Under which versions was a value worked out, what was reported of it before, and which corrections touch it?"""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from collector.correction_record import correction_json
from collector.evidence.bill import costs
from collector.scope_facts import FactsOfScope
from collector.scope_pieces import job_of
from collector.store import reports
from collector.store.reports import StoredReport
from kpi.tag_evidence import TagEvidence
from kpi.value import KpiValue
from kpi.version_evidence import PriceSource, RevisionShown, VersionEvidence
from plant.correction import Content, LotDecision, MeterChange, OrderCancelled
from plant.kpi_id import KpiId
from plant.period import days_of


def version_evidence(facts: FactsOfScope, value: KpiValue, site_sha256: str) -> VersionEvidence:
    """The versions that a value rests on, and what reports said of it."""
    return VersionEvidence(
        definition=value.kpi.definition,
        site_sha256=site_sha256,
        software=_software(),
        as_of_us=value.as_of_us,
        revision=value.revision,
        state=value.state,
        reported=_reported(facts, value),
        prices=_prices(facts, value.id),
    )


@cache  # it is read from a file
def _software() -> str:
    try:
        return version("smartwings")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "not installed"


def _prices(facts: FactsOfScope, kpi: KpiId) -> tuple[PriceSource, ...]:
    energy = facts.period.evaluation.site.energy
    if kpi is KpiId.EMISSIONS and energy.emission_factor_t_per_mwh is not None:
        return (PriceSource("emission factor", None, energy.emission_factor_source or ""),)
    if kpi is not KpiId.ENERGY_COST or facts.tariff is None:
        return ()
    name = facts.tariff.tariff.name
    found = [PriceSource(name, line.valid_from, line.source) for line in costs(facts)]
    return tuple(dict.fromkeys(found))


def _reported(facts: FactsOfScope, value: KpiValue) -> tuple[RevisionShown, ...]:
    if not value.revision:
        return ()
    evaluation, period = facts.period.evaluation, value.period
    found = reports.of_period(evaluation.connection, period.kind.value, period.label, evaluation.as_of_us)
    return tuple(_revision(report, _said(facts, report, value)) for report in found)


def _said(facts: FactsOfScope, report: StoredReport, value: KpiValue) -> Mapping[str, Any]:
    """What a report says of the value's KPI and scope; nothing where it does not have it."""
    event = reports.event(facts.period.evaluation.connection, report.epoch, report.sequence)
    values = json.loads(event or b"{}").get("data", {}).get("values", ())
    return next((one for one in values if (one["kpi"], one["scope"]) == (value.id.value, value.scope)), {})


def _revision(report: StoredReport, said: Mapping[str, Any]) -> RevisionShown:
    return RevisionShown(
        report.revision,
        report.period_state,
        report.created_us,
        said.get("value"),
        said.get("numerator"),
        said.get("denominator"),
        said.get("coverage"),
    )


def corrections_in_force(
    facts: FactsOfScope, tags: Sequence[TagEvidence], lots_of: Collection[str], is_delivery: bool
) -> tuple[Mapping[str, Any], ...]:
    """The corrections that touch a value, as `smartwings correct` lists them: meter changes within the steps of its
    tags, lots of some work units, and for delivery cancelled orders of lines due in the period."""
    evaluation, period = facts.period.evaluation, facts.period.period
    units = {stored.tag.name: stored.tag.storage_unit for stored in evaluation.tags}
    since_us = {one.tag: one.before.time_us if one.before else period.start_us for one in tags}
    orders = _orders_due(facts) if is_delivery else frozenset()
    lots = [lot for unit in lots_of for lot in facts.period.pieces(unit).judged_again(job_of(facts.scope))]

    def touches(content: Content) -> bool:
        match content:
            case MeterChange():
                return content.tag in since_us and since_us[content.tag] < content.at_us <= facts.period.end_us
            case LotDecision():
                return content in lots
            case OrderCancelled():
                return content.order_id in orders
        return False

    found = [one for one in evaluation.corrections if touches(one.content)]
    return tuple(correction_json(one, None, evaluation.site.zone, units) for one in found)


def _orders_due(facts: FactsOfScope) -> frozenset[str]:
    """Orders of the scope with a line that is due in the period, whether or not it counts."""
    evaluation = facts.period.evaluation
    days = days_of(facts.period.period, evaluation.clock)
    if days is None:
        return frozenset()
    lines = evaluation.lines.lines_of(facts.scope)
    return frozenset(line.order_id for line in lines if line.due_date and days[0] <= line.due_date <= days[1])
