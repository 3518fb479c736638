"""The OPC UA reader against every fault of the catalogue that a proxy, a server or a slow store can make."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.server.internal_session import InternalSession
from fault_proxy import Fault, FaultProxy
from opcua_cuts import hasten, one_way_cuts, server_kills
from opcua_server import Press, running
from opcua_store import COUNT, TAGS, Run, Store, device, free_port, stored

from connectors.device_health import Cause
from connectors.opcua import OpcUaConnector
from plant.instant import US_PER_S
from plant.status_code import is_good

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Press, Run]]:
    press = Press(free_port())
    with running(press) as run:
        press.server.iserver.aspace._is_expected_variant_type = lambda *_: True  # as servers that do not check
        yield press, run


@pytest.fixture
def press(shared: tuple[Press, Run], monkeypatch: pytest.MonkeyPatch) -> Press:
    hasten(monkeypatch)
    press, run = shared
    run(press.reset())
    return press


@pytest.fixture
def run(shared: tuple[Press, Run]) -> Run:
    return shared[1]


@contextlib.asynccontextmanager
async def proxied(press: Press, folder: Path, tags: Any = COUNT) -> AsyncIterator[tuple[FaultProxy, Store]]:
    """A store behind a proxy."""
    async with FaultProxy(press.port).serving() as proxy:
        connector = OpcUaConnector(device(proxy.port, tags), folder)
        async with stored(connector) as store:
            yield proxy, store


async def count_to(press: Press, last: int, pause_s: float = 0.001) -> None:
    for number in range(1, last + 1):
        await press.write("Count", number, ua.VariantType.Int64)
        await asyncio.sleep(pause_s)


async def counted(store: Store, last: int) -> list[float]:
    """All counts from when the first was read, once the last is there."""
    await store.until(lambda: float(last) in store.values("press.count"), timeout_s=40)
    return store.values("press.count")


def test_what_was_sent_into_a_one_way_cut_after_a_keep_alive_is_not_lost(
    press: Press, run: Run, tmp_path: Path
) -> None:
    loss = asyncio.run(one_way_cuts(press, run, tmp_path, cuts=3))
    assert loss.changed == 6
    assert loss.undeclared == []
    assert loss.doubled == 0


def test_a_server_that_is_killed_loses_nothing_but_what_is_declared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hasten(monkeypatch)
    loss = asyncio.run(server_kills(free_port(), tmp_path, kills=1))
    assert loss.changed > 30
    assert loss.undeclared == []
    assert loss.doubled == 0


def test_a_store_that_stands_still_costs_no_memory_and_no_value(press: Press, run: Run, tmp_path: Path) -> None:
    changes = 1500

    async def scenario() -> None:
        connector = OpcUaConnector(device(press.port, COUNT), tmp_path)
        store = Store(connector)
        async with contextlib.aclosing(connector.batches()) as batches:
            first = await anext(batches)
            tasks = len(asyncio.all_tasks())
            await asyncio.to_thread(run, count_to(press, changes))
            assert len(asyncio.all_tasks()) <= tasks + 1, "no task for each message"
            store.commit(first)
            first.done()
            while store.values("press.count")[-1] < changes:
                handover = await anext(batches)
                store.commit(handover)
                handover.done()
        assert store.values("press.count") == [float(number) for number in range(changes + 1)]
        assert store.gaps == []

    asyncio.run(scenario())


@pytest.mark.parametrize("fault", [Fault.DELAY, Fault.SPLIT])
def test_what_comes_late_or_byte_by_byte_keeps_its_order(press: Press, run: Run, tmp_path: Path, fault: Fault) -> None:
    async def scenario() -> None:
        async with FaultProxy(press.port).serving() as proxy:
            proxy.to_client.delay_s, chance = 0.0, random.Random(1)

            def another_delay(_: bytes) -> None:
                proxy.to_client.delay_s = chance.random() * 0.1

            proxy.to_client.seen = another_delay
            proxy.to_client.fault = fault
            async with stored(OpcUaConnector(device(proxy.port, COUNT), tmp_path)) as store:
                await store.until(lambda: bool(store.rows))
                await asyncio.to_thread(run, count_to(press, 300))
                values = await counted(store, 300)
            assert values == [float(number) for number in range(301)]
            assert np.all(np.diff([row[1] for row in store.rows]) > 0)
            assert store.gaps == []
            assert proxy.connections == 1

    asyncio.run(scenario())


def test_a_stall_shorter_than_the_watchdog_doubles_and_loses_nothing(
    press: Press, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the deadlines of the product

    async def scenario() -> None:
        async with proxied(press, tmp_path) as (proxy, store):
            await store.until(lambda: bool(store.rows))
            for last in (150, 300):
                proxy.to_client.fault = Fault.STALL
                await asyncio.to_thread(run, count_from(press, last - 149, last))
                proxy.heal()
                values = await counted(store, last)
            assert values == [float(number) for number in range(301)]
            assert store.gaps == []
            assert proxy.connections == 1

    asyncio.run(scenario())


async def count_from(press: Press, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await press.write("Count", number, ua.VariantType.Int64)
        await asyncio.sleep(0.002)


@pytest.mark.parametrize(
    ("way", "fault"), [("to_client", Fault.STALL), ("to_client", Fault.SWALLOW), ("to_server", Fault.SWALLOW)]
)
def test_a_link_that_is_dead_one_way_is_noticed_and_replaced(
    press: Press, run: Run, tmp_path: Path, way: str, fault: Fault
) -> None:
    async def scenario() -> None:
        async with proxied(press, tmp_path) as (proxy, store):
            await store.until(lambda: bool(store.rows))
            getattr(proxy, way).fault = fault
            await asyncio.to_thread(run, count_to(press, 5))
            await store.until(lambda: len(store.gaps) == 1)
            proxy.heal()
            await counted(store, 5)
            await store.until(lambda: len(store.gaps) == 2)
        assert store.gaps[1].end_us is not None

    asyncio.run(scenario())


def test_bytes_that_were_changed_on_the_way_cost_no_value_undeclared(press: Press, run: Run, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxied(press, tmp_path) as (proxy, store):
            await store.until(lambda: bool(store.rows))
            proxy.to_client.fault = Fault.CORRUPT
            before = proxy.to_client.read
            await asyncio.to_thread(run, count_to(press, 5, pause_s=0.1))
            await proxy.to_client.until_read(before + 1)
            proxy.heal()
            values = await counted(store, 5)
            await store.until(lambda: not store.gaps or store.gaps[-1].end_us is not None)
        assert set(values) <= {float(number) for number in range(6)}
        assert len(set(values)) == 6 or store.gaps

    asyncio.run(scenario())


def test_a_subscription_that_only_the_server_deletes_is_missed_and_made_again(
    press: Press, run: Run, tmp_path: Path
) -> None:
    service = press.server.iserver.subscription_service

    async def delete() -> None:
        await service.delete_subscriptions(list(service.subscriptions))

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.rows))
            await asyncio.to_thread(run, delete())
            await asyncio.to_thread(run, press.write("Count", 1, ua.VariantType.Int64))
            assert await counted(store, 1) == [0.0, 1.0]
            await store.until(lambda: len(store.gaps) == 2)

    asyncio.run(scenario())


def test_a_subscription_that_dies_twice_and_is_refused_between_is_made_again(
    press: Press, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = press.server.iserver.subscription_service
    create, refusals = service.create_subscription, iter([True, True, False, True])

    async def refusing(*given: Any, **more: Any) -> Any:
        if next(refusals, False):
            raise ua.uaerrors.BadTooManySubscriptions
        return await create(*given, **more)

    async def delete(number: int) -> None:
        await service.delete_subscriptions(list(service.subscriptions))
        await press.write("Count", number, ua.VariantType.Int64)

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.rows))
            monkeypatch.setattr(service, "create_subscription", refusing)
            for number in (1, 2):
                await asyncio.to_thread(run, delete(number))
                await counted(store, number)
        assert next(refusals, None) is None, "it was refused three times"

    monkeypatch.setattr("connectors.opcua_continuity.BUSY_S", 0.5)
    asyncio.run(scenario())


def test_a_server_without_a_subscription_to_spare_is_left_alone_for_longer(
    press: Press, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = press.server.iserver.subscription_service
    create, refusals = service.create_subscription, iter([True])

    async def refusing(*given: Any, **more: Any) -> Any:
        if next(refusals, False):
            raise ua.uaerrors.BadTooManySubscriptions
        return await create(*given, **more)

    async def scenario() -> None:
        connector = OpcUaConnector(device(press.port, COUNT), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: len(store.gaps) == 1)
            assert connector.health.next_try_us is not None, "set before anything else can run"
            assert connector.health.last_cause is Cause.BUSY
            assert connector.health.next_try_us - store.gaps[0].start_us > 400 * US_PER_S
            assert connector.try_now()
            await store.until(lambda: bool(store.rows))

    monkeypatch.setattr("connectors.opcua_continuity.BUSY_S", 1000.0)
    monkeypatch.setattr(service, "create_subscription", refusing)
    asyncio.run(scenario())


def test_a_value_that_did_not_change_across_a_cut_is_no_event(press: Press, run: Run, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with proxied(press, tmp_path, TAGS) as (proxy, store):
            await store.until(lambda: len(store.rows) == len(TAGS))
            for connections in (2, 3):
                proxy.cut()
                await store.until(lambda wanted=connections: proxy.connections == wanted and _recovered(store))
        assert all(row[4] for row in store.rows), "a change of state that never was"

    asyncio.run(scenario())


def _recovered(store: Store) -> bool:
    return bool(store.gaps) and store.gaps[-1].end_us is not None


def test_readers_that_crashed_lock_the_next_one_out_for_a_session_s_life_only(
    press: Press, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = press.server.iserver

    async def forget_all() -> None:
        for session in list(server._external_sessions.values()):
            await session.close_session(True)

    async def scenario() -> None:
        for _ in range(3):
            async with proxied(press, tmp_path) as (proxy, store):
                await store.until(lambda store=store: bool(store.rows))
                proxy.to_server.fault = Fault.SWALLOW  # what it says at its end does not arrive
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.rows))
            assert "BadMaxConnectionsReached" in store.gaps[0].cause

    run(forget_all())
    monkeypatch.setattr("connectors.opcua_connection.SESSION_S", 3.0)
    monkeypatch.setattr("connectors.opcua_connection.CLOSE_S", 0.1)
    monkeypatch.setattr(server, "min_session_timeout_ms", 1000.0)
    monkeypatch.setattr(InternalSession, "max_connections", InternalSession._current_connections + 3)
    asyncio.run(scenario())


def test_a_channel_renewed_again_and_again_loses_nothing(
    press: Press, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua_connection.CHANNEL_S", 0.8)
    opened = 0

    def seen(data: bytes) -> None:
        nonlocal opened
        opened += data.count(b"OPNF")

    async def scenario() -> None:
        async with FaultProxy(press.port).serving() as proxy:
            proxy.to_server.seen = seen
            async with stored(OpcUaConnector(device(proxy.port, COUNT), tmp_path)) as store:
                await store.until(lambda: bool(store.rows))
                number = 0
                while opened < 5:
                    number += 1
                    await asyncio.to_thread(run, press.write("Count", number, ua.VariantType.Int64))
                    await asyncio.sleep(0.01)
                values = await counted(store, number)
            assert values == [float(value) for value in range(number + 1)]
            assert store.gaps == []
            assert proxy.connections == 1

    asyncio.run(scenario())


def bad_values() -> dict[str, ua.DataValue]:
    now, double = datetime.now(UTC), ua.VariantType.Double
    return {
        "bad": ua.DataValue(ua.Variant(1.0, double), ua.StatusCode(ua.StatusCodes.BadSensorFailure), now),
        "uncertain": ua.DataValue(ua.Variant(1.0, double), ua.StatusCode(ua.StatusCodes.UncertainInitialValue), now),
        "null": ua.DataValue(ua.Variant(), SourceTimestamp=now),
        "text": ua.DataValue(ua.Variant("many", ua.VariantType.String), SourceTimestamp=now),
        "array": ua.DataValue(ua.Variant([1.0, 2.0], double), SourceTimestamp=now),
        "not a number": ua.DataValue(ua.Variant(float("nan"), double), SourceTimestamp=now),
        "10 MB of text": ua.DataValue(ua.Variant("x" * 10_000_000, ua.VariantType.String), SourceTimestamp=now),
    }


@pytest.mark.parametrize("what", bad_values())
def test_a_value_that_is_none_is_never_good(press: Press, run: Run, tmp_path: Path, what: str) -> None:
    async def scenario() -> None:
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.rows))
            node = press.nodes["Count"]
            await asyncio.to_thread(run, press.server.iserver.write_attribute_value(node.nodeid, bad_values()[what]))
            await store.until(lambda: len(store.rows) > 1)
            assert not is_good(store.rows[1][3])
            await asyncio.to_thread(run, press.write("Count", 7, ua.VariantType.Int64))
            await counted(store, 7)
            assert store.gaps == []

    asyncio.run(scenario())


def test_the_library_does_not_log_each_message(
    press: Press, run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with stored(OpcUaConnector(device(press.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.rows))
            caplog.clear()
            await asyncio.to_thread(run, count_to(press, 300))
            await counted(store, 300)
            said.extend(record for record in caplog.records if not record.name.startswith("asyncua.server"))

    said: list[logging.LogRecord] = []
    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    assert [record.getMessage() for record in said] == []
