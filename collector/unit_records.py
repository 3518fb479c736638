"""How do readings become the record of a work unit over a stretch of time?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from collector.store.tags import StoredTag
from collector.tag_window import SHARED_BY_TIME, TagWindow
from kpi.counter_record import CounterRecord, counter_record
from kpi.demand import blocks
from kpi.gauge_record import gauge_record
from kpi.state import StateRuns, no_runs, state_runs, where
from kpi.unit_record import Activity, Jobs, UnitRecord, with_activity, with_shares
from plant.intervals import EMPTY, Intervals, difference, intersection, union
from plant.tag import PIECE_ROLES, PLANT, Kind, MachineState, Role


def unit_record(window: TagWindow, work_unit: str, start_us: int, end_us: int, texts: Mapping[int, str]) -> UnitRecord:
    """The record of a work unit (or of the tags of the plant as a whole) over a stretch within the window."""
    tags = [stored for stored in window.tags if stored.tag.work_unit == work_unit]
    state = next((window.series(stored) for stored in tags if stored.tag.kind is Kind.STATE), None)
    jobs = Jobs(
        _runs(window, tags, Role.PRODUCT_ID, start_us, end_us),
        _runs(window, tags, Role.ORDER_ID, start_us, end_us),
        texts,
    )
    planned = _planned(window, work_unit, start_us, end_us)
    activity = _activity(window, work_unit, start_us, end_us)
    return UnitRecord(
        {
            stored.tag.name: _counter(window, stored, start_us, end_us, planned, jobs, activity)
            for stored in tags
            if stored.tag.kind is Kind.COUNTER
        },
        {
            stored.tag.name: gauge_record(window.series(stored), start_us, end_us)
            for stored in tags
            if stored.tag.kind is Kind.GAUGE
        },
        state_runs(state, start_us, end_us) if state else no_runs(),
        state.remarks_on_held(start_us, end_us) if state else frozenset(),
    )


def _counter(
    window: TagWindow,
    stored: StoredTag,
    start_us: int,
    end_us: int,
    planned: Intervals | None,
    jobs: Jobs,
    activity: Activity | None,
) -> CounterRecord:
    series, steps = window.series(stored), window.steps(stored)
    record = counter_record(series, steps, start_us, end_us)
    counted = steps.within(start_us, end_us)
    if stored.tag.role in PIECE_ROLES:
        return with_shares(record, counted, planned, jobs)
    if stored.tag.role in SHARED_BY_TIME:
        record = replace(record, blocks=blocks(series, steps, start_us, end_us))
    if stored.tag.role is Role.ENERGY_IMPORT and activity is not None:
        return with_activity(record, counted, activity)
    return record


def _runs(window: TagWindow, tags: Sequence[StoredTag], role: Role, start_us: int, end_us: int) -> StateRuns:
    """The jobs that a tag names. The last one goes on after its reading: nothing was said of another.

    One that begins at the very end of the stretch is among them: after time of which no job is known, the step that
    ends there is its own.
    """
    found = next((stored for stored in tags if stored.tag.role is role), None)
    if found is None or found.first_us is None:
        return no_runs()
    return state_runs(replace(window.series(found), known_until_us=end_us + 1), start_us, end_us + 1)


def _planned(window: TagWindow, work_unit: str, start_us: int, end_us: int) -> Intervals | None:
    if not window.shifts.has_shifts():
        return None
    return window.shifts.planned(None if work_unit == PLANT else work_unit, start_us, end_us)


def _activity(window: TagWindow, work_unit: str, start_us: int, end_us: int) -> Activity | None:
    """Producing: Executing; of the plant, while any of its work units is. Idle: known, and not producing."""
    states = list(_states(window, work_unit, start_us, end_us))
    if not states:
        return None
    producing, known = EMPTY, None
    for stored, runs in states:
        codes = [number for number, name in stored.tag.states.items() if name == MachineState.EXECUTING]
        understood = [number for number, name in stored.tag.states.items() if name in set(MachineState)]
        producing = union(producing, where(runs, codes))
        own = where(runs, understood)
        known = own if known is None else intersection(known, own)
    return Activity(producing, difference(EMPTY if known is None else known, producing))


def _states(window: TagWindow, work_unit: str, start_us: int, end_us: int) -> Iterator[tuple[StoredTag, StateRuns]]:
    seen: set[str] = set()
    for stored in window.tags:
        unit = stored.tag.work_unit
        if stored.tag.kind is Kind.STATE and unit not in seen and work_unit in (PLANT, unit):
            seen.add(unit)
            yield stored, state_runs(window.series(stored), start_us, end_us)
