"""The Pareto of stops."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.stop import Stops, StopShare, stop_pareto
from plant.instant import US_PER_S


def stops_of(*rows: tuple[int, str]) -> Stops:
    """Stops one after another, each of some seconds."""
    lengths = np.array([seconds for seconds, _ in rows], dtype=np.int64) * US_PER_S
    ends = np.cumsum(lengths)
    return Stops(ends - lengths, ends, lengths, np.array([reason for _, reason in rows], dtype=np.str_))


def test_the_longest_time_comes_first_and_shares_add_up() -> None:
    stops = stops_of((60, "Setup"), (30, "OutOfService"), (200, "NotExecuting"), (110, "OutOfService"))
    assert stop_pareto(stops) == [
        StopShare("NotExecuting", 200.0, 1, 0.5),
        StopShare("OutOfService", 140.0, 2, 0.85),
        StopShare("Setup", 60.0, 1, 1.0),
    ]
    assert stops.time_s == 400


def test_equal_times_are_in_the_order_of_their_names() -> None:
    assert [row.reason for row in stop_pareto(stops_of((5, "b"), (5, "c"), (5, "a")))] == ["a", "b", "c"]


def test_no_stops_have_no_pareto() -> None:
    assert stop_pareto(stops_of()) == []
    assert stops_of().time_s == 0


def test_stops_without_any_length_are_all_there_is() -> None:
    assert stop_pareto(stops_of((0, "a"))) == [StopShare("a", 0.0, 1, 1.0)]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 1000), st.sampled_from("abcd")), min_size=1, max_size=20))
def test_a_pareto_has_every_stop_once(rows: list[tuple[int, str]]) -> None:
    found = stop_pareto(stops_of(*rows))
    wanted = {reason: [seconds for seconds, other in rows if other == reason] for _, reason in rows}
    assert {row.reason: (row.time_s, row.count) for row in found} == {
        reason: (sum(times), len(times)) for reason, times in wanted.items()
    }
    assert [row.time_s for row in found] == sorted((row.time_s for row in found), reverse=True)
    assert found[-1].cumulated_share == 1
