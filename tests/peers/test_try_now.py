"""What is known of a device that is read, refused or away, and is it tried at once when somebody asks?"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from collected import Collected
from lying_device import LyingDevice, adu
from opcua_server import URI, Press, running
from opcua_store import COUNT, device, free_port, process, stored

from collector.trial import Outcome, tried
from config.devices import ModbusDevice
from connectors import modbus_line, modbus_quarantine, opcua, opcua_link
from connectors.device_health import Cause
from connectors.modbus import ModbusConnector
from connectors.opcua import OpcUaConnector

pytestmark = pytest.mark.timeout(60)
LONG_S = 30.0


def meter(port: int, poll_s: float) -> ModbusDevice:
    tags = [
        {"name": name, "work_unit": "w", "role": "other", "table": "holding", "address": address, "type": "uint16"}
        for name, address in (("a", 0), ("b", 1), ("c", 500))
    ]
    given = {
        "id": "d",
        "protocol": "modbus",
        "host": "127.0.0.1",
        "port": port,
        "poll_s": poll_s,
        "answer_timeout_s": 0.2,
        "tags": tags,
    }
    return ModbusDevice.model_validate(given)


async def until(condition: Callable[[], Any], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_a_modbus_device_is_known_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_quarantine, "RETRY_FIRST_S", 0.1)

    async def refuse_500(liar: Any, request: Any, writer: Any) -> None:
        if request.address == 500:
            writer.write(adu(request, bytes([request.function | 0x80, 2])))
        else:
            liar.tell_the_truth(request, writer)

    async def run() -> None:
        async with (
            LyingDevice(lie=refuse_500).serving() as liar,
            Collected(ModbusConnector(meter(liar.port, 0.03))) as collected,
        ):
            await collected.until(lambda: len(collected.handovers) >= 5)
            health = collected.connector.health
            first, second = health.blocks
            assert (first.table, first.address, first.count, first.tags) == ("holding", 0, 2, ("a", "b"))
            assert first.last_good_us is not None
            assert 0 < first.latency.as_json()["p95_s"] < 1
            assert (second.exception_code, second.exception) == (2, "illegal data address")
            assert second.bad_since_us < second.next_try_us
            assert health.latency.total >= 6
            (error,) = health.errors.newest_first()
            assert (error.cause, error.text) == (
                Cause.REFUSED,
                "unit 1, holding 500 (c): exception 2, illegal data address",
            )
            liar.lie = None
            await until(lambda: all(block.exception_code is None for block in health.blocks))

    asyncio.run(run())


def test_a_connected_modbus_device_is_polled_at_once_and_writes_no_gap() -> None:
    async def run() -> None:
        async with LyingDevice().serving() as liar:
            async with Collected(ModbusConnector(meter(liar.port, LONG_S))) as collected:
                await collected.until(lambda: len(collected.good()) == 3)
                trial = await tried(collected.connector)
                assert trial.outcome is Outcome.ANSWERED
                await collected.until(lambda: len(collected.good()) == 6)
                assert collected.gaps() == []
            assert {request.function for request in liar.requests} == {3}

    asyncio.run(run())


def test_a_modbus_device_that_was_away_is_connected_to_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "BACKOFF_FIRST_S", LONG_S)
    monkeypatch.setattr(modbus_line, "BACKOFF_MAX_S", 2 * LONG_S)

    async def run() -> None:
        port = free_port()
        async with Collected(ModbusConnector(meter(port, 0.05))) as collected:
            await collected.until(lambda: bool(collected.gaps()))
            health = collected.connector.health
            await until(lambda: health.next_try_us is not None)
            assert health.last_cause is Cause.CONNECTION_REFUSED
            failed = await tried(collected.connector)
            assert failed.outcome is Outcome.FAILED
            assert "cannot connect" in (failed.error or "")
            await until(lambda: health.next_try_us is not None)
            async with LyingDevice(port=port).serving():
                begun = time.monotonic()
                assert (await tried(collected.connector)).outcome is Outcome.ANSWERED
                assert time.monotonic() - begun < LONG_S / 2
                await collected.more_readings(3)

    asyncio.run(run())


def test_a_modbus_device_that_says_nothing_is_known_as_such() -> None:
    async def silent(*_: Any) -> None:
        pass

    async def run() -> None:
        async with (
            LyingDevice(lie=silent).serving() as liar,
            Collected(ModbusConnector(meter(liar.port, 0.05))) as collected,
        ):
            await collected.until(lambda: bool(collected.gaps()))
            health = collected.connector.health
            assert health.last_cause is Cause.SILENT
            assert health.last_error == "unit 1, holding 500 (c): no answer within 0.2 s"
            assert health.blocks[0].last_error == "no answer within 0.2 s"
            assert health.is_silent

    asyncio.run(run())


def test_an_opcua_server_that_was_away_is_connected_to_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcua.Backoff, "wait_s", lambda _: LONG_S)
    port = free_port()

    async def scenario() -> None:
        connector = OpcUaConnector(device(port, COUNT), tmp_path)
        async with stored(connector) as store:
            await until(lambda: connector.health.next_try_us is not None)
            assert connector.health.last_cause is Cause.CONNECTION_REFUSED
            with process(port):
                assert (await tried(connector)).outcome is Outcome.ANSWERED
                await store.until(lambda: len(store.values("press.count")) > 3)

    asyncio.run(scenario())


def test_a_subscribed_server_shows_what_it_granted_and_answers_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opcua_link, "PROBE_S", LONG_S)
    press = Press(free_port())
    tags = (*COUNT, {"name": "press.none", "role": "other", "node": f"nsu={URI};s=None"})

    async def scenario() -> None:
        connector = OpcUaConnector(device(press.port, tags), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: bool(store.values("press.count")))
            await until(lambda: connector.health.latency.total > 0)
            granted = connector.health.subscription
            assert granted is not None
            assert granted.queue > 0
            assert granted.bridges_s > 0
            assert connector.health.refused_tags == {"press.none": "BadNodeIdUnknown"}
            trial = await tried(connector)
            assert (trial.outcome, trial.error) == (Outcome.ANSWERED, None)
            assert trial.took_s < 2
        assert connector.health.subscription is None

    with running(press):
        asyncio.run(scenario())


def test_a_polled_opcua_server_is_read_at_once(tmp_path: Path) -> None:
    press = Press(free_port())

    async def scenario() -> None:
        connector = OpcUaConnector(device(press.port, COUNT, mode="poll", poll_s=LONG_S), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: bool(store.values("press.count")))
            polls = connector.health.polls
            await asyncio.sleep(0.1)
            assert (await tried(connector)).outcome is Outcome.ANSWERED
            assert connector.health.polls == polls + 1
            assert store.gaps == []

    with running(press):
        asyncio.run(scenario())
