"""What is asked of a server's history, and what it leaves of a gap."""

import pytest

from connectors.opcua_backfill import MARGIN_US, MOST_VALUES_A_CALL, NO_HISTORY, Backfill, is_settled
from plant.gap import Gap

NAMES = ("a", "b", "c")
GAP = Gap("press", None, 1_000_000_000, 2_000_000_000, "cut")
START_US, END_US = GAP.start_us - MARGIN_US, 2_000_000_000 + MARGIN_US


def begun(gaps: tuple[Gap, ...] = (GAP,), readable: tuple[int, ...] = (0, 1, 2), offset_us: int = 0) -> Backfill:
    filling = Backfill(gaps, NAMES)
    filling.begin(set(readable), offset_us)
    return filling


def test_all_tags_are_asked_for_at_once_within_the_limit_and_with_a_margin() -> None:
    asked = begun().next_slice(10)
    assert asked is not None
    assert (asked.rows, asked.points) == ((0, 1, 2), (None, None, None))
    assert (asked.start_us, asked.end_us) == (START_US, END_US)
    assert asked.values_a_node == MOST_VALUES_A_CALL // 3
    few = begun().next_slice(2)
    assert few is not None
    assert few.rows == (0, 1)


def test_the_window_is_by_the_clock_of_the_server() -> None:
    filling = begun(offset_us=5_000_000)
    asked = filling.next_slice(1)
    assert asked is not None
    assert (asked.start_us, asked.end_us) == (START_US + 5_000_000, END_US + 5_000_000)
    assert filling.is_within(asked.start_us)
    assert not filling.is_within(asked.start_us - 1)
    assert not filling.is_within(asked.end_us + 1)


def test_a_gap_that_is_filled_ends_where_it_starts() -> None:
    filling = begun()
    for row in range(3):
        filling.took(row, [1_500_000_000], None, False)
    assert filling.next_slice(10) is None
    (left,) = filling.remaining(0)
    assert (left.device, left.tag, left.start_us, left.end_us) == ("press", None, GAP.start_us, GAP.start_us)


def test_a_continuation_point_is_used_with_the_same_window_and_a_row_is_done_without_one() -> None:
    filling = begun(readable=(0,))
    filling.took(0, [1_500_000_000], b"p", True)
    assert filling.points() == {0: b"p"}
    asked = filling.next_slice(10)
    assert asked is not None
    assert (asked.rows, asked.points, asked.start_us) == ((0,), (b"p",), START_US)
    filling.took(0, [], None, False)
    assert filling.points() == {}
    assert filling.next_slice(10) is None


def test_a_full_answer_without_a_continuation_point_is_not_the_end() -> None:
    filling = begun(readable=(0,))
    filling.took(0, [1_200_000_000, 1_500_000_000], None, True)
    asked = filling.next_slice(10)
    assert asked is not None
    assert (asked.points, asked.start_us) == ((None,), 1_500_000_000)
    filling.took(0, [1_500_000_000], None, False)
    assert filling.next_slice(10) is None
    assert filling.remaining(0)


@pytest.mark.parametrize("times_us", [[], [START_US]], ids=["outside of what was asked for", "all of one time"])
def test_full_answers_without_anything_new_are_no_end_of_history(times_us: list[int]) -> None:
    filling = begun(readable=(0,))
    for _ in range(10):
        if filling.next_slice(10) is None:
            break
        filling.took(0, times_us, None, True)
    assert filling.next_slice(10) is None
    assert filling.remaining(0) == [], "nothing is claimed"


def test_what_was_settled_before_is_told_by_its_cause() -> None:
    filling = begun(readable=(0, 2))
    filling.took(0, [1_600_000_000], None, False)
    filling.refused(2, "the server answered BadNoData for its history")
    assert not is_settled(GAP)
    assert all(is_settled(gap) for gap in filling.remaining(1_500_000_000))
    assert all(is_settled(gap) for gap in filling.remaining(0))


@pytest.mark.parametrize("times_us", [[], [1_000_000_001]])
def test_a_server_that_always_has_more_and_gives_nothing_new_is_not_asked_for_ever(times_us: list[int]) -> None:
    filling = begun(readable=(0,))
    for _ in range(10):
        if filling.next_slice(10) is None:
            break
        filling.took(0, times_us, b"more", False)
    assert filling.next_slice(10) is None
    assert filling.points() == {0: b"more"}, "to be given back"
    assert filling.remaining(0) == [], "nothing is claimed"


def test_a_lost_place_is_found_again_from_the_last_value_and_not_for_ever() -> None:
    filling = begun(readable=(0,))
    filling.took(0, [1_500_000_000], b"p", True)
    filling.lost_its_place(0)
    asked = filling.next_slice(10)
    assert asked is not None
    assert (asked.points, asked.start_us) == ((None,), 1_500_000_000)
    for _ in range(10):
        filling.lost_its_place(0)
    assert filling.next_slice(10) is None


def test_after_a_break_only_the_rest_is_asked_for() -> None:
    filling = begun(readable=(0, 1))
    filling.took(0, [1_900_000_000], None, False)
    filling.took(1, [1_500_000_000], b"p", True)
    filling.begin({0, 1}, 0)
    assert filling.points() == {}
    asked = filling.next_slice(10)
    assert asked is not None
    assert (asked.rows, asked.points, asked.start_us) == ((1,), (None,), 1_500_000_000)


def test_tags_that_were_not_read_to_the_end_keep_gaps_of_their_own() -> None:
    filling = begun(readable=(0, 2))
    filling.took(0, [], None, False)
    filling.refused(2, "no disk")
    whole, b, c = filling.remaining(0)
    assert whole.end_us == whole.start_us
    assert (b.tag, b.start_us, b.end_us, b.cause) == ("b", GAP.start_us, GAP.end_us, f"cut; {NO_HISTORY}")
    assert (c.tag, c.cause) == ("c", "cut; no disk")


def test_what_was_before_the_server_started_stays_a_gap() -> None:
    filling = begun(readable=(0, 1))
    filling.took(0, [1_600_000_000], None, False)
    filling.took(1, [], None, False)
    device, c = filling.remaining(1_500_000_000)
    assert (device.tag, device.start_us, device.end_us) == (None, GAP.start_us, 1_500_000_000)
    assert (c.tag, c.start_us, c.end_us) == ("c", 1_500_000_000, GAP.end_us)
    assert filling.remaining(2_000_000_000) == []


def test_without_any_history_the_gap_stays_as_it_is() -> None:
    filling = begun(readable=())
    assert filling.next_slice(10) is None
    assert filling.remaining(0) == []


def test_gaps_of_single_tags_are_filled_together() -> None:
    gaps = (Gap("press", "a", 1, 9, "x"), Gap("press", "c", 1, 9, "x"))
    filling = begun(gaps)
    assert filling.rows == [0, 2]
    filling.took(0, [5], None, False)
    filling.refused(2, "no disk")
    assert [(gap.tag, gap.end_us) for gap in filling.remaining(0)] == [("a", 1)]
