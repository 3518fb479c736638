"""Does a meter's energy never fall, follow the machines, and agree with its power?"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.instant import US_PER_S
from simulators.energy_meter import EnergyMeter
from simulators.press_line import PRESS, Machine
from simulators.working_time import EPOCH_US, EXECUTING, PlannedTime

DAY_US = 86_400 * US_PER_S
HOUR_US = 3600 * US_PER_S
INSTANTS = st.integers(EPOCH_US, EPOCH_US + 5 * 365 * DAY_US)


def meter(seed: int = 1, base_w: int = 14_000) -> EnergyMeter:
    machines = [Machine(seed, name, PRESS, PlannedTime()) for name in ("press1", "press2")]
    return EnergyMeter(machines, base_w, 9 * HOUR_US)


@given(st.integers(0, 1000), INSTANTS, st.integers(1, 90 * 86_400))
@settings(max_examples=50, deadline=None)
def test_energy_never_falls(seed: int, start_us: int, length_s: int) -> None:
    times_us = np.linspace(start_us, start_us + length_s * US_PER_S, 300).astype(np.int64)
    for counter in (meter(seed).energy_kwh(times_us), meter(seed).reactive_kvarh(times_us)):
        assert counter[0] >= 0
        assert np.all(np.diff(counter) >= 0)


@given(st.integers(0, 1000), INSTANTS)
@settings(max_examples=30, deadline=None)
def test_energy_is_the_sum_of_power(seed: int, start_us: int) -> None:
    """Two hours of power at every second are the energy of these hours, to the meter's resolution."""
    seconds = start_us + np.arange(0, 2 * HOUR_US, US_PER_S)
    ends = np.array([start_us, start_us + 2 * HOUR_US])
    energy_kwh = np.diff(meter(seed).energy_kwh(ends))[0]
    assert abs(energy_kwh - meter(seed).power_kw(seconds).sum() / 3600) < 0.25


@given(st.lists(INSTANTS, min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_many_instants_at_once_give_what_each_gives_alone(instants: list[int]) -> None:
    shown = meter()
    for column in (shown.energy_kwh, shown.reactive_kvarh, shown.power_kw):
        together = column(np.array(instants))
        assert together.tolist() == [column(np.array([instant]))[0] for instant in instants]


def test_a_machine_at_work_takes_more_and_there_is_always_a_base_load() -> None:
    times_us = EPOCH_US + 50 * DAY_US + np.arange(0, DAY_US, 10 * US_PER_S)
    machine = Machine(4, "press1", PRESS, PlannedTime())
    power_kw = EnergyMeter([machine], 1000).power_kw(times_us)
    executing = machine.time.at(times_us).state == EXECUTING
    assert power_kw[executing].min() > power_kw[~executing].max()
    assert power_kw.min() > 0.4


def test_the_plant_begins_with_nothing() -> None:
    before = np.array([0, EPOCH_US - 1, EPOCH_US])
    assert meter().energy_kwh(before).tolist() == [0, 0, 0]
    assert meter().power_kw(before)[0] == 0
