import math
from collections import defaultdict

from columns import NAN, readings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.aggregates import QUARTER_US
from collector.store.code_changes import MOST_A_QUARTER_HOUR, Changes, changes_of, gathered, joined_changes
from plant.status_code import BAD, GOOD

SECOND_US = 1_000_000


def _rows(changes: Changes) -> list[tuple[int, float | None]]:
    codes = [None if math.isnan(code) else code for code in changes.code.tolist()]
    return list(zip(changes.start_us.tolist(), codes, strict=True))


def _held_us(changes: Changes, end_us: int) -> dict[tuple[int, float | None], int]:
    """How long each code held in each quarter hour, up to an instant."""
    held: dict[tuple[int, float | None], int] = defaultdict(int)
    found = _rows(changes)
    for (start_us, code), (until_us, _) in zip(found, [*found[1:], (end_us, None)], strict=True):
        while start_us < until_us:
            stop_us = min(until_us, (start_us // QUARTER_US + 1) * QUARTER_US)
            held[start_us // QUARTER_US, code] += stop_us - start_us
            start_us = stop_us
    return dict(held)


def test_only_readings_with_another_code_are_changes() -> None:
    readings = readings_of([1, 2, 3, 4, 5, 6], [0, 0, 1, NAN, NAN, 1], [GOOD, GOOD, GOOD, BAD, BAD, GOOD])
    assert _rows(changes_of(readings)) == [(1, 0.0), (3, 1.0), (4, None), (6, 1.0)]


def test_of_several_readings_of_one_time_the_last_to_arrive_counts() -> None:
    assert _rows(changes_of(readings_of([1, 2, 2, 3], [0, 1, 0, 0]))) == [(1, 0.0)]


def test_a_change_that_two_parts_share_is_one() -> None:
    first, second = changes_of(readings_of([1, 5], [0, 1])), changes_of(readings_of([7, 9], [1, 2]))
    assert _rows(joined_changes([first, second])) == [(1, 0.0), (5, 1.0), (9, 2.0)]
    assert _rows(joined_changes([])) == []


def test_few_changes_stay_as_they_are() -> None:
    few = changes_of(readings_of([at * SECOND_US for at in range(MOST_A_QUARTER_HOUR)], [at % 2 for at in range(8)]))
    assert _rows(gathered(few)) == _rows(few)


def test_many_changes_become_one_stretch_a_code_with_the_one_that_goes_on_last() -> None:
    times = [at * SECOND_US for at in range(9)]
    found = gathered(changes_of(readings_of(times, [1, 0, 1, 0, 1, 0, 1, 0, 1])))
    assert _rows(found) == [(0, 0.0), (4 * SECOND_US, 1.0)]


draws = st.lists(st.tuples(st.integers(0, 3 * 900 * 4), st.sampled_from((0.0, 1.0, 2.0, NAN))), min_size=1, max_size=80)


@settings(max_examples=150)
@given(draws)
def test_gathering_keeps_how_long_each_code_held_in_each_quarter_hour(drawn: list[tuple[int, float]]) -> None:
    drawn.sort(key=lambda pair: pair[0])
    status = [BAD if math.isnan(code) else GOOD for _, code in drawn]
    changes = changes_of(readings_of([at * SECOND_US // 4 for at, _ in drawn], [code for _, code in drawn], status))
    end_us = 4 * QUARTER_US
    found = gathered(changes)
    assert _held_us(found, end_us) == _held_us(changes, end_us)
    assert _rows(found)[-1][1] == _rows(changes)[-1][1]
    assert all(a < b for a, b in zip(found.start_us.tolist(), found.start_us.tolist()[1:], strict=False))
