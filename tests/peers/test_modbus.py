"""The Modbus reader against devices on real sockets: liars of our own making, here; other people's servers in
test_modbus_servers.py."""

import asyncio
import contextlib
import itertools
import math
import os
import time
from pathlib import Path

import pytest
from collected import Collected
from lying_device import LIE, LIES, SURPLUS, LyingDevice, adu, rtu_frame
from pymodbus.client.mixin import ModbusClientMixin

from config.devices import ModbusDevice
from connectors import modbus, modbus_breaker, modbus_line, modbus_quarantine
from connectors.modbus import ModbusConnector
from plant.status_code import status_name

POLL_S = 0.03


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(modbus_line, "BACKOFF_MAX_S", 0.2)
    monkeypatch.setattr(modbus_breaker, "MOST_S", 0.2)
    monkeypatch.setattr(modbus_quarantine, "RETRY_FIRST_S", 0.1)


def register(name, address, table="holding", kind="uint16", **keys):
    return {"name": name, "work_unit": "w", "role": "other", "table": table, "address": address, "type": kind, **keys}


def bit(name, address, table):
    return {"name": name, "work_unit": "w", "role": "other", "table": table, "address": address}


TWO_BLOCKS = (register("a", 0), register("b", 1), register("c", 500))


def device(port, tags=TWO_BLOCKS, poll_s=POLL_S, **keys):
    return ModbusDevice(
        id="d",
        protocol="modbus",
        **{"answer_timeout_s": 0.3, "host": "127.0.0.1", "port": port, "poll_s": poll_s, "tags": tags} | keys,
    )


def values(collected):
    return {value for _, _, value, _ in collected.good()}


@pytest.mark.parametrize("name", LIES)
def test_no_lie_becomes_a_value_and_the_device_is_back_after_it(name):
    async def run():
        async with LyingDevice().serving() as liar:
            async with Collected(ModbusConnector(device(liar.port))) as collected:
                await collected.more_readings()
                liar.lie = LIES[name]
                await collected.until(lambda: any(gap.end_us is None for gap in collected.outages()))
                liar.lie = None
                await collected.until(lambda: any(gap.end_us is not None for gap in collected.outages()))
                await collected.more_readings(6)
            assert values(collected) <= liar.true_values - {LIE}
            assert all(math.isnan(reading[2]) == (reading[3] != 0) for reading in collected.readings())
            return liar, collected

    liar, collected = asyncio.run(run())
    opened, closed = collected.outages()[:2]
    assert (opened.device, opened.tag, opened.end_us) == ("d", None, None)
    assert (closed.device, closed.tag, closed.start_us, closed.cause) == ("d", None, opened.start_us, opened.cause)
    assert closed.end_us > opened.start_us
    assert {request.function for request in liar.requests} == {3}
    health = collected.connector.health
    assert health.polls_failed >= 1
    assert health.errors.total >= 2
    assert health.reconnects >= 2
    assert health.last_error


@pytest.mark.parametrize("name", SURPLUS)
def test_bytes_beside_a_true_answer_are_never_taken_for_one(name):
    async def run():
        async with LyingDevice().serving() as liar:
            async with Collected(ModbusConnector(device(liar.port))) as collected:
                liar.lie = SURPLUS[name]
                await collected.more_readings(30)
            assert values(collected) <= liar.true_values - {LIE}

    asyncio.run(run())


def test_every_value_is_the_answer_to_its_own_request():
    """Lies and truth in turn, so that late and stale answers meet fresh requests."""

    async def run():
        async with LyingDevice().serving() as liar:
            kinds = itertools.cycle([*LIES.values(), *SURPLUS.values()])
            coin = itertools.cycle([True, True, False, True, False])

            async def mixed(device, request, writer):
                if next(coin):
                    device.tell_the_truth(request, writer)
                else:
                    await next(kinds)(device, request, writer)

            liar.lie = mixed
            async with Collected(ModbusConnector(device(liar.port, poll_s=0.01))) as collected:
                await collected.until(lambda: liar.lies > 80, within_s=60)
                liar.lie = None
                await collected.more_readings(6)
            assert values(collected) <= liar.true_values - {LIE}
            for tag in "abc":
                read = [value for name, _, value, _ in collected.good() if name == tag]
                assert all(later > earlier for earlier, later in itertools.pairwise(read))

    asyncio.run(run())


def test_a_gateway_that_answers_late_and_with_transaction_0_never_shifts_values():
    async def run():
        async with LyingDevice(transaction_zero=True).serving() as liar:
            async with Collected(ModbusConnector(device(liar.port))) as collected:
                await collected.more_readings()
                assert "transaction id 0" in collected.connector.health.notes[0]
                for _ in range(3):
                    liar.lie = LIES["late without transaction id"]
                    await collected.until(lambda: collected.outages() and collected.outages()[-1].end_us is None)
                    liar.lie = None
                    await collected.until(lambda: collected.outages()[-1].end_us is not None)
                await collected.more_readings(6)
            assert values(collected) <= liar.true_values - {LIE}

    asyncio.run(run())


def test_an_exception_makes_only_its_block_bad_and_is_written_once():
    async def refuse_500(device, request, writer):
        if request.address == 500:
            writer.write(adu(request, bytes([request.function | 0x80, 2])))
        else:
            device.tell_the_truth(request, writer)

    async def run():
        async with LyingDevice().serving() as liar:
            async with Collected(ModbusConnector(device(liar.port))) as collected:
                await collected.more_readings()
                liar.lie = refuse_500
                await collected.until(lambda: any(status for *_, status in collected.readings()))
                await collected.more_readings(8)
                assert [(str(b), b.exception_code) for b in collected.connector.health.bad_blocks] == [
                    ("holding 500 (c)", 2)
                ]
                liar.lie = None
                seen = len(collected.good())
                await collected.until(lambda: "c" in {name for name, *_ in collected.good()[seen:]})
                assert collected.connector.health.bad_blocks == []
            assert liar.connections == 1
            return collected

    collected = asyncio.run(run())
    bad = [(name, status_name(status)) for name, _, _, status in collected.readings() if status]
    assert bad == [("c", "BadConfigurationError")]
    assert collected.outages() == []


def test_a_device_that_refuses_everything_is_alive():
    async def refuse(device, request, writer):
        writer.write(adu(request, bytes([request.function | 0x80, 6])))

    async def run():
        async with (
            LyingDevice(lie=refuse).serving() as liar,
            Collected(ModbusConnector(device(liar.port))) as collected,
        ):
            await collected.until(lambda: len(collected.handovers) >= 5)
            assert [name for name, *_ in collected.readings()] == ["a", "b", "c"]
            assert collected.outages() == []
            known = [handover.known_until_us for handover in collected.handovers]
            assert known == sorted(set(known))

    asyncio.run(run())


def test_a_device_that_is_not_there_at_start_is_read_once_it_is():
    async def run():
        async with LyingDevice().serving() as liar:
            pass
        before_us = time.time_ns() // 1000
        async with Collected(ModbusConnector(device(liar.port))) as collected:
            await collected.until(lambda: collected.outages())
            async with liar.serving():
                await collected.more_readings()
        opened, closed = collected.outages()
        assert before_us <= opened.start_us <= time.time_ns() // 1000
        assert "cannot connect" in opened.cause
        assert closed.start_us == opened.start_us
        assert closed.end_us == min(time for _, time, _, _ in collected.good())

    asyncio.run(run())


@pytest.mark.parametrize(
    "where",
    [
        {"host": "no-such-device.invalid"},
        {"host": "a" * 70 + ".example"},
        {"transport": "rtu", "serial_port": "no-such-serial-port"},
        {"transport": "rtu", "serial_port": os.devnull},
    ],
)
def test_what_cannot_even_be_opened_is_a_gap_with_its_cause(where):
    async def run():
        async with Collected(ModbusConnector(device(1, **where))) as collected:
            await collected.until(lambda: collected.outages())
        assert collected.outages()[0].cause.startswith("cannot connect: ")

    asyncio.run(run())


def test_a_connection_closed_between_two_polls_costs_nothing():
    async def run():
        async with LyingDevice().serving() as liar:

            async def truth_and_goodbye(device, request, writer):
                device.tell_the_truth(request, writer)
                if request.address == 500:
                    await writer.drain()
                    writer.close()

            liar.lie = truth_and_goodbye
            async with Collected(ModbusConnector(device(liar.port))) as collected:
                await collected.more_readings(12)
            assert liar.connections >= 3
            assert collected.outages() == []
            assert collected.connector.health.polls_failed == 0

    asyncio.run(run())


def test_one_lost_answer_is_asked_for_again_without_a_gap():
    async def run():
        async with LyingDevice().serving() as liar:

            async def silent_once(device, request, writer):
                device.lie = None

            async with Collected(ModbusConnector(device(liar.port, poll_s=5.0))) as collected:
                liar.lie = silent_once
                await collected.more_readings(3, within_s=4.0)
            assert collected.outages() == []
            health = collected.connector.health
            assert (health.polls_failed, health.errors.total) == (0, 1)

    asyncio.run(run())


def test_a_poll_that_overruns_is_skipped_counted_and_a_gap():
    async def slow(device, request, writer):
        await asyncio.sleep(0.13)
        device.tell_the_truth(request, writer)

    async def run():
        tags = (register("a", 0),)
        async with LyingDevice(lie=slow).serving() as liar:
            async with Collected(ModbusConnector(device(liar.port, tags, poll_s=0.05))) as collected:
                await collected.until(lambda: len(collected.gaps()) >= 4)
            missed = sum(round((gap.end_us - gap.start_us) / 50_000) for gap in collected.gaps())
            assert missed >= 6
            assert 0 <= collected.connector.health.polls_late - missed <= 4  # those of the last poll are on their way
            assert all("skipped" in gap.cause for gap in collected.gaps())
            assert len(liar.requests) <= len(collected.good()) + 1

    asyncio.run(run())


def test_only_function_codes_1_to_4_are_ever_sent():
    tags = (
        *(register(f"r-{table}", 0, table, "float32") for table in ("holding", "input")),
        *(bit(f"b-{table}", 9, table) for table in ("coil", "discrete")),
    )

    async def run():
        async with LyingDevice().serving() as liar:
            async with Collected(ModbusConnector(device(liar.port, tags))) as collected:
                await collected.more_readings(12)
                liar.lie = LIES["garbled"]
                await collected.until(lambda: collected.outages())
            assert {request.function for request in liar.requests} == {1, 2, 3, 4}
            assert {(r.function, r.address, r.count) for r in liar.requests} == {
                (1, 9, 1),
                (2, 9, 1),
                (3, 0, 2),
                (4, 0, 2),
            }

    asyncio.run(run())


def test_no_other_request_of_the_library_is_ever_called():
    allowed = {"read_coils", "read_discrete_inputs", "read_holding_registers", "read_input_registers"}
    requests = {name for name in vars(ModbusClientMixin) if not name.startswith("_")} - allowed
    assert "write_register" in requests
    sources = [*Path(modbus.__file__).parent.glob("*.py")]
    called = [name for file in sources for name in requests if f".{name}(" in file.read_text(encoding="utf-8")]
    assert called == []


def test_closing_the_iterator_closes_the_socket():
    async def run():
        async with LyingDevice().serving() as liar:
            async with contextlib.aclosing(ModbusConnector(device(liar.port)).batches()) as batches:
                await anext(batches)
                assert liar.open_connections == 1
            await liar.until(lambda: liar.open_connections == 0)

    asyncio.run(run())


def test_source_time_is_the_receipt_of_the_answer_and_readings_are_known_until_then():
    async def run():
        async with LyingDevice().serving() as liar:
            before_us = time.time_ns() // 1000
            async with contextlib.aclosing(ModbusConnector(device(liar.port)).batches()) as batches:
                handover = await anext(batches)
            batch = handover.batch
            assert before_us <= batch.times_us[0] == batch.times_us[1] <= batch.times_us[2]
            assert batch.times_us[2] == batch.received_us == handover.known_until_us
            assert handover.known_until_us <= time.time_ns() // 1000
            assert (batch.source_offset_us == 0).all()

    asyncio.run(run())


def test_reading_once_brings_every_tag_good_or_bad():
    async def silent_at_500(device, request, writer):
        if request.address == 700:
            writer.write(adu(request, bytes([request.function | 0x80, 4])))
        elif request.address != 500:
            device.tell_the_truth(request, writer)

    async def run():
        async with LyingDevice(lie=silent_at_500).serving() as liar:
            tags = (*TWO_BLOCKS, register("d", 700), register("e", 900))
            connector = ModbusConnector(device(liar.port, tags))
            batch = (await connector.read_once()).batch
        found = {name: status_name(code) for name, code in zip(batch.names, batch.status.tolist(), strict=True)}
        assert found == {"a": "Good", "b": "Good", "c": "BadTimeout", "d": "BadDeviceFailure", "e": "Good"}
        assert [connector.health.why_not(name) for name in "acd"] == [
            None,
            "unit 1, holding 500 (c): no answer within 0.3 s",
            "unit 1, holding 700 (d): exception 4, server device failure",
        ]
        connector = ModbusConnector(device(liar.port))
        gone = (await connector.read_once()).batch
        assert {status_name(code) for code in gone.status.tolist()} == {"BadNoCommunication"}
        assert (gone.times_us > 0).all()
        assert "cannot connect" in connector.health.why_not("a")

    asyncio.run(run())


def test_rtu_over_tcp():
    async def garbled(device, request, writer):
        frame = bytearray(rtu_frame(request))
        frame[4] ^= 1
        writer.write(bytes(frame))

    async def run():
        async with LyingDevice(rtu=True).serving() as liar:
            async with Collected(ModbusConnector(device(liar.port, transport="rtu-over-tcp"))) as collected:
                await collected.more_readings()
                liar.lie = garbled
                await collected.until(lambda: collected.outages())
                liar.lie = None
                await collected.more_readings(6)
            assert values(collected) <= liar.true_values

    asyncio.run(run())


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo terminals on this system")
def test_rtu_on_a_serial_line():
    async def run():
        loop = asyncio.get_running_loop()
        ours, theirs = os.openpty()
        liar, received = LyingDevice(rtu=True), bytearray()

        class Line:
            def write(self, data):
                os.write(ours, data)

        def readable():
            received.extend(os.read(ours, 100))
            while len(received) >= 8:
                frame = asyncio.StreamReader()
                frame.feed_data(bytes(received[:8]))
                del received[:8]
                tasks.append(loop.create_task(answer(frame)))

        async def answer(frame):
            liar.tell_the_truth(await liar._request(frame), Line())

        tasks = []
        loop.add_reader(ours, readable)
        try:
            line = device(None, transport="rtu", serial_port=os.ttyname(theirs), baudrate=115200, parity="none")
            async with Collected(ModbusConnector(line)) as collected:
                await collected.more_readings(9)
            assert values(collected) <= liar.true_values
            assert collected.outages() == []
        finally:
            loop.remove_reader(ours)
            os.close(ours)
            os.close(theirs)

    asyncio.run(run())
