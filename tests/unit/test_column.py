import numpy as np
import pytest
from columns import numbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.store.column import packed_values, packed_whole, unpack_values, unpack_whole

I64 = st.integers(-(2**63), 2**63 - 1)
REST = b"what is behind it"
decimals = st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 7)).map(lambda drawn: drawn[0] / 10.0 ** drawn[1])
floats32 = st.floats(width=32, allow_nan=False)


@settings(max_examples=200)
@given(st.one_of(st.lists(I64), st.lists(st.integers(-3, 300)), st.lists(st.integers(2**40, 2**40 + 70_000))))
@example([-(2**63), 2**63 - 1, -(2**63)])
def test_whole_numbers_come_back(values: list[int]) -> None:
    blob = packed_whole(np.array(values, dtype=np.int64))
    found = np.empty(len(values), dtype=np.int64)
    end = unpack_whole(memoryview(blob + REST), found)
    assert found.tolist() == values
    assert end == len(blob)


@settings(max_examples=200)
@given(st.one_of(st.lists(numbers), st.lists(decimals), st.lists(floats32), st.lists(st.floats(allow_nan=False))))
@example([0.1 + 0.2])
@example([-0.0])
@example([0.1] * 100 + [0.1 + 1e-17, 1e-7])
@example([float("inf"), 1.0])
def test_values_come_back_to_the_last_bit(values: list[float]) -> None:
    blob = packed_values(np.array(values, dtype=np.float64))
    found = np.empty(len(values))
    end = unpack_values(memoryview(blob + REST), found)
    assert [value.hex() for value in found.tolist()] == [value.hex() for value in values]
    assert end == len(blob)


def _size(values: list[float]) -> float:
    return len(packed_values(np.array(values))) / len(values)


@pytest.mark.parametrize(
    ("values", "width"),
    [
        ([5.0] * 1000, 0),  # nothing but the head
        ([at * 0.5 for at in range(1000)], 0),  # steps of one size
        ([at % 7 / 10 for at in range(1000)], 1),
        ([at % 7 / 10 + 1000 * (at % 2) for at in range(1000)], 2),
        ([float(np.float32(1 / (at + 1))) for at in range(1000)], 4),
        ([1 / (at + 3) for at in range(1000)], 8),
    ],
)
def test_numbers_take_the_bytes_that_they_need(values: list[float], width: int) -> None:
    assert width <= _size(values) + 0.01 <= width + 0.03
