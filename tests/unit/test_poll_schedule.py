import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.poll_schedule import PollSchedule

periods = st.floats(0.01, 3600)
instants = st.floats(0, 1e7)


@given(periods, instants)
def test_the_next_slot_is_ahead_and_at_most_a_period_away(period_s, now_s):
    next_s = PollSchedule.of("press-1", period_s).next_slot_s(now_s)
    assert now_s < next_s <= now_s + period_s * (1 + 1e-6)


@given(periods, st.integers(0, 10_000), st.floats(0.01, 0.99))
def test_slots_passed_are_counted(period_s, slots, part):
    schedule = PollSchedule(period_s, period_s / 2)
    begun_s = period_s / 2 + 1e-6 * period_s
    assert schedule.passed(begun_s, begun_s + (slots + part) * period_s) == slots


def test_devices_are_spread_over_the_period_and_stay_where_they_are():
    phases = [PollSchedule.of(f"meter-{n}", 10.0).phase_s for n in range(200)]
    assert phases == [PollSchedule.of(f"meter-{n}", 10.0).phase_s for n in range(200)]
    per_second = [sum(second <= phase < second + 1 for phase in phases) for second in range(10)]
    assert min(per_second) >= 5
    assert sum(per_second) == 200


def test_a_poll_within_its_slot_passes_none():
    schedule = PollSchedule(1.0, 0.25)
    assert schedule.passed(5.25, 6.24) == 0
    assert schedule.passed(5.25, 6.25) == 1
    assert schedule.next_slot_s(6.25) == pytest.approx(7.25)
