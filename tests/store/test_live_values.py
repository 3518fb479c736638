"""The newest value of every tag as listeners get it, from a real store that is written to meanwhile."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored import entry_of, some_readings

from collector.page import live_values
from collector.page.live_rows import LiveRow
from collector.page.live_values import Listener, LiveValues
from collector.page.source import Source
from collector.store import gaps
from collector.store.devices import extend_known
from collector.store.readings import append, merge
from collector.store.store import transaction, writing
from collector.store.tags import register, stored_tags, text_ids
from config.load import load_site
from plant.gap import Gap
from plant.status_code import BAD_NO_DATA, GOOD
from plant.tag import Role

SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
devices:
  - id: press
    protocol: modbus
    host: 127.0.0.1
    poll_s: 20
    tags:
      - {name: good, work_unit: press1, role: good_count, table: holding, address: 0, type: uint32}
      - {name: oil, work_unit: press1, role: temperature, table: holding, address: 2, type: int16}
      - {name: state, work_unit: press1, role: state, table: holding, address: 4, type: uint16}
  - id: other
    protocol: modbus
    host: 127.0.0.1
    tags:
      - {name: power, work_unit: plant, role: power, table: holding, address: 0, type: float32}
"""


class Plant:
    """A store that is written to as a collector would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "site.yaml").write_text(SITE, encoding="utf-8")
        self.site = load_site(folder / "site.yaml")
        tags = [(device.id, tag.tag()) for device in self.site.devices for tag in device.tags]
        with writing(folder / "plant.db") as connection, transaction(connection):
            register(connection, tags)

    def source(self) -> Source:
        return Source(self.folder / "site.yaml")

    def read(self, ago_s: float = 0, status: int = GOOD, **values: float) -> None:
        now_us = time.time_ns() // 1000 - int(ago_s * 1e6)
        with writing(self.folder / "plant.db") as connection:
            tags = stored_tags(connection)
            connection.rollback()
            with transaction(connection):
                parts = {tags[name].id: some_readings([now_us], [value], [status]) for name, value in values.items()}
                append(connection, entry_of(parts))
                extend_known(connection, {tags[name].device: now_us for name in values})


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 30))


async def _rows(events: AsyncIterator[str]) -> dict[str, dict[str, Any]]:
    """The rows of the next event that has some."""
    while not (rows := json.loads(await anext(events))["rows"]):
        pass
    return {row["tag"]: row for row in rows}


def test_a_listener_gets_everything_and_then_what_changes(plant: Plant) -> None:
    plant.read(good=41.0, oil=55.5, state=1.0)

    async def listens() -> None:
        events = LiveValues(plant.source()).events("ko")
        first = await _rows(events)
        assert list(first) == ["good", "oil", "state", "power"]
        assert (first["good"]["value"], first["oil"]["value"], first["oil"]["unit"]) == ("41", "55.5", "°C")
        assert (first["state"]["value"], first["power"]["condition"]) == ("가동", "값 없음")
        plant.read(good=42.0)
        changed = await _rows(events)
        assert list(changed) == ["good"]
        assert changed["good"]["value"] == "42"
        await events.aclose()

    _run(listens)


def test_a_value_that_turns_bad_and_a_device_that_is_cut_off_are_told(plant: Plant) -> None:
    plant.read(good=41.0, oil=55.5, power=7.0)

    async def listens() -> None:
        events = LiveValues(plant.source()).events("en")
        assert (await _rows(events))["oil"]["condition"] == "good"
        plant.read(oil=float("nan"), status=BAD_NO_DATA)
        bad = (await _rows(events))["oil"]
        assert (bad["condition"], bad["tone"], bad["why"], bad["value"]) == ("bad", "bad", "there is no value", "–")
        with writing(plant.folder / "plant.db") as connection, transaction(connection):
            gaps.save(connection, [Gap("other", None, time.time_ns() // 1000, None, "no answer")])
        cut = await _rows(events)
        assert list(cut) == ["power"]
        assert cut["power"]["condition"] == "cut off"
        assert cut["power"]["why"].endswith("(no answer)")
        await events.aclose()

    _run(listens)


def test_a_device_that_falls_silent_is_told_though_nothing_is_written(plant: Plant) -> None:
    plant.read(power=7.0, ago_s=3.5)

    async def listens() -> None:
        events = LiveValues(plant.source()).events("en")
        assert (await _rows(events))["power"]["condition"] == "good"
        assert (await _rows(events))["power"]["condition"] == "silent"
        await events.aclose()

    _run(listens)


def test_texts_are_shown_as_they_are(plant: Plant) -> None:
    site = plant.folder / "site.yaml"
    job = (
        "      - {name: job, work_unit: press1, role: order_id, table: holding, address: 9, type: string, length: 8}\n"
    )
    site.write_text(SITE + job, encoding="utf-8")
    with writing(plant.folder / "plant.db") as connection, transaction(connection):
        register(connection, [("other", next(tag for tag in load_site(site).tags() if tag.role is Role.ORDER_ID))])
        number = text_ids(connection, ["4711-ㄱ"])["4711-ㄱ"]
    plant.read(job=number)

    async def looks() -> None:
        rows = {row.tag.name: row for row in await LiveValues(plant.source()).now()}
        assert rows["job"].value == "4711-ㄱ"

    _run(looks)


def test_a_listener_that_is_slow_keeps_the_newest_row_of_each_tag_alone(plant: Plant) -> None:
    plant.read(good=1.0)

    async def listens() -> None:
        live = LiveValues(plant.source())
        listener = Listener()
        live._listeners.add(listener)
        for value in range(2, 30):
            plant.read(good=float(value))
            await live.now()
        assert len(listener.waiting) == 4
        rows: list[LiveRow] = await listener.rows()
        assert {row.tag.name: row.value for row in rows}["good"] == 29.0
        assert listener.waiting == {}

    _run(listens)


def test_nobody_looks_at_the_store_when_nobody_listens(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant.read(good=1.0)
    monkeypatch.setattr(live_values, "LOOK_S", 0.05)

    async def listens() -> None:
        live = LiveValues(plant.source())
        events = live.events("en")
        await _rows(events)
        watching = live._watching
        assert watching is not None
        await asyncio.sleep(0.2)
        assert not watching.done()
        await events.aclose()
        await asyncio.wait_for(watching, 5)
        assert live._watch._connection is None

    _run(listens)


def test_a_listener_hears_something_every_few_seconds_and_is_let_go_after_a_time(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.read(good=1.0)
    monkeypatch.setattr(live_values, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(live_values, "LISTEN_S", 0.5)

    async def listens() -> None:
        found = [json.loads(text)["rows"] async for text in LiveValues(plant.source()).events("en")]
        assert len(found[0]) == 4
        assert [] in found[1:]

    _run(listens)


def test_a_number_that_stands_still_against_its_habit_is_frozen(plant: Plant) -> None:
    now_us = time.time_ns() // 1000
    times = [now_us - at * 300_000_000 for at in range(3 * 288, 0, -1)]
    moving = np.sin(np.arange(len(times))) * 5 + 50
    moving[-24:] = 47.25  # two hours
    with writing(plant.folder / "plant.db") as connection:
        tag_id = stored_tags(connection)["oil"].id
        connection.rollback()
        with transaction(connection):
            merge(connection, tag_id, some_readings(times, moving.tolist()))
    plant.read(oil=47.25)

    async def looks() -> None:
        live = LiveValues(plant.source())
        await live.now()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(live._learning or asyncio.sleep(0)), 10)
        (row,) = [row for row in await live.now() if row.tag.name == "oil"]
        assert row.condition == "frozen"
        assert "never for longer than" in row.why.en
        plant.read(oil=48.0)
        await live.now()
        (row,) = [row for row in await live.now() if row.tag.name == "oil"]
        assert row.condition == "good"

    _run(looks)
