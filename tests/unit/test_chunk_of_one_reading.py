"""A chunk with a single reading comes back as it was, whatever sections it has."""

import numpy as np
import pytest

from collector.store.chunk import decode, encode
from plant.reading import Readings
from plant.status_code import BAD_NO_DATA


@pytest.mark.parametrize(
    ("value", "status", "lag_us", "offset_us"),
    [(5.0, 0, 0, 0), (5.25, 0, 1000, 0), (-0.0, 0, 0, -7), (np.nan, BAD_NO_DATA, 2000, 9)],
)
def test_one_reading(value: float, status: int, lag_us: int, offset_us: int) -> None:
    time = np.array([1_790_000_000_000_000], dtype=np.int64)
    code = np.array([status], dtype=np.uint32)
    found = decode(encode(Readings(time, np.array([value]), code, time + lag_us, np.array([offset_us]))))
    assert found.times_us.tolist() == time.tolist()
    np.testing.assert_array_equal(found.values, [value])
    assert found.status.tolist() == [status]
    assert found.received_us.tolist() == (time + lag_us).tolist()
    assert found.source_offset_us.tolist() == [offset_us]
