"""What becomes of a gap that an earlier run of the collector left open?"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from stored import entry_of, some_readings

from collector import daemon
from collector.acquisition import MOST_WAITING, Acquisition, now_us
from collector.store import changes, devices, gaps
from collector.store.readings import append
from collector.store.store import reading, transaction, writing
from collector.store.tags import register
from config.load import load_site
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from plant.gap import Gap
from plant.instant import US_PER_S

HOUR_US = 3600 * US_PER_S
SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
store: {url: "sqlite:///plant.db"}
devices:
  - {id: press, protocol: modbus, host: 127.0.0.1, tags: [
      {name: good, work_unit: p, role: good_count, table: holding, address: 0, type: uint32},
      {name: scrap, work_unit: p, role: scrap_count, table: holding, address: 2, type: uint32}]}
"""


class _Resumed:
    """Goes on from where it was before the start; good handovers come together."""

    def __init__(self, since_us: int | None, said: asyncio.Event) -> None:
        self.health, self.asked, self._since_us, self._said = DeviceHealth(), list[Gap](), since_us, said

    def fill(self, missed: Iterable[Gap]) -> None:
        self.asked += missed

    async def batches(self) -> AsyncGenerator[Handover, None]:
        for later in (0, 50_000, 100_000):
            yield Handover(None, now_us() + later, since_us=self._since_us)
        yield Handover(None, done=self._said.set)
        await asyncio.Event().wait()


class _Device:
    """Is away, or back after a while; then all that it has to say is said."""

    def __init__(self, is_back: bool, said: asyncio.Event) -> None:
        self.health, self._is_back, self._said = DeviceHealth(), is_back, said

    def fill(self, missed: Iterable[Gap]) -> None:
        """It remembers nothing."""

    async def batches(self) -> AsyncGenerator[Handover, None]:
        opened = Gap("press", None, now_us(), None, "no answer")
        yield Handover(gaps=(opened,))
        if self._is_back:
            at_us = now_us()
            yield Handover(None, at_us, (Gap("press", None, opened.start_us, at_us, "no answer"),))
        yield Handover(None, done=self._said.set)
        await asyncio.Event().wait()


def _run(folder: Path, monkeypatch: pytest.MonkeyPatch, is_back: bool) -> list[Gap]:
    """Run the collector until its device has said all; the gaps of the store."""

    async def run() -> None:
        stop = asyncio.Event()
        monkeypatch.setattr(daemon, "open_connectors", lambda *_: {"press": _Device(is_back, stop)})
        await daemon.run(load_site(folder / "site.yaml"), folder / "site.yaml", stop, lambda: None)

    asyncio.run(run())
    with reading(folder / "plant.db") as connection:
        return gaps.overlapping(connection, 0, 2**60)


@pytest.mark.parametrize("known", [("good",), ("good", "scrap")])
def test_a_gap_that_a_run_left_open_ends_with_the_next_and_until_contact_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: tuple[str, ...]
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    site, began_us = load_site(tmp_path / "site.yaml"), now_us()
    lost_us = began_us - 5 * HOUR_US
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        tags = register(connection, [("press", settings.tag()) for settings in site.devices[0].tags])
        append(connection, entry_of({tags[name].id: some_readings([lost_us], [1.0]) for name in known}))
        devices.extend_known(connection, {"press": lost_us})
        gaps.save(connection, [Gap("press", None, lost_us + 1, None, "cable pulled")])
    for is_back in (False, False, True):
        found = _run(tmp_path, monkeypatch, is_back)
        assert (found[-1].end_us is None) == (not is_back)
        assert all(gap.end_us is not None for gap in found[:-1])
    (pulled,) = [gap for gap in found if gap.cause == "cable pulled"]
    assert pulled.end_us is not None
    assert began_us <= pulled.end_us
    assert len([gap for gap in found if gap.cause == "no answer"]) == 3
    away = [gap for gap in found if gap.cause == "the collector was not running"]
    assert {(gap.start_us, gap.tag) for gap in away} == {(lost_us, None if len(known) == 2 else "good")}
    with reading(tmp_path / "plant.db") as connection:
        assert {gap.end_us for gap in away} == {devices.known(connection)["press"]}
        assert (lost_us + 1, pulled.end_us) in changes.noted(connection)[0]


@pytest.mark.parametrize("bridged", [True, False])
def test_a_gap_left_open_ends_where_a_connector_that_went_on_missed_nothing_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bridged: bool
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    site, lost_us = load_site(tmp_path / "site.yaml"), now_us() - HOUR_US
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        tags = register(connection, [("press", settings.tag()) for settings in site.devices[0].tags])
        append(connection, entry_of({tags[name].id: some_readings([lost_us], [1.0]) for name in ("good", "scrap")}))
        devices.extend_known(connection, {"press": lost_us})
        gaps.save(connection, [Gap("press", None, lost_us, None, "cable pulled")])

    async def run() -> _Resumed:
        stop = asyncio.Event()
        device = _Resumed(lost_us - 1 if bridged else lost_us + HOUR_US // 2, stop)
        monkeypatch.setattr(daemon, "open_connectors", lambda *_: {"press": device})
        await daemon.run(site, tmp_path / "site.yaml", stop, lambda: None)
        return device

    device = asyncio.run(run())
    with reading(tmp_path / "plant.db") as connection:
        found = gaps.overlapping(connection, 0, 2**60)
    ends_us = {gap.end_us for gap in found}
    assert ends_us == (set() if bridged else {lost_us + HOUR_US // 2})
    assert [gap for gap in device.asked if gap.end_us not in {gap.start_us, *ends_us}] == []


def test_what_comes_together_at_the_first_contact_does_not_lengthen_the_gap_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    site, lost_us = load_site(tmp_path / "site.yaml"), now_us() - HOUR_US
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        tags = register(connection, [("press", settings.tag()) for settings in site.devices[0].tags])
        append(connection, entry_of({tags[name].id: some_readings([lost_us], [1.0]) for name in ("good", "scrap")}))
        devices.extend_known(connection, {"press": lost_us})

    async def run() -> None:
        stop = asyncio.Event()
        monkeypatch.setattr(daemon, "open_connectors", lambda *_: {"press": _Resumed(None, stop)})
        await daemon.run(site, tmp_path / "site.yaml", stop, lambda: None)

    asyncio.run(run())
    with reading(tmp_path / "plant.db") as connection:
        (gap,) = gaps.overlapping(connection, 0, 2**60)
        assert gap.end_us is not None
        assert gap.end_us <= devices.known(connection)["press"] - 90_000


def test_whoever_ends_the_reading_of_a_device_waits_until_its_connection_is_closed() -> None:
    closed = False

    class Endless:
        async def batches(self) -> AsyncGenerator[Handover, None]:
            nonlocal closed
            try:
                while True:
                    yield Handover(None, now_us())
            finally:
                await asyncio.sleep(0.01)
                closed = True

    async def scenario() -> None:
        acquisition = Acquisition(cast(Any, None), {})
        task = asyncio.create_task(acquisition.read("press", cast(Any, Endless())))
        for _ in range(2 * MOST_WAITING):
            await asyncio.sleep(0)
        assert acquisition.waiting == MOST_WAITING, "nothing is committed: the reader waits"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert closed

    asyncio.run(scenario())
