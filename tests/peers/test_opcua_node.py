"""The OPC UA reader against node-opcua: a server of another maker, so that two wrongs of one library do not meet."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from node_server import installed, served_by_node
from opcua_server import URI
from opcua_store import Store, device, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_browse import Browsed, browsed
from connectors.opcua_draft import proposed_tags
from connectors.opcua_security import trust
from connectors.opcua_session import QuietSession
from connectors.reachability import UnreachableError
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(240)

SOURCES = Path(__file__).with_name("node")
COUNTS = tuple(
    {"name": f"press{number}.count", "role": "produced_count", "node": f"nsu={URI};s=Count{number}"}
    for number in range(40)
)
TAGS = (
    *COUNTS,
    {"name": "press.power", "role": "power", "unit": "W", "node": f"nsu={URI};s=Power"},
    {"name": "press.order", "role": "order_id", "node": f"nsu={URI};s=Order"},
    {"name": "press.running", "role": "other", "node": f"nsu={URI};s=Running"},
    {"name": "press.gone", "role": "other", "node": f"nsu={URI};s=Gone"},
)

COUNTED = f"nsu={URI};s=ProdProcessedCount"
PARTS = {
    "level": {"node": f"nsu={URI};s=Levels", "index": "1"},
    "beyond": {"node": f"nsu={URI};s=Levels", "index": "3"},
    "cell": {"node": f"nsu={URI};s=Grid", "index": "1,0"},
    "count": {"node": COUNTED, "index": "1", "field": "AccCount"},
    "speed": {"node": COUNTED, "field": "[0].Motor.Speed"},
    "took": {"node": COUNTED, "field": "[1].Took[1]"},
    "unit": {"node": COUNTED, "index": "0", "field": "Unit.UnitId"},
    "motor_state": {"role": "alarm", "node": COUNTED, "field": "[0].Motor.State"},
    "state": {"role": "alarm", "node": f"nsu={URI};s=StateCurrent"},
    "no_field": {"node": COUNTED, "field": "[0].Motor.Torque"},
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served_by_node(SOURCES, installed(SOURCES, tmp_path_factory.mktemp("node"))) as number:
        yield number


@pytest.mark.parametrize("security", ["none", "Basic256Sha256", "Aes128-Sha256-RsaOaep", "Aes256-Sha256-RsaPss"])
def test_every_count_is_read_once_while_commits_are_slow(port: int, tmp_path: Path, security: str) -> None:
    settings = device(port, TAGS, security=security)

    async def scenario() -> None:
        if security != "none":
            await trust(settings, tmp_path)
        connector = OpcUaConnector(settings, tmp_path)
        async with stored(connector, commit_s=0.2) as store:
            await store.until(lambda: len(store.values("press39.count", snapshot=False)) > 12)
        for tag in COUNTS:
            assert set(np.diff(store.values(tag["name"]))) == {1.0}
            assert all(np.diff([row[1] for row in store.rows if row[0] == tag["name"]]) > 0)
        last = {row[0]: row for row in store.rows}
        assert last["press.power"][2] == 1.5
        assert last["press.running"][2] == 1.0
        assert last["press.order"][3] == parse_status("UncertainLastUsableValue")
        assert last["press.gone"][3] == parse_status("BadNodeIdUnknown")
        assert store.texts == ["A-4712"]
        assert store.gaps == []

    asyncio.run(scenario())


def test_polling_reads_the_same(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        connector = OpcUaConnector(device(port, TAGS, mode="poll", poll_s=0.02), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: len(store.values("press39.count")) > 5)
        assert (
            min(np.diff(store.values("press39.count"))) >= 1
        )  # a poll sees what changed since the last, never it again
        assert store.values("press.power") == [1.5], "a value that did not change is read once"
        assert len(store.values("press.gone")) == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
def test_parts_of_arrays_and_structures_are_read_and_numbers_of_enumerations_have_texts(
    port: int, tmp_path: Path, mode: str
) -> None:
    tags = [{"name": name, "role": "other", **tag} for name, tag in PARTS.items()]

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, tags, mode=mode, poll_s=0.1), tmp_path)) as store:
            await store.until(
                lambda: len(store.values("count")) > 3 and len({row[0] for row in store.rows}) == len(PARTS)
            )
        expected = {"level": 2.5, "cell": 3.0, "speed": 7.5, "took": 260.0, "unit": 5.0}
        assert {name: store.values(name)[0] for name in expected} == expected
        assert set(store.texts) == {"Setup", "Execute"}
        assert min(np.diff(store.values("count"))) >= 1
        status = {row[0]: row[3] for row in store.rows}
        assert status["beyond"] == parse_status("BadIndexRangeNoData")
        assert status["no_field"] == parse_status("BadNoMatch")
        assert store.gaps == []

    asyncio.run(scenario())


def test_the_server_itself_picks_elements_of_arrays_where_it_can(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    create = QuietSession.create_monitored_items

    async def noted(self: QuietSession, parameters: ua.CreateMonitoredItemsParameters) -> object:
        asked.extend(item.ItemToMonitor.IndexRange for item in parameters.ItemsToCreate)
        return await create(self, parameters)

    monkeypatch.setattr(QuietSession, "create_monitored_items", noted)
    tags = [{"name": name, "role": "other", **PARTS[name]} for name in ("level", "cell", "speed")]

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, tags), tmp_path)) as store:
            await store.until(lambda: len(store.rows) >= 3)

    asyncio.run(scenario())
    assert asked == ["1", None, None], "it knows ranges of arrays, not of matrices"


def test_events_of_a_notifier_are_texts_with_the_time_of_the_event(port: int, tmp_path: Path) -> None:
    tags = (COUNTS[0], {"name": "press.alarm", "role": "alarm", "node": f"nsu={URI};s=Machine", "events": True})

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, tags), tmp_path)) as store:
            await store.until(lambda: len(store.texts) > 5)
        numbers = [int(text.removeprefix("Press 1: door open ")) for text in store.texts]
        assert set(np.diff(numbers)) == {1}, "every event, once"
        rows = [row for row in store.rows if row[0] == "press.alarm"]
        assert not any(row[4] for row in rows), "an event is no reading again"
        times_us = [row[1] for row in rows]
        assert all(100_000 < step < 2_000_000 for step in np.diff(times_us)), "as they happened, not as they came"
        assert store.gaps == []

    asyncio.run(scenario())


def test_a_node_that_is_taken_out_and_put_in_again_is_watched_again(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua_items.RETRY_S", 0.1)
    tags = (COUNTS[0], {"name": "passing", "role": "other", "node": f"nsu={URI};s=Passing"})

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, tags), tmp_path)) as store:
            await store.until(lambda: len({value for value in store.values("passing") if np.isfinite(value)}) == 3)
        bad = {row[3] for row in store.rows if row[0] == "passing" and row[3]}
        assert bad <= {parse_status("BadNodeIdInvalid"), parse_status("BadNodeIdUnknown")}
        assert set(np.diff(store.values("press0.count"))) == {1.0}, "nothing else noticed"
        assert store.gaps == []

    asyncio.run(scenario())


def test_browse_finds_what_is_behind_each_variable_and_proposes_tags_for_it(port: int, tmp_path: Path) -> None:
    found = asyncio.run(browsed(device(port, ()), tmp_path, f"nsu={URI};s=Machine"))
    by_name = {one.path[-1]: one for one in found.variables}
    assert by_name["StateCurrent"].texts == {0: "Idle", 6: "Execute", 9: "Setup"}
    assert by_name["Levels"].elements == 3
    assert {"AccCount", "Motor.Speed", "Took"} <= set(by_name["ProdProcessedCount"].fields)
    proposed = {tag["name"]: tag for tag in proposed_tags(found.variables)}
    assert proposed["StateCurrent"]["states"] == {0: "NotExecuting", 6: "Executing", 9: "Setup"}
    assert (proposed["ProdProcessedCount"]["index"], proposed["ProdProcessedCount"]["field"]) == ("0", "AccCount")
    assert found.whole


def in_parts(monkeypatch: pytest.MonkeyPatch, fails: bool) -> list[bool]:
    """Let the server answer in parts of three references; what was asked of them: whether to release. fails: the first
    part that is asked for does not come."""
    asked: list[bool] = []
    browse, following = QuietSession.browse, QuietSession.browse_next

    async def little(self: QuietSession, parameters: ua.BrowseParameters) -> list[ua.BrowseResult]:
        parameters.RequestedMaxReferencesPerNode = 3
        return await browse(self, parameters)

    async def noted(self: QuietSession, parameters: ua.BrowseNextParameters) -> list[ua.BrowseResult]:
        asked.append(parameters.ReleaseContinuationPoints)
        if fails and len(asked) == 1:
            raise TimeoutError
        return await following(self, parameters)

    monkeypatch.setattr(QuietSession, "browse", little)
    monkeypatch.setattr(QuietSession, "browse_next", noted)
    return asked


def names_of(found: Browsed) -> set[str]:
    return {one.path[-1] for one in found.variables} - {"Passing"}  # comes and goes


def test_references_in_parts_are_put_together(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = asyncio.run(browsed(device(port, ()), tmp_path))
    asked = in_parts(monkeypatch, fails=False)
    assert names_of(asyncio.run(browsed(device(port, ()), tmp_path))) == names_of(whole)
    assert len(whole.variables) > 40
    assert asked
    assert not any(asked)


def test_references_that_never_end_are_left_and_released(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = 0

    async def endless(session: QuietSession, parameters: Any) -> list[ua.BrowseResult]:
        nonlocal released
        released += parameters.ReleaseContinuationPoints
        return [ua.BrowseResult(ContinuationPoint=b"more") for _ in parameters.ContinuationPoints]

    monkeypatch.setattr("connectors.opcua_browse.MOST_PARTS", 50)
    in_parts(monkeypatch, fails=False)
    monkeypatch.setattr(QuietSession, "browse_next", endless)
    found = asyncio.run(browsed(device(port, ()), tmp_path))
    assert list(found.cut) == ["what comes after 50 parts of a list"]
    assert released


def test_what_is_left_of_references_in_parts_is_released_after_an_error(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = in_parts(monkeypatch, fails=True)
    with pytest.raises(UnreachableError):
        asyncio.run(browsed(device(port, ()), tmp_path))
    assert asked == [False, True]


def test_a_queue_that_overflows_is_a_gap_of_its_tag(port: int, tmp_path: Path) -> None:
    tags = COUNTS[:3]

    async def scenario() -> Store:
        connector = OpcUaConnector(device(port, tags, sampling_ms=50, publishing_ms=100, outage_s=1), tmp_path)
        store = Store(connector)
        async with contextlib.aclosing(connector.batches()) as batches:

            async def take(condition: Callable[[], bool]) -> None:
                while not condition():
                    handover = await anext(batches)
                    store.commit(handover)
                    handover.done()

            await take(lambda: len(store.values("press0.count")) > 3)
            await asyncio.sleep(8)  # nobody asks: the queues of 24 values take 5 s of it
            await take(lambda: {gap.tag for gap in store.gaps} == {tag["name"] for tag in tags})
            had = len(store.values("press0.count"))
            await take(lambda: len(store.values("press0.count")) > had + 3)
        return store

    store = asyncio.run(scenario())
    for name in (tag["name"] for tag in tags):
        rows = [row for row in store.rows if row[0] == name]
        holes = [(row[1], later[1]) for row, later in pairwise(rows) if later[2] - row[2] > 1]
        assert holes
        for start_us, end_us in holes:
            declared = [gap for gap in store.gaps if gap.tag == name and gap.start_us <= start_us]
            assert any(gap.end_us is not None and gap.end_us >= end_us for gap in declared)
