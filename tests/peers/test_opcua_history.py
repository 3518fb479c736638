"""What could not be read while the link was cut comes from the server's history, and the gap is taken back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest
from node_server import installed, served_by_node
from opcua_server import URI
from opcua_store import Store, device, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_backfill import MOST_VALUES_A_CALL
from connectors.opcua_link import now_us
from plant.gap import Gap

pytestmark = pytest.mark.timeout(240)

SOURCES = Path(__file__).with_name("node")


def tags(*names: str) -> tuple[dict[str, str], ...]:
    return tuple({"name": f"press.{name}", "role": "other", "node": f"nsu={URI};s={name}"} for name in names)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(SOURCES, tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def server(packages: Path) -> Iterator[int]:
    with served_by_node(SOURCES, packages, "history_server.js") as port:
        yield port


class Cable:
    """Passes bytes on to a server until it is cut, and again when it is mended."""

    def __init__(self, port: int) -> None:
        self.server_port = port
        self._ends: list[asyncio.StreamWriter] = []
        self._whole = True
        self.port = 0
        self.plugs: set[asyncio.Task[None] | None] = set()

    def cut(self) -> None:
        self._whole = False
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    async def plug(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        self.plugs.add(asyncio.current_task())
        there, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        self._ends += [writer, to_server]
        await asyncio.gather(_pass(reader, to_server), _pass(there, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@contextlib.asynccontextmanager
async def cable(port: int) -> AsyncIterator[Cable]:
    made = Cable(port)
    listening = await asyncio.start_server(made.plug, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut()
        listening.close()
        await asyncio.gather(*filter(None, made.plugs), return_exceptions=True)


@pytest.fixture(autouse=True)
def _nothing_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a server that does not transfer subscriptions: history is all that is left."""
    monkeypatch.setattr("connectors.opcua_resumption.Position.is_resumable", False)


def is_whole(store: Store, tag: str) -> bool:
    """Whether every number that the count went through is there."""
    return bool(np.all(np.diff(sorted({value for value in store.values(tag) if value > 0})) == 1))


def shortened(gaps: list[Gap]) -> list[Gap]:
    return [gap for gap in gaps if gap.end_us == gap.start_us]


async def cut_and_filled(port: int, names: tuple[str, ...], folder: Path, away_s: float = 1.0) -> Store:
    async with cable(port) as line:
        connector = OpcUaConnector(device(line.port, tags(*names), outage_s=1), folder)
        async with stored(connector) as store:
            await store.until(lambda: len(store.values(f"press.{names[0]}", False)) > 10)
            line.cut()
            await store.until(lambda: bool(store.gaps))
            await asyncio.sleep(away_s)
            line.mend()
            connector.try_now()
            await store.until(lambda: bool(shortened(store.gaps)))
            readings = len(store.rows)
            await store.until(lambda: len(store.rows) > readings + 5)
    return store


def test_what_a_cut_took_is_filled_from_history_and_the_gap_taken_back(server: int, tmp_path: Path) -> None:
    names = ("Count", "Second", "Third")  # more than the server takes in one call
    store = asyncio.run(cut_and_filled(server, names, tmp_path))
    opened, closed, taken_back = store.gaps
    assert opened.end_us is None
    assert closed.end_us is not None
    assert closed.end_us - closed.start_us > 900_000
    assert (taken_back.device, taken_back.tag, taken_back.start_us) == ("press", None, opened.start_us)
    assert taken_back.end_us == taken_back.start_us
    assert "filled from the server's history" in taken_back.cause
    for name in names:
        assert is_whole(store, f"press.{name}"), name
    filled = [row for row in store.rows if opened.start_us < row[1] < closed.end_us - 100_000]
    assert filled
    assert not any(row[4] for row in filled), "what history holds are events"


def test_tags_without_history_keep_their_gaps(server: int, tmp_path: Path) -> None:
    store = asyncio.run(cut_and_filled(server, ("Count", "Plain", "Faulty"), tmp_path))
    closed = store.gaps[1]
    kept = {gap.tag: gap for gap in store.gaps if gap.tag is not None}
    assert set(kept) == {"press.Plain", "press.Faulty"}
    assert {(gap.start_us, gap.end_us) for gap in kept.values()} == {(closed.start_us, closed.end_us)}
    assert "keeps no history" in kept["press.Plain"].cause
    assert "for its history" in kept["press.Faulty"].cause
    assert is_whole(store, "press.Count")
    assert not is_whole(store, "press.Plain")


def test_history_of_many_slices_is_read_to_its_end(server: int, tmp_path: Path) -> None:
    store = asyncio.run(cut_and_filled(server, ("Busy", "Count"), tmp_path))
    closed = store.gaps[1]
    assert closed.end_us is not None
    inside = {row[2] for row in store.rows if row[0] == "press.Busy" and closed.start_us <= row[1] < closed.end_us}
    assert len(inside) > 900
    assert set(np.diff(sorted(inside))) == {1.0}
    slices = [len(one.batch) for one in store.handovers if one.batch is not None and len(one.batch) > 100]
    assert len(slices) > 1
    assert max(slices) <= MOST_VALUES_A_CALL


def test_a_history_that_does_not_answer_disturbs_nothing(
    server: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("connectors.opcua_session.HISTORY_S", 0.3)

    async def scenario() -> None:
        connector = OpcUaConnector(device(server, tags("Count", "Hanging")), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: len(store.rows) > 10)
            connector.fill([Gap("press", None, now_us() - 1_000_000, now_us(), "no cable")])
            await store.until(lambda: "its history could not be read: no answer in time" in caplog.text)
            readings = len(store.rows)
            await store.until(lambda: len(store.rows) > max(60, readings + 10))
        assert store.gaps == []
        assert is_whole(store, "press.Count")
        assert connector.health.reconnects == 0

    asyncio.run(scenario())


def test_what_was_missed_before_the_start_is_filled_where_the_collector_asks_for_it(
    server: int, tmp_path: Path
) -> None:
    time.sleep(1.5)  # the server may have started only now
    missed = Gap("press", None, now_us() - 1_000_000, now_us(), "the collector was not running")
    still_open = Gap("press", None, now_us(), None, "no cable")

    async def scenario() -> None:
        connector = OpcUaConnector(device(server, tags("Count")), tmp_path)
        connector.fill([missed, still_open])
        async with stored(connector) as store:
            await store.until(lambda: bool(store.gaps))
        assert [(gap.start_us, gap.end_us) for gap in store.gaps] == [(missed.start_us, missed.start_us)]
        found = [row for row in store.rows if missed.start_us <= row[1] < (missed.end_us or 0)]
        assert len(found) > 5

    asyncio.run(scenario())


def test_history_that_nobody_wants_is_left_alone(server: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with cable(server) as line:
            connector = OpcUaConnector(device(line.port, tags("Count"), history="never", outage_s=1), tmp_path)
            async with stored(connector) as store:
                await store.until(lambda: len(store.rows) > 10)
                line.cut()
                await store.until(lambda: bool(store.gaps))
                line.mend()
                await store.until(lambda: len(store.gaps) == 2)
                readings = len(store.rows)
                await store.until(lambda: len(store.rows) > readings + 10)
            assert len(store.gaps) == 2

    asyncio.run(scenario())


def test_a_server_that_started_in_the_gap_knows_only_what_came_since(
    server: int, packages: Path, tmp_path: Path
) -> None:
    async def scenario() -> Store:
        async with cable(server) as line:
            connector = OpcUaConnector(device(line.port, tags("Count"), outage_s=1), tmp_path)
            async with stored(connector) as store:
                await store.until(lambda: len(store.rows) > 10)
                line.cut()
                await store.until(lambda: bool(store.gaps))
                with served_by_node(SOURCES, packages, "history_server.js") as line.server_port:
                    await asyncio.sleep(1.5)  # it counts, and nobody reads
                    line.mend()
                    connector.try_now()
                    await store.until(lambda: len(store.gaps) > 2)
        return store

    store = asyncio.run(scenario())
    _, closed, kept = store.gaps
    assert closed.end_us is not None
    assert kept.end_us is not None
    assert kept.start_us == closed.start_us
    assert kept.start_us < kept.end_us < closed.end_us - 1_000_000
    assert "the server started at its end" in kept.cause
    assert any(kept.end_us < row[1] < closed.end_us - 500_000 for row in store.rows)
