"""The OPC UA reader against real servers."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from opcua_server import URI, Press, running

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.opcua import OpcUaConnector
from connectors.opcua_certificate import own_certificate
from connectors.opcua_security import fingerprint, trust, trusted_file
from plant.gap import Gap
from plant.instant import instant
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(60)

TAGS = (
    {"name": "press.count", "role": "produced_count", "node": f"nsu={URI};s=Count"},
    {"name": "press.power", "role": "power", "unit": "W", "node": f"nsu={URI};s=Power"},
    {"name": "press.state", "role": "state", "node": f"nsu={URI};s=State"},
    {"name": "press.order", "role": "order_id", "node": f"nsu={URI};s=Order"},
    {"name": "press.running", "role": "other", "node": f"nsu={URI};s=Running"},
)
COUNT = TAGS[:1]


Run = Callable[[Any], Any]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


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


@pytest.fixture(scope="module")
def secure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Press, Run, bytes]]:
    folder = tmp_path_factory.mktemp("server")
    press = Press(free_port(), folder)
    with running(press) as run:
        yield press, run, (folder / "server.der").read_bytes()


def device(port: int, tags: Any = TAGS, **settings: Any) -> OpcUaDevice:
    given = {"id": "press", "protocol": "opcua", "security": "none", "sampling_ms": 10, "publishing_ms": 50}
    tags = [{"work_unit": "press", **tag} for tag in tags]
    return OpcUaDevice.model_validate(given | settings | {"endpoint": f"opc.tcp://127.0.0.1:{port}", "tags": tags})


class Store:
    """What a collector would hold: handovers are committed here, in commit_s."""

    def __init__(self, connector: OpcUaConnector, commit_s: float = 0.0) -> None:
        self.rows: list[tuple[str, int, float, int, bool]] = []
        self.texts: list[str] = []
        self.gaps: list[Gap] = []
        self.handovers: list[Handover] = []
        self.connector = connector
        self._commit_s = commit_s
        self._changed = asyncio.Event()

    async def run(self) -> None:
        async with contextlib.aclosing(self.connector.batches()) as batches:
            async for handover in batches:
                await asyncio.sleep(self._commit_s)
                self.commit(handover)
                handover.done()
                self._changed.set()

    def commit(self, handover: Handover) -> None:
        self.handovers.append(handover)
        self.gaps += handover.gaps
        batch = handover.batch
        if batch is not None:
            columns = (batch.tags, batch.times_us, batch.values, batch.status)
            for row, time_us, value, status in zip(*(column.tolist() for column in columns), strict=True):
                self.rows.append((batch.names[row], time_us, value, status, batch.snapshot))
            self.texts += batch.texts.values()

    def values(self, tag: str, snapshot: bool | None = None) -> list[float]:
        return [row[2] for row in self.rows if row[0] == tag and snapshot in (None, row[4])]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def stored(connector: OpcUaConnector, commit_s: float = 0.0) -> AsyncIterator[Store]:
    store = Store(connector, commit_s)
    task = asyncio.create_task(store.run())
    try:
        yield store
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def process(port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(__file__).with_name("opcua_server.py")), str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield server
    finally:
        server.kill()
        server.communicate()


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
    press: Press, shared: tuple[Press, Run], tmp_path: Path
) -> None:

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
        known = [row for row in store.rows if not closed.start_us < row[1] < closed.end_us]
        assert len(store.rows) - len(known) <= 1, "only the value that was read again may lie in the gap"
        steps = np.diff([row[2] for row in known])
        assert np.count_nonzero(steps != 1) <= 2, "counts are without holes but for the gap"

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
    for deadline in ("PROBE_S", "ANSWER_S", "CLOSE_S"):
        monkeypatch.setattr(f"connectors.opcua_link.{deadline}", 1.0)

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
    monkeypatch.setattr("connectors.opcua_subscription.RETRY_S", 0.001)
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


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128-Sha256-RsaOaep", "Aes256-Sha256-RsaPss"])
def test_only_a_trusted_server_is_read(secure_server: tuple[Press, Run, bytes], tmp_path: Path, policy: str) -> None:
    press, _, certificate = secure_server
    settings = device(press.port, COUNT, security=policy)

    async def scenario() -> None:
        async with stored(OpcUaConnector(settings, tmp_path)) as store:
            await store.until(lambda: len(store.gaps) == 1)
            assert fingerprint(certificate) in store.gaps[0].cause
            assert "smartwings trust SITE press" in store.gaps[0].cause
            assert store.rows == []
            assert await trust(settings, tmp_path) == fingerprint(certificate)
            await store.until(lambda: store.values("press.count") == [0.0])

    asyncio.run(scenario())
    key = tmp_path / "certificates" / "own.pem"
    assert key.stat().st_mode & 0o777 == 0o600


def test_another_certificate_than_the_trusted_one_is_refused(
    secure_server: tuple[Press, Run, bytes], tmp_path: Path
) -> None:
    press, _, certificate = secure_server
    settings = device(press.port, COUNT, security="Basic256Sha256")
    other = own_certificate(tmp_path).certificate
    trusted = trusted_file(tmp_path, "press")
    trusted.parent.mkdir()
    trusted.write_bytes(other)
    connector = OpcUaConnector(settings, tmp_path)
    handover = asyncio.run(connector.read_once())
    assert handover.batch is not None
    assert handover.batch.status.tolist() == [parse_status("BadCertificateUntrusted")]
    assert fingerprint(certificate) in (connector.health.last_error or "")
    assert fingerprint(other) in (connector.health.last_error or "")


def test_nothing_is_lost_while_the_channel_is_renewed(
    secure_server: tuple[Press, Run, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua_link.CHANNEL_S", 0.4)
    press, run, _ = secure_server
    settings = device(press.port, COUNT, security="Basic256Sha256")

    async def produce() -> None:
        for number in range(1, 301):
            await press.write("Count", number, ua.VariantType.Int64)
            await asyncio.sleep(0.005)

    async def scenario() -> None:
        await trust(settings, tmp_path)
        async with stored(OpcUaConnector(settings, tmp_path)) as store:
            await store.until(lambda: len(store.rows) == 1)
            await asyncio.to_thread(run, produce())
            await store.until(lambda: store.values("press.count")[-1] == 300)
        assert store.values("press.count", snapshot=False) == [float(number) for number in range(1, 301)]
        assert store.gaps == []

    asyncio.run(scenario())


@pytest.mark.parametrize("trusted", [False, True])
def test_there_is_no_way_down_to_a_channel_without_security(press: Press, tmp_path: Path, trusted: bool) -> None:
    if trusted:
        trusted_file(tmp_path, "press").parent.mkdir()
        trusted_file(tmp_path, "press").write_bytes(own_certificate(tmp_path).certificate)
    connector = OpcUaConnector(device(press.port, COUNT, security="Basic256Sha256"), tmp_path)
    handover = asyncio.run(connector.read_once())
    assert handover.batch is not None
    assert handover.batch.status.tolist() == [parse_status("BadCertificateUntrusted")]
    assert "does not offer Basic256Sha256" in (connector.health.last_error or "")


def test_a_password_file_that_others_may_read_is_refused(port: int, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    connector = OpcUaConnector(device(port, COUNT, username="reader", password_file="secret"), tmp_path)
    asyncio.run(connector.read_once())
    assert connector.health.last_error == "secret must be readable by its owner alone (chmod 600)"


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
