"""The OPC UA reader against real servers."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from asyncua import ua
from opcua_server import URI, Press, running
from opcua_store import COUNT, TAGS, Run, device, free_port, process, stored

from connectors.opcua import OpcUaConnector
from plant.gap import Gap
from plant.instant import instant
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Press, Run]]:
    press = Press(free_port())
    with running(press) as run:
        yield press, run


@pytest.fixture
def press(shared: tuple[Press, Run]) -> Press:
    press, run = shared
    run(press.reset())
    return press


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
def test_values_arrive_with_their_source_times(
    press: Press, shared: tuple[Press, Run], tmp_path: Path, mode: str
) -> None:
    changed = datetime.now(UTC).replace(microsecond=123456)

    async def scenario(run: Run) -> None:
        async with stored(OpcUaConnector(device(press.port, mode=mode, poll_s=0.05), tmp_path)) as store:
            await store.until(lambda: len({row[0] for row in store.rows}) == len(TAGS))
            assert all(row[4] for row in store.rows), "first values are read again, not events"
            work = press.write("Power", 2500.0, ua.VariantType.Double, SourceTimestamp=changed)
            await asyncio.to_thread(run, work)
            await asyncio.to_thread(run, press.write("State", "Melting", ua.VariantType.String))
            await store.until(lambda: len(store.values("press.power")) > 1 and len(store.values("press.state")) > 1)
        assert store.values("press.state")[0] == 1.0
        assert np.isnan(store.values("press.state")[1])
        states = [row[3] for row in store.rows if row[0] == "press.state"]
        assert states == [0, parse_status("BadOutOfRange")]
        assert ("press.power", instant(changed), 2.5, 0, False) in store.rows
        assert store.values("press.running") == [1.0]
        assert store.texts == ["A-4711"]
        assert store.gaps == []

    asyncio.run(scenario(shared[1]))


def test_nothing_lost_or_doubled_while_commits_are_slow(
    press: Press, shared: tuple[Press, Run], tmp_path: Path
) -> None:
    changes = 3000

    async def produce() -> None:
        for number in range(1, changes + 1):
            await press.write("Count", number, ua.VariantType.Int64)
            await asyncio.sleep(0.0005)

    async def scenario(run: Run) -> None:
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path), commit_s=0.2) as store:
            await store.until(lambda: store.values("press.count") == [0.0])
            await asyncio.to_thread(run, produce())
            await store.until(lambda: store.values("press.count")[-1] == changes)
        assert store.values("press.count") == [float(number) for number in range(changes + 1)]
        assert store.gaps == []

    asyncio.run(scenario(shared[1]))


def test_a_message_is_acknowledged_only_after_its_commit(
    press: Press, shared: tuple[Press, Run], tmp_path: Path
) -> None:

    async def scenario(run: Run) -> None:
        async with contextlib.aclosing(OpcUaConnector(device(press.port, COUNT), tmp_path).batches()) as batches:
            first = await anext(batches)
            assert press.retained() == {1}
            await asyncio.to_thread(run, press.write("Count", 1, ua.VariantType.Int64))
            second = await anext(batches)  # asked for before the first is committed
            assert press.retained() == {1, 2}
            first.done()
            await asyncio.to_thread(run, press.write("Count", 2, ua.VariantType.Int64))
            third = await anext(batches)
            await asyncio.to_thread(run, press.write("Count", 3, ua.VariantType.Int64))
            await anext(batches)
            assert press.retained() == {2, 3, 4}
            assert [len(handover.batch or ()) for handover in (first, second, third)] == [1, 1, 1]

    asyncio.run(scenario(shared[1]))


def test_requests_are_withheld_while_too_much_is_uncommitted(
    press: Press, shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # five small messages; by then three more requests are outstanding
    monkeypatch.setattr("connectors.opcua_publishing.MOST_UNCOMMITTED_BYTES", 5 * 4096)

    async def scenario(run: Run) -> None:
        async with contextlib.aclosing(OpcUaConnector(device(press.port, COUNT), tmp_path).batches()) as batches:
            held = []
            for number in range(1, 9):
                held.append(await anext(batches))
                await asyncio.to_thread(run, press.write("Count", number, ua.VariantType.Int64))
            more = asyncio.ensure_future(anext(batches))
            done, _ = await asyncio.wait({more}, timeout=0.3)
            assert not done
            for handover in held:
                handover.done()
            handover = await asyncio.wait_for(more, 10)
            assert handover.batch is not None
            assert handover.batch.values.tolist() == [8.0]

    asyncio.run(scenario(shared[1]))


def test_data_come_back_after_the_server_was_killed_and_the_hole_is_a_gap(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        connector = OpcUaConnector(device(port, COUNT), tmp_path)
        async with stored(connector) as store:
            with process(port):
                await store.until(lambda: len(store.values("press.count", False)) > 50)
            await store.until(lambda: len(store.gaps) == 1)
            with process(port):
                await store.until(lambda: len(store.gaps) == 2)
                events = len(store.values("press.count", False))
                await store.until(lambda: len(store.values("press.count", False)) > events + 50)
        opened, closed = store.gaps
        assert (opened.device, opened.tag, opened.end_us) == ("press", None, None)
        assert (closed.device, closed.tag, closed.start_us, closed.cause) == ("press", None, *opened_key(opened))
        assert closed.end_us is not None
        assert connector.health.reconnects == 1
        (last,) = np.flatnonzero(np.diff([row[2] for row in store.rows]) != 1)
        before, after = store.rows[last], store.rows[last + 1]
        assert closed.start_us <= before[1] + 10_000, "the next count was due 10 ms after the last that came"
        assert before[1] < after[1] <= closed.end_us
        assert after[4], "the first that came back was read again"

    asyncio.run(scenario())


def opened_key(gap: Gap) -> tuple[int, str]:
    return gap.start_us, gap.cause


def test_the_server_need_not_be_up_at_start(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, COUNT), tmp_path)) as store:
            await store.until(lambda: len(store.gaps) == 1)
            assert "connection refused" in store.gaps[0].cause
            with process(port):
                await store.until(lambda: len(store.values("press.count", False)) > 5)
        assert [gap.end_us is None for gap in store.gaps] == [True, False]

    asyncio.run(scenario())


def test_a_server_that_hangs_is_noticed(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for deadline in ("link.PROBE_S", "connection.ANSWER_S", "connection.CLOSE_S"):
        monkeypatch.setattr(f"connectors.opcua_{deadline}", 1.0)

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, COUNT), tmp_path)) as store:
            with process(port) as server:
                await store.until(lambda: len(store.values("press.count", False)) > 5)
                os.kill(server.pid, signal.SIGSTOP)
                await store.until(lambda: len(store.gaps) == 1, timeout_s=15)
                assert "no answer" in store.gaps[0].cause

    asyncio.run(scenario())


def test_a_refused_node_is_a_bad_reading_and_stops_nothing(
    press: Press, shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua_items.RETRY_S", 0.001)
    tags = (
        *COUNT,
        {"name": "press.late", "role": "other", "node": f"nsu={URI};s=Late"},
        {"name": "press.no_uri", "role": "other", "node": "nsu=urn:nowhere;s=X"},
        {"name": "press.no_id", "role": "other", "node": "i=x"},
    )

    async def scenario(run: Run) -> None:
        connector = OpcUaConnector(device(press.port, tags), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: len(store.rows) == 4)
            bad = {row[0]: row[3] for row in store.rows if np.isnan(row[2])}
            unknown = parse_status("BadNodeIdUnknown")
            invalid = parse_status("BadNodeIdInvalid")
            assert bad == {"press.late": unknown, "press.no_uri": unknown, "press.no_id": invalid}
            assert any("press.late: refused with BadNodeIdUnknown" in note for note in connector.health.notes)
            index = await asyncio.to_thread(run, press.server.get_namespace_index(URI))
            node = ua.NodeId("Late", index)
            await asyncio.to_thread(run, press.server.nodes.objects.add_variable(node, "Late", 7.0))
            await asyncio.to_thread(run, press.write("Count", 1, ua.VariantType.Int64))
            await store.until(lambda: 7.0 in store.values("press.late", snapshot=True))
            assert not any("press.late: refused" in note for note in connector.health.notes)
            assert len(store.rows) == 6, "a refusal is said once"

    asyncio.run(scenario(shared[1]))


def test_a_namespace_index_means_the_same_namespace_after_a_restart(port: int, tmp_path: Path) -> None:
    by_index = ({"name": "press.count", "role": "produced_count", "node": "ns=2;s=Count"},)

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, by_index), tmp_path)) as store:
            with running(Press(port)):
                await store.until(lambda: store.values("press.count") == [0.0])
            with running(Press(port, other_namespaces=("urn:a", "urn:b"))):
                await store.until(lambda: len(store.values("press.count")) == 2)
        assert store.values("press.count") == [0.0, 0.0]

    asyncio.run(scenario())


def test_a_clock_that_is_wrong_is_not_believed(press: Press, shared: tuple[Press, Run], tmp_path: Path) -> None:
    wrong = datetime.now(UTC) - timedelta(hours=1)

    async def scenario(run: Run) -> None:
        press.server.iserver.aspace.force_server_timestamp = False
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: len(store.rows) == 1)
            stamps = {"SourceTimestamp": wrong, "ServerTimestamp": wrong}
            await asyncio.to_thread(run, press.write("Count", 5, ua.VariantType.Int64, **stamps))
            await store.until(lambda: len(store.rows) == 2)
            batch = store.handovers[-1].batch
            assert batch is not None
            assert batch.times_us.tolist() == [batch.received_us]
            assert batch.source_offset_us.tolist() == [instant(wrong) - batch.received_us]

    asyncio.run(scenario(shared[1]))


def test_read_once_says_of_every_tag_whether_it_is_good(press: Press, tmp_path: Path) -> None:
    tags = (*TAGS, {"name": "press.gone", "role": "other", "node": f"nsu={URI};s=Gone"})
    batch = asyncio.run(OpcUaConnector(device(press.port, tags), tmp_path).read_once()).batch
    assert batch is not None
    read = dict(zip([batch.names[row] for row in batch.tags], batch.status.tolist(), strict=True))
    assert read.pop("press.gone") == parse_status("BadNodeIdUnknown")
    assert read == {tag["name"]: 0 for tag in TAGS}


def test_the_session_is_closed_at_the_end(press: Press, tmp_path: Path) -> None:
    subscriptions = press.server.iserver.subscription_service.subscriptions

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: len(store.rows) == 1)
            assert len(subscriptions) == 1

    asyncio.run(scenario())
    assert not subscriptions, "the server answered CloseSession"
