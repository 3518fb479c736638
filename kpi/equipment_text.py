"""How does the use of equipment read: time elements, shifts, stops, runs and losses?"""

from collections.abc import Iterator, Sequence

from kpi.equipment_evidence import EquipmentEvidence, StopShown, UnitEvidence
from kpi.numerals import duration, numeral
from kpi.plain_text import LocalTimes, columns


def equipment_text(found: EquipmentEvidence | None, times: LocalTimes) -> Iterator[str]:
    """Time elements of each work unit, its shifts, stops, failures, repairs and runs, and the loss tree."""
    if found is None:
        return
    for unit in found.units:
        yield from _unit(unit, times)
    if found.losses is not None:
        losses = found.losses
        yield "  where planned busy time went"
        parts = (
            ("planned busy time", losses.pbt_s),
            ("availability loss", losses.availability_loss_s),
            ("setup loss", losses.setup_loss_s),
            ("not known", losses.unknown_s),
            ("speed loss", losses.speed_loss_s),
            ("quality loss", losses.quality_loss_s),
            ("fully productive", losses.fully_productive_s),
        )
        shares = [numeral(part / losses.pbt_s, "ratio") if losses.pbt_s else "" for _, part in parts]
        rows = [(name, f"{numeral(part)} s", share) for (name, part), share in zip(parts, shares, strict=True)]
        yield from columns(rows, right=(1, 2), indent=4)


def _unit(unit: UnitEvidence, times: LocalTimes) -> Iterator[str]:
    yield f"  {unit.work_unit}"
    rows = [("planned busy time (PBT)", unit.pbt_s)]
    if unit.has_state:
        rows += [
            ("production time (APT)", unit.apt_s),
            ("setup", unit.setup_s),
            ("out of service", unit.out_of_service_s),
            ("not executing", unit.not_executing_s),
            ("not known", unit.unknown_s),
            ("unplanned production", unit.unplanned_s),
        ]
    times_s = [(name, f"{numeral(seconds)} s", duration(seconds)) for name, seconds in rows if seconds is not None]
    yield from columns(times_s, right=(1,), indent=4)
    for shift in unit.shifts[:10]:
        planned = f"{duration(shift.planned_s)} planned"
        yield f"    shift {shift.label}: {times.span(shift.start_us, shift.end_us)}, {planned}"
    for booked in unit.planned_downtime:
        yield f"    planned downtime: {times.span(booked.start_us, booked.end_us)}  {booked.reason}"
    for share in unit.stops:
        cumulated = f"{share.cumulated_share:.3f} cumulated"
        yield f"    {share.reason}: {share.count} stops, {duration(share.time_s)}, {cumulated}"
    counted = (
        ("longest stops", unit.longest_stops, unit.stop_count),
        ("failures", unit.failures, unit.failure_count),
        ("repairs", unit.repairs, unit.repair_count),
        ("repairs without an end", unit.open_repairs, len(unit.open_repairs)),
    )
    for name, stops, count in counted:
        yield from _stops(name, stops, count, times)
    if unit.micro_stop_count:
        yield f"    micro-stops: {unit.micro_stop_count}, {duration(unit.micro_stop_s)}"
    for run in unit.runs:
        made = f"produced {numeral(run.produced)}, good {numeral(run.good)}"
        per_item = (
            "no planned run time" if run.planned_run_time_s is None else f"{numeral(run.planned_run_time_s)} s each"
        )
        yield f"    in planned time, product {run.product or 'not known'}: {made}, {per_item}"


def _stops(name: str, stops: Sequence[StopShown], count: int, times: LocalTimes) -> Iterator[str]:
    if stops:
        yield f"    {name}: {len(stops)} of {count}" if count > len(stops) else f"    {name}"
    for one in stops:
        yield f"      {times.span(one.start_us, one.end_us)}  {one.reason}  {duration(one.time_s)}"
