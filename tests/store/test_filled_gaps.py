"""A device that remembers gives the store what was missed while nothing ran, and the gap is gone."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from collector import daemon
from collector.store import changes, gaps
from collector.store.store import reading, transaction, writing
from config.load import load_site
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from plant.gap import Gap
from plant.reading import Batch

SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
store: {url: "sqlite:///plant.db"}
devices:
  - {id: press, protocol: modbus, host: 127.0.0.1, tags: [
      {name: good, work_unit: p, role: good_count, table: holding, address: 0, type: uint32}]}
"""
HOUR_US = 3_600_000_000


def now_us() -> int:
    return time.time_ns() // 1000


def one_reading(at_us: int) -> Batch:
    none = np.zeros(1, dtype=np.int64)
    tags = status = np.zeros(1, dtype=np.uint32)
    return Batch("press", ("good",), tags, np.array([at_us]), np.ones(1), status, now_us(), none)


class _Device:
    """Known at some time; asked to fill a gap, it takes it back and is done."""

    def __init__(self, known_us: int, remembers: bool, said: asyncio.Event) -> None:
        self.health, self.asked, self._known_us = DeviceHealth(), list[Gap](), known_us
        self._remembers, self._said, self._filled = remembers, said, asyncio.Event()

    def fill(self, missed: Iterable[Gap]) -> None:
        self.asked += missed
        self._filled.set()

    async def batches(self) -> AsyncGenerator[Handover, None]:
        yield Handover(one_reading(self._known_us), self._known_us)
        if self._remembers:
            await self._filled.wait()
            yield Handover(gaps=tuple(replace(gap, end_us=gap.start_us) for gap in self.asked))
        yield Handover(None, done=self._said.set)
        await asyncio.Event().wait()


def _run(folder: Path, monkeypatch: pytest.MonkeyPatch, known_us: int, remembers: bool = False) -> list[Gap]:
    """Run the collector until its device has said all; what the device was asked to fill."""

    async def run() -> list[Gap]:
        stop = asyncio.Event()
        device = _Device(known_us, remembers, stop)
        monkeypatch.setattr(daemon, "open_connectors", lambda *_: {"press": device})
        await daemon.run(load_site(folder / "site.yaml"), folder / "site.yaml", stop, lambda: None)
        return device.asked

    return asyncio.run(run())


def test_what_was_missed_while_nothing_ran_is_filled_and_its_time_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    later_us = now_us()
    earlier_us = later_us - 10 * HOUR_US
    assert _run(tmp_path, monkeypatch, earlier_us) == []
    (missed,) = _run(tmp_path, monkeypatch, later_us, remembers=True)
    assert (missed.device, missed.tag, missed.start_us, missed.end_us) == ("press", None, earlier_us, later_us)
    with reading(tmp_path / "plant.db") as connection:
        assert gaps.overlapping(connection, 0, 2**60) == []
        (kept,) = gaps.newest(connection, 10)
        assert kept.start_us == kept.end_us == earlier_us
        noted, _ = changes.noted(connection)
    assert noted.count((earlier_us, later_us)) == 3, "a silence ended, a gap came, and it went"


def test_a_gap_that_an_earlier_run_left_open_is_filled_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    earlier_us = now_us() - HOUR_US
    _run(tmp_path, monkeypatch, earlier_us)
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        gaps.save(connection, [Gap("press", None, earlier_us + 1, None, "cable pulled")])
    pulled, away = _run(tmp_path, monkeypatch, now_us(), remembers=True)
    assert (pulled.start_us, away.start_us) == (earlier_us + 1, earlier_us)
    with reading(tmp_path / "plant.db") as connection:
        assert gaps.overlapping(connection, 0, 2**60) == []


def test_a_gap_that_was_not_filled_when_the_collector_stopped_is_tried_again_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    earlier_us = now_us() - HOUR_US
    _run(tmp_path, monkeypatch, earlier_us)
    _run(tmp_path, monkeypatch, now_us())
    again, *_ = _run(tmp_path, monkeypatch, now_us(), remembers=True)
    assert (again.start_us, again.cause) == (earlier_us, "the collector was not running")
    with reading(tmp_path / "plant.db") as connection:
        assert again.start_us not in [gap.start_us for gap in gaps.overlapping(connection, 0, 2**60)]
    asked = _run(tmp_path, monkeypatch, now_us())
    assert again.start_us not in [gap.start_us for gap in asked], "what is filled is not tried again"


def test_a_gap_that_lasts_is_not_shortened_by_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    _run(tmp_path, monkeypatch, now_us())
    with reading(tmp_path / "plant.db") as connection:
        assert gaps.to_be_shortened(connection, [Gap("press", None, 1, None, "x"), Gap("press", None, 1, 9, "x")]) == []
