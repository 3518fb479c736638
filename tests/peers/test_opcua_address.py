"""What of an address space is read and found, against asyncua's server: it knows no index ranges and no limits."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_session import InternalSession
from opcua_server import URI, Press, running
from opcua_store import COUNT, TAGS, Run, device, free_port, stored
from test_opcua_limits import bearing

from collector.trial_reading import trial_readings
from connectors import opcua_browse
from connectors.opcua import OpcUaConnector
from connectors.opcua_browse import browsed
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(60)

LEVELS = {"name": "level", "role": "other", "node": f"nsu={URI};s=Levels"}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Press, Run]]:
    press = Press(free_port())
    with running(press) as run:
        run(furnish(press))
        yield press, run


async def furnish(press: Press) -> None:
    index = await press.server.get_namespace_index(URI)

    async def add(parent: Any, name: str, value: Any, *kind: Any) -> Any:
        press.nodes[name] = await parent.add_variable(ua.NodeId(name, index), name, value, *kind)
        return press.nodes[name]

    objects = press.server.nodes.objects
    await add(objects, "Levels", [1.5, 2.5, 3.5])
    state = await add(objects, "Phase", 1, ua.VariantType.UInt32)
    texts = [ua.LocalizedText("Idle"), ua.LocalizedText("Running")]
    await state.add_property(ua.NodeId("PhaseTexts", index), ua.QualifiedName("EnumStrings", 0), texts)
    await add(objects, "LastCycleTime", 250.0, ua.VariantType.Double, ua.NodeId(ua.Int32(ua.ObjectIds.Duration)))
    below = objects
    for level in range(1, 6):
        below = await below.add_object(ua.NodeId(f"Level{level}", index), f"Level{level}")
        await add(below, f"Deep{level}", float(level))


def test_an_array_is_taken_apart_here_where_the_server_cannot(shared: tuple[Press, Run], tmp_path: Path) -> None:
    tags = ({**LEVELS, "index": "1"}, {**LEVELS, "name": "beyond", "index": "3"}, {**LEVELS, "name": "array"})

    async def scenario(run: Run) -> None:
        async with stored(OpcUaConnector(device(shared[0].port, tags), tmp_path)) as store:
            await store.until(lambda: len(store.rows) == 3)
            work = shared[0].nodes["Levels"].write_value([1.5, 4.5, 3.5, 9.0])
            await asyncio.to_thread(run, work)
            await store.until(lambda: len(store.rows) == 6)
        assert store.values("level") == [2.5, 4.5]
        status = [(row[0], row[3]) for row in store.rows if row[0] != "level"]
        mismatch = parse_status("BadTypeMismatch")
        no_element = parse_status("BadIndexRangeNoData")
        assert sorted(status) == [("array", mismatch)] * 2 + [("beyond", 0), ("beyond", no_element)]
        assert store.values("beyond")[-1] == 9.0

    asyncio.run(scenario(shared[1]))


def test_a_server_that_says_nothing_of_its_types_is_read_all_the_same(
    shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise ServiceError(ua.StatusCodes.BadServiceUnsupported)

    monkeypatch.setattr(InternalSession, "browse", refused)
    phase = {"name": "phase", "role": "alarm", "node": f"nsu={URI};s=LastCycleTime"}

    async def scenario() -> None:
        connector = OpcUaConnector(device(shared[0].port, (*COUNT, phase)), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: bool(store.values("press.count")) and bool(connector.health.notes))
        assert store.gaps == []
        note = "types of structures and enumerations cannot be read: the server answered BadServiceUnsupported"
        assert note in connector.health.notes

    asyncio.run(scenario())


def test_events_come_as_texts_among_readings(shared: tuple[Press, Run], tmp_path: Path) -> None:
    alarm = {"name": "press.alarm", "role": "alarm", "node": "i=2253", "events": True}
    no_notifier = {"name": "press.deaf", "role": "alarm", "node": f"nsu={URI};s=Count", "events": True}

    async def trigger(message: str) -> None:
        event = await shared[0].server.get_event_generator()
        await event.trigger(message=message)

    async def scenario(run: Run) -> None:
        settings = device(shared[0].port, (*COUNT, alarm, no_notifier))
        connector = OpcUaConnector(settings, tmp_path)
        async with stored(connector) as store:
            await store.until(
                lambda: bool(store.values("press.count")) and "press.deaf" in connector.health.refused_tags
            )
            await asyncio.to_thread(run, trigger("door open"))
            await asyncio.to_thread(run, trigger("oil low"))
            await store.until(lambda: len(store.texts) == 2)
        assert [text.partition(": ")[2] for text in store.texts] == ["door open", "oil low"]
        assert [row[4] for row in store.rows if row[0] == "press.alarm"] == [False, False]
        read = (await connector.read_once()).batch
        assert read is not None
        said = {int(row): status for row, status in zip(read.tags, read.status.tolist(), strict=True)}
        assert said == {
            0: 0,
            1: parse_status("BadWaitingForInitialData"),
            2: parse_status("BadAttributeIdInvalid"),
        }
        tried = {one.tag.name: one.fault for one in await trial_readings(settings, tmp_path)}
        assert (tried["press.alarm"], tried["press.deaf"] is None) == (None, False)

    asyncio.run(scenario(shared[1]))


def test_browse_asks_for_as_many_nodes_as_the_server_takes(
    shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = bearing(monkeypatch, "browse", "NodesToBrowse", 3)
    found = asyncio.run(browsed(device(shared[0].port, ()), tmp_path))
    by_name = {one.path[-1]: one for one in found.variables}
    assert {tag["node"].rpartition("=")[2] for tag in TAGS} <= set(by_name)
    assert by_name["Deep5"].path == ("Level1", "Level2", "Level3", "Level4", "Level5", "Deep5")
    assert by_name["Phase"].texts == {0: "Idle", 1: "Running"}
    assert by_name["LastCycleTime"].unit == "ms"
    assert found.whole
    assert max(calls) <= 3


def test_browse_says_when_depth_or_number_cut_it(
    shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut() -> list[str]:
        return list(asyncio.run(browsed(device(shared[0].port, ()), tmp_path)).cut)

    monkeypatch.setattr(opcua_browse, "MOST_DEPTH", 6)
    assert cut() == []
    monkeypatch.setattr(opcua_browse, "MOST_DEPTH", 5)
    assert cut() == ["what is deeper than 5 levels"]
    monkeypatch.setattr(opcua_browse, "MOST_DEPTH", 6)
    monkeypatch.setattr(opcua_browse, "MOST_VARIABLES", 7)
    assert cut() == ["what comes after 7 variables"]
