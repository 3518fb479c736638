"""What the store knew before later and replacing readings came."""

from pathlib import Path

import numpy as np
import pytest
from stored import MONDAY_US, make_store, some_readings

from collector.store.past import as_known
from collector.store.readings import merge, series
from collector.store.store import reading, transaction, writing
from plant.instant import US_PER_S
from plant.reading import Readings


def received(times: list[int], values: list[float], at_us: int) -> Readings:
    found = some_readings(times, values)
    return Readings(
        found.times_us, found.values, found.status, np.full(len(found), at_us, dtype=np.int64), found.source_offset_us
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plant.db"


def known(path: Path, tag_id: int, as_of_us: int | None) -> list[tuple[int, float]]:
    with reading(path) as connection:
        now = series(connection, tag_id, MONDAY_US + 1, 2**60)
        found = as_known(connection, tag_id, now, as_of_us)
        return list(zip((found.times_us - MONDAY_US).tolist(), found.values.tolist(), strict=True))


def test_later_readings_were_not_known_before_and_replaced_ones_were(path: Path) -> None:
    tag_id = make_store(path)
    first, second, third = (MONDAY_US + day * 86400 * US_PER_S for day in (2, 3, 4))
    with writing(path) as connection:
        with transaction(connection):
            merge(connection, tag_id, received([MONDAY_US + 10, MONDAY_US + 20], [1.0, 2.0], first))
        with transaction(connection):
            merge(connection, tag_id, received([MONDAY_US + 15, MONDAY_US + 20], [8.0, 9.0], second), replace=True)
        with transaction(connection):
            merge(connection, tag_id, received([MONDAY_US + 20, MONDAY_US + 10], [7.0, 1.0], third), replace=True)
    assert known(path, tag_id, first - US_PER_S) == []
    assert known(path, tag_id, first + US_PER_S) == [(10, 1.0), (20, 2.0)]
    assert known(path, tag_id, second + US_PER_S) == [(10, 1.0), (15, 8.0), (20, 9.0)]
    assert known(path, tag_id, third + US_PER_S) == known(path, tag_id, None) == [(10, 1.0), (15, 8.0), (20, 7.0)]
