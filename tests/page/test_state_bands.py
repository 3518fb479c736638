"""Bands of machine states: what is drawn of a period, and how long each state lasted."""

import numpy as np

from collector.page.state_bands import MOST_RUNS, Stretch, state_band
from kpi.state import StateRuns
from plant.period import Period, PeriodKind

NAMES = {0: "NotExecuting", 1: "Executing"}
HOUR = 3600 * 10**6


def runs(*rows: tuple[int, int, float]) -> StateRuns:
    starts, ends, codes = zip(*rows, strict=True)
    return StateRuns(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64), np.array(codes))


def day(hours: int = 10) -> Period:
    return Period(PeriodKind.DAY, "2026-11-21", 0, hours * HOUR)


def test_runs_are_cut_to_the_period_and_what_is_not_known_stays_empty() -> None:
    band = state_band("press1", runs((-HOUR, 2 * HOUR, 1.0), (4 * HOUR, 12 * HOUR, 0.0)), NAMES, day())
    assert band.stretches == (Stretch(0.0, 200.0, "Executing"), Stretch(400.0, 600.0, "NotExecuting"))
    assert dict(band.hours) == {"NotExecuting": 6.0, "Executing": 2.0}


def test_a_number_without_a_name_is_another_state() -> None:
    assert state_band("press1", runs((0, HOUR, 9.0)), NAMES, day()).stretches[0].state == "Other"


def test_of_very_many_runs_what_held_at_instants_apart_is_drawn_and_hours_stay_exact() -> None:
    second = 10**6
    many = [(at * second, (at + 1) * second, float(at % 2)) for at in range(4 * 3600)]
    band = state_band("press1", runs(*many), NAMES, day(8))
    assert 0 < len(band.stretches) <= MOST_RUNS
    assert max(one.left + one.width for one in band.stretches) <= 502.5
    assert dict(band.hours) == {"Executing": 2.0, "NotExecuting": 2.0}
