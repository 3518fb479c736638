"""What a running collector notes as changed: time that is over, and that only a later reading or gap says more of."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from collector import acquisition
from collector.acquisition import Acquisition, now_us
from collector.store import changes
from collector.store.tags import register
from collector.store.writer import Writer
from connectors.connector import Handover
from plant.gap import Gap
from plant.instant import US_PER_S
from plant.reading import Batch
from plant.tag import Role, Tag

HOUR_US = 3600 * US_PER_S
NOW_US = now_us()


def handover(hours_ago: float, *gaps: Gap) -> Handover:
    """A reading of the one tag, received as soon as it was made."""
    at = np.array([NOW_US - round(hours_ago * HOUR_US)], dtype=np.int64)
    none = np.zeros(1, dtype=np.int64)
    batch = Batch("m", ("n",), none.astype(np.uint32), at, np.ones(1), none.astype(np.uint32), int(at[0]), none)
    return Handover(batch, gaps=gaps)


class Device:
    """A connector that hands over what it is given."""

    def __init__(self, handovers: list[Handover]) -> None:
        self.handovers = handovers

    async def batches(self) -> AsyncGenerator[Handover, None]:
        for one in self.handovers:
            yield one


def noted(path: Path, *handovers: Handover) -> list[tuple[float, float]]:
    """What is noted while these are committed, one commit each, in hours before now."""

    async def collect(writer: Writer) -> list[tuple[int, int]]:
        tags = await writer.write(lambda connection: register(connection, [("m", Tag("n", "p", Role.GOOD_COUNT, "1"))]))
        collecting = Acquisition(writer, tags)
        committing = asyncio.create_task(collecting.commit())
        for one in handovers:
            await collecting.read("m", Device([one]))  # type: ignore[arg-type]
            await collecting.drained(20)
        committing.cancel()
        return (await writer.write(changes.noted))[0]

    writer = Writer(path)
    writer.open()
    try:
        found = asyncio.run(collect(writer))
    finally:
        writer.close()
    return [((NOW_US - first) / HOUR_US, (NOW_US - last) / HOUR_US) for first, last in found]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "plant.db"


def test_a_reading_after_a_long_silence_changes_the_time_since_the_one_before(store: Path) -> None:
    assert noted(store, handover(9), handover(8.5), handover(3), handover(2.5)) == [(8.5, 3)]


def test_a_silence_is_noted_though_its_commit_fails_at_first(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_received, left = acquisition.devices.add_received, [True, True]

    def full_at_first(*arguments: object) -> None:
        add_received(*arguments)  # type: ignore[arg-type]
        if len(left) == 1:
            left.clear()
            raise OSError("no space left on the disk")
        left[-1:] = []

    monkeypatch.setattr(acquisition.devices, "add_received", full_at_first)
    monkeypatch.setattr(acquisition, "RETRY_S", 0.01)
    assert noted(store, handover(9), handover(3)) == [(9, 3)]
    assert left == []


def test_a_gap_of_long_ago_changes_its_time_and_a_recent_one_nothing(store: Path) -> None:
    long_ago = Gap("m", None, NOW_US - 5 * HOUR_US, NOW_US - 4 * HOUR_US, "no answer")
    recent = Gap("m", None, NOW_US - HOUR_US // 2, None, "no answer")
    assert noted(store, handover(0.1, long_ago, recent)) == [(5, 4)]
