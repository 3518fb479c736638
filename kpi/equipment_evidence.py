"""How was planned time used, work unit by work unit? Time elements, shifts, stops, failures, repairs, planned runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpi.equipment import LossTree, loss_tree
from kpi.equipment_use import EquipmentUse
from kpi.outcome import Reason
from kpi.stop import Stops, StopShare, stop_pareto
from kpi.time_model import UnitTime
from plant.shift import PlannedDowntime

MOST_STOPS = 10
"""Stops of one kind of a work unit that are shown."""


@dataclass(frozen=True, slots=True)
class StopShown:
    """One stop: first and last instant inside planned busy time [us], the time inside it, and the state or reason."""

    start_us: int
    end_us: int
    time_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class ShiftShown:
    """A shift that reaches into the period, whole; planned_s: its planned time in the period, without breaks."""

    label: str
    start_us: int
    end_us: int
    planned_s: float


@dataclass(frozen=True, slots=True)
class ProductRun:
    """Pieces of one product (empty: not known) counted in planned time, and its planned run time per item; None where
    there is none."""

    product: str
    planned_run_time_s: float | None
    produced: float | None
    good: float | None


@dataclass(frozen=True, slots=True)
class UnitEvidence:
    """One work unit.

    pbt_s: planned busy time; the five times after it add up to it. Without has_state they are 0 and mean nothing.
    unplanned_s: Executing outside planned time. stops: by state, all of them; longest_stops, failures, repairs,
    open_repairs: the longest of each; *_count: how many there are.
    """

    work_unit: str
    pbt_s: float | None
    has_state: bool
    apt_s: float
    setup_s: float
    out_of_service_s: float
    not_executing_s: float
    unknown_s: float
    unplanned_s: float
    shifts: tuple[ShiftShown, ...]
    planned_downtime: tuple[PlannedDowntime, ...]
    runs: tuple[ProductRun, ...]
    stops: tuple[StopShare, ...] = ()
    longest_stops: tuple[StopShown, ...] = ()
    stop_count: int = 0
    failures: tuple[StopShown, ...] = ()
    failure_count: int = 0
    repairs: tuple[StopShown, ...] = ()
    repair_count: int = 0
    repair_s: float = 0.0
    open_repairs: tuple[StopShown, ...] = ()
    micro_stop_count: int = 0
    micro_stop_s: float = 0.0


@dataclass(frozen=True, slots=True)
class EquipmentEvidence:
    """The work units of a scope, and where their planned busy time went, or why that is not known."""

    units: tuple[UnitEvidence, ...]
    losses: LossTree | None
    no_losses: Reason | None


def unit_evidence(
    work_unit: str,
    use: EquipmentUse,
    time: UnitTime | None,
    calendar: tuple[Sequence[ShiftShown], Sequence[PlannedDowntime]],
    runs: Sequence[ProductRun],
) -> UnitEvidence:
    """What is shown of one work unit. time: its time elements, None without a state. calendar: its shifts, and the
    planned downtime in them."""
    shifts, downtime = tuple(calendar[0]), tuple(calendar[1])
    times = {
        name: getattr(use, name)
        for name in ("apt_s", "setup_s", "out_of_service_s", "not_executing_s", "unknown_s", "unplanned_s")
    }
    if time is None:
        return UnitEvidence(
            work_unit, use.pbt_s, False, **times, shifts=shifts, planned_downtime=downtime, runs=tuple(runs)
        )
    return UnitEvidence(
        work_unit,
        use.pbt_s,
        True,
        **times,
        shifts=shifts,
        planned_downtime=downtime,
        runs=tuple(runs),
        stops=tuple(stop_pareto(time.stops)),
        longest_stops=longest(time.stops),
        stop_count=len(time.stops),
        failures=longest(time.failures),
        failure_count=len(time.failures),
        repairs=longest(time.repairs),
        repair_count=len(time.repairs),
        repair_s=time.repairs.time_s,
        open_repairs=longest(time.open_repairs),
        micro_stop_count=len(time.micro_stops),
        micro_stop_s=time.micro_stops.time_s,
    )


def longest(stops: Stops) -> tuple[StopShown, ...]:
    """The longest of some stops, at most `MOST_STOPS`, by start."""
    ranked = np.sort(np.argsort(-stops.time_us, kind="stable")[:MOST_STOPS])
    return tuple(
        StopShown(
            int(stops.start_us[at]), int(stops.end_us[at]), int(stops.time_us[at]) / 1_000_000, str(stops.reason[at])
        )
        for at in ranked.tolist()
    )


def equipment_evidence(units: Sequence[UnitEvidence], uses: Sequence[EquipmentUse]) -> EquipmentEvidence:
    """The work units of a scope with their losses; uses: theirs, in the same order."""
    losses = loss_tree(uses)
    if isinstance(losses, Reason):
        return EquipmentEvidence(tuple(units), None, losses)
    return EquipmentEvidence(tuple(units), losses, None)
