"""How was a work unit used in a period? Its states in planned time, and the pieces that it made in it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from collector.unit_pieces import ProductPieces, planned_run, product_pieces
from kpi.equipment_use import EquipmentUse, use_of
from kpi.time_model import UnitTime, time_model
from plant.instant import US_PER_S
from plant.intervals import length_us
from plant.tag import Kind

if TYPE_CHECKING:
    from collector.scope_facts import PeriodFacts


def equipment_use(facts: "PeriodFacts", work_unit: str) -> EquipmentUse:
    """The use of a work unit; without shifts there is none."""
    if not facts.evaluation.shifts.has_shifts():
        return EquipmentUse(None)
    run = planned_run(facts.pieces(work_unit), *_run_times_s(facts, work_unit))
    return replace(
        _times(facts, work_unit),
        produced=run.produced,
        planned_run_s=run.planned_run_s,
        good_run_s=run.good_run_s,
        lacks_run_time=run.lacks_run_time,
    )


def runs(facts: "PeriodFacts", work_unit: str) -> list[ProductPieces]:
    """The pieces that a work unit made in planned time, product by product."""
    return list(product_pieces(facts.pieces(work_unit), *_run_times_s(facts, work_unit)))


def _run_times_s(facts: "PeriodFacts", work_unit: str) -> tuple[float | None, dict[str, float]]:
    """Planned run time per item of a work unit, and of products."""
    site = facts.evaluation.site
    settings = site.work_units.get(work_unit)
    per_product_s = {name: product.planned_run_time_s for name, product in site.products.items()}
    return settings.planned_run_time_s if settings else None, per_product_s


def _times(facts: "PeriodFacts", work_unit: str) -> EquipmentUse:
    """How planned time was used; without a state only how much was planned."""
    time = unit_time(facts, work_unit)
    if time is not None:
        return use_of(time, facts.record(work_unit).state_flags)
    planned = facts.evaluation.shifts.planned(work_unit, facts.period.start_us, facts.end_us)
    return EquipmentUse(length_us(planned) / US_PER_S)


def unit_time(facts: "PeriodFacts", work_unit: str) -> UnitTime | None:
    """The time elements of a work unit; None without a state."""
    state = next((stored for stored in facts.tags(work_unit) if stored.tag.kind is Kind.STATE), None)
    if state is None:
        return None
    span = facts.period.start_us, facts.end_us
    records, shifts = facts.evaluation.records, facts.evaluation.shifts
    runs = records.state(work_unit, facts.record(work_unit), *span)
    around = min([span[0], *runs.start_us[:1].tolist()]), max([span[1], *runs.end_us[-1:].tolist()])
    return time_model(runs, state.tag.states, shifts.planned(work_unit, *around), span)
