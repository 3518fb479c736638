import numpy as np
import pytest
from columns import any_readings, readings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.aggregates import QUARTER_US, columns, of_readings, widened
from collector.store.chunk import ChunkError
from collector.store.code_changes import changes_of, gathered
from collector.store.summary import aggregates_of, changes_in, is_of_changes, summary
from plant.reading import Readings
from plant.tag import Kind

NUMBERS = summary(readings_of([1, QUARTER_US], [3.0, 4.0]), Kind.COUNTER)
STATES = summary(readings_of([1, 2], [0.0, 1.0]), Kind.STATE)


@settings(max_examples=60)
@given(any_readings(), st.sampled_from((Kind.COUNTER, Kind.GAUGE)))
def test_the_summary_of_a_number_gives_its_quarter_hours(readings: Readings, kind: Kind) -> None:
    found = aggregates_of([summary(readings, kind)])
    for left, right in zip(columns(found), columns(widened(of_readings(readings), QUARTER_US)), strict=True):
        assert left.dtype == right.dtype
        assert np.array_equal(left, right, equal_nan=True)


@settings(max_examples=60)
@given(any_readings(), st.sampled_from((Kind.STATE, Kind.TEXT)))
def test_the_summary_of_a_state_or_text_gives_its_changes(readings: Readings, kind: Kind) -> None:
    found, wanted = changes_in([summary(readings, kind)]), gathered(changes_of(readings))
    assert np.array_equal(found.start_us, wanted.start_us)
    assert np.array_equal(found.code, wanted.code, equal_nan=True)


def test_summaries_of_several_chunks_are_read_as_one() -> None:
    later = summary(readings_of([2 * QUARTER_US], [9.0]), Kind.COUNTER)
    found = aggregates_of([NUMBERS, later])
    assert found.start_us.tolist() == [0, QUARTER_US, 2 * QUARTER_US]
    assert found.last.tolist() == [3.0, 4.0, 9.0]
    assert len(aggregates_of([])) == len(changes_in([])) == 0


def test_a_summary_says_which_form_it_has_and_is_not_taken_for_the_other() -> None:
    """A tag whose role was changed from a number to a state has both."""
    assert (is_of_changes(NUMBERS), is_of_changes(STATES)) == (False, True)
    with pytest.raises(ChunkError):
        aggregates_of([NUMBERS, STATES])
    with pytest.raises(ChunkError):
        changes_in([NUMBERS])


def test_a_day_of_a_second_takes_a_few_kilobytes() -> None:
    times = np.arange(86_400) * 1_000_000
    noisy = readings_of(times, np.round(np.random.default_rng(7).normal(20, 3, len(times)), 2))
    assert len(summary(noisy, Kind.GAUGE)) < 5_000
    blinking = readings_of(times, (np.arange(len(times)) % 2).astype(float))
    assert len(summary(blinking, Kind.STATE)) < 2_000


@given(st.data())
def test_a_damaged_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(NUMBERS) - 1))
    broken = NUMBERS[:at] + bytes([NUMBERS[at] ^ data.draw(st.integers(1, 255))]) + NUMBERS[at + 1 :]
    with pytest.raises(ChunkError):
        aggregates_of([broken])
