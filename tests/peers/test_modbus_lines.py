"""Do units that share a connection leave each other in peace, and does a bad register leave its neighbours?"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from collected import Collected
from lying_device import LyingDevice, Request, adu, rtu_frame

from config.devices import ModbusDevice
from connectors import modbus_breaker, modbus_line, modbus_quarantine
from connectors.modbus import ModbusConnector
from connectors.modbus_line import Lines
from plant.status_code import status_name

TIMEOUT_S = 0.25


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "BACKOFF_MAX_S", 0.2)
    monkeypatch.setattr(modbus_breaker, "MOST_S", 0.2)
    monkeypatch.setattr(modbus_quarantine, "RETRY_FIRST_S", 0.2)


def device(port: int, unit: int = 1, addresses: Any = (0,), poll_s: float = 0.05, **keys: Any) -> ModbusDevice:
    tags = [
        {"name": f"r{at}", "work_unit": "w", "role": "other", "table": "holding", "address": at, "type": "uint16"}
        for at in addresses
    ]
    given = {"id": f"unit{unit}", "protocol": "modbus", "host": "127.0.0.1", "port": port, "unit": unit}
    more = {"poll_s": poll_s, "tags": tags, "answer_timeout_s": TIMEOUT_S} | keys
    return ModbusDevice.model_validate(given | more)


@contextlib.asynccontextmanager
async def sharing(devices: list[ModbusDevice]) -> AsyncIterator[list[Collected]]:
    lines = Lines()
    connectors = [ModbusConnector(one, lines) for one in devices]
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Collected(connector)) for connector in connectors]


def refusing(addresses: set[int], code: int = 2) -> Any:
    async def answer(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if addresses & set(range(request.address, request.address + request.count)):
            writer.write(adu(request, bytes([request.function | 0x80, code])))
        else:
            liar.tell_the_truth(request, writer)

    return answer


def silent_at(is_silent: Any) -> Any:
    async def answer(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if not is_silent(request):
            liar.tell_the_truth(request, writer)

    return answer


def test_units_behind_one_address_share_a_connection_and_never_ask_at_the_same_time() -> None:
    async def slowly(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        asked_at.append(time.monotonic())
        await asyncio.sleep(0.005)
        answered_at.append(time.monotonic())
        liar.tell_the_truth(request, writer)

    asked_at: list[float] = []
    answered_at: list[float] = []

    async def run() -> None:
        async with LyingDevice(lie=slowly).serving() as liar:
            async with sharing([device(liar.port, unit, (0, 500)) for unit in (1, 2, 3)]) as units:
                for one in units:
                    await one.more_readings(10)
            assert liar.connections == 1
            assert {request.unit for request in liar.requests} == {1, 2, 3}
        assert all(answered < asked for answered, asked in zip(answered_at, asked_at[1:], strict=False))
        await liar.until(lambda: liar.open_connections == 0)

    asyncio.run(run())


def test_a_silent_unit_costs_its_neighbours_neither_their_connection_nor_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_breaker, "MOST_S", 5.0)

    async def run() -> None:
        async with LyingDevice(lie=silent_at(lambda request: request.unit == 2)).serving() as liar:
            # Patient, so that a busy machine makes no neighbour look silent, nor the line between two of their polls.
            units = [device(liar.port, unit, poll_s=0.8, answer_timeout_s=0.5) for unit in (1, 2, 3)]
            async with sharing(units) as (first, dead, third):
                await dead.until(lambda: bool(dead.outages()))
                await first.more_readings(3)
                await third.more_readings(3)
            assert first.outages() == third.outages() == []
            assert liar.connections == 1
            assert "unit 2, holding 0 (r0): no answer within" in dead.outages()[0].cause
            assert dead.readings() == []

    asyncio.run(run())


def test_a_late_answer_is_nobody_elses() -> None:
    async def late(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.unit == 2:
            asyncio.get_running_loop().call_later(
                1.2 * TIMEOUT_S, lambda: writer.write(adu(request, request.body(9999)))
            )
        else:
            liar.tell_the_truth(request, writer)

    async def run() -> None:
        async with LyingDevice(lie=late).serving() as liar:
            async with sharing([device(liar.port, unit, poll_s=0.02) for unit in (1, 2)]) as (first, dead):
                await dead.until(lambda: bool(dead.outages()))
                await first.more_readings(60)
            assert {value for _, _, value, _ in first.good()} <= liar.true_values
            assert dead.readings() == []
            assert liar.connections == 1

    asyncio.run(run())


def test_a_gateway_without_transaction_ids_is_connected_to_anew_after_a_time_out_however_many_share_it() -> None:
    async def late_once(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.unit == 1 and request.address == 0 and liar.answers > 6 and not lied:
            lied.append(request)
            before.append(writer)
            return
        if len(lied) == 1:
            lied.append(request)
            before[0].write(adu(lied[0], lied[0].body(9999), transaction=0))
            await asyncio.sleep(0.1 * TIMEOUT_S)
        liar.tell_the_truth(request, writer)

    lied: list[Request] = []
    before: list[asyncio.StreamWriter] = []

    async def run() -> None:
        async with LyingDevice(lie=late_once, transaction_zero=True).serving() as liar:
            devices = [device(liar.port, 1, (0, 500)), device(liar.port, 2, (0,), poll_s=30)]
            async with sharing(devices) as (first, _):
                await first.until(lambda: len(lied) == 2)
                await first.more_readings(8)
            assert {value for _, _, value, _ in first.good()} <= liar.true_values
            assert liar.connections >= 2

    asyncio.run(run())


def test_a_gateway_that_cannot_reach_a_unit_is_asked_for_it_once_a_poll_and_then_rarely() -> None:
    async def unreachable(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.unit == 2:
            writer.write(adu(request, bytes([request.function | 0x80, 11])))
        else:
            liar.tell_the_truth(request, writer)

    async def run() -> None:
        async with LyingDevice(lie=unreachable).serving() as liar:
            async with sharing([device(liar.port, unit, (0, 500)) for unit in (1, 2)]) as (first, second):
                await second.until(lambda: len(second.readings()) == 2)
                await first.more_readings(40)
            assert {status_name(status) for *_, status in second.readings()} == {"BadNoCommunication"}
            assert sum(request.unit == 2 for request in liar.requests) <= modbus_breaker.MISSES + 1

    asyncio.run(run())


def test_a_line_that_cannot_be_opened_is_tried_once_for_all_its_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "BACKOFF_FIRST_S", 30.0)
    monkeypatch.setattr(modbus_line, "BACKOFF_MAX_S", 30.0)
    opened: list[float] = []
    connect = modbus_line.connect

    async def counted(*arguments: Any) -> Any:
        opened.append(time.monotonic())
        return await connect(*arguments)

    monkeypatch.setattr(modbus_line, "connect", counted)

    async def run() -> None:
        async with LyingDevice().serving() as liar:
            pass
        async with sharing([device(liar.port, unit) for unit in range(1, 9)]) as units:
            for one in units:
                await one.until(lambda one=one: bool(one.outages()))
            assert len(opened) == 1
            async with liar.serving():
                assert units[3].connector.try_now()
                await units[3].more_readings(2)
                assert len(opened) == 2

    asyncio.run(run())


def test_several_requests_are_under_way_at_once_only_where_that_is_allowed() -> None:
    async def run(in_flight: int) -> int:
        most = 0

        async def after_a_while(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
            nonlocal most
            waiting.append(request)
            await asyncio.sleep(0.02)
            # What else has been sent meanwhile lies in the reader's buffer.
            most = max(most, 1 + len(readers[writer]._buffer) // 12)
            liar.tell_the_truth(request, writer)

        waiting: list[Request] = []
        readers: dict[Any, Any] = {}
        liar = LyingDevice(lie=after_a_while)
        serve = liar._serve

        async def remembered(reader: Any, writer: Any) -> None:
            readers[writer] = reader
            await serve(reader, writer)

        liar._serve = remembered  # type: ignore[method-assign]
        async with liar.serving():
            addresses = tuple(range(0, 3000, 300))
            one = device(liar.port, addresses=addresses, poll_s=1.0, in_flight=in_flight, answer_timeout_s=2.0)
            async with Collected(ModbusConnector(one)) as collected:
                await collected.more_readings(20)
                assert {value for _, _, value, _ in collected.good()} <= liar.true_values
        return most

    assert asyncio.run(run(1)) == 1
    assert asyncio.run(run(4)) == 4


def test_a_device_that_needs_a_pause_between_requests_gets_it() -> None:
    async def timed(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        asked_at.append(time.monotonic())
        liar.tell_the_truth(request, writer)

    asked_at: list[float] = []

    async def run(transport: str) -> None:
        asked_at.clear()
        async with LyingDevice(lie=timed, rtu=transport != "tcp").serving() as liar:
            keys = {"request_pause_s": 0.04, "connect_pause_s": 0.1, "transport": transport}
            begun = time.monotonic()
            async with Collected(ModbusConnector(device(liar.port, addresses=(0, 500, 900), **keys))) as collected:
                await collected.more_readings(9)
        assert asked_at[0] - begun >= 0.1
        assert all(later - earlier >= 0.039 for earlier, later in itertools.pairwise(asked_at))

    asyncio.run(run("tcp"))
    asyncio.run(run("rtu-over-tcp"))


def test_over_rtu_a_late_answer_is_waited_out_before_the_unit_is_asked_again() -> None:
    """RTU frames carry no ids; here the answer to one block comes while the next, of the same size, could be asked."""

    async def late_once(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.address == 0 and not lied:
            lied.append(request)
            stale = rtu_frame(Request(0, 1, request.function, 0, 1, 9999))
            asyncio.get_running_loop().call_later(1.5 * TIMEOUT_S, lambda: [w.write(stale) for w in writers])
            return
        if len(lied) == 1:
            lied.append(request)
            await asyncio.sleep(0.6 * TIMEOUT_S)  # time enough for the late answer to come before the true one
        liar.tell_the_truth(request, writer)

    lied: list[Request] = []
    writers: list[asyncio.StreamWriter] = []

    async def run() -> None:
        liar = LyingDevice(lie=late_once, rtu=True)
        serve = liar._serve

        async def remembered(reader: Any, writer: Any) -> None:
            writers.append(writer)  # a serial server passes bytes of the line on to whoever is connected
            await serve(reader, writer)

        liar._serve = remembered  # type: ignore[method-assign]
        async with liar.serving():
            one = device(liar.port, addresses=(0, 500), transport="rtu-over-tcp")
            async with Collected(ModbusConnector(one)) as collected:
                await collected.more_readings(8)
            assert lied
            assert 9999 not in {value for _, _, value, _ in collected.good()}

    asyncio.run(run())


def test_a_refused_register_is_found_in_the_first_poll_and_its_neighbours_are_read_in_it() -> None:
    async def run() -> None:
        async with LyingDevice(lie=refusing({37})).serving() as liar:
            one = device(liar.port, addresses=range(100), poll_s=0.3)
            async with Collected(ModbusConnector(one)) as collected:
                await collected.until(lambda: bool(collected.readings()))
                assert {name for name, *_ in collected.good()} == {f"r{at}" for at in range(100)} - {"r37"}
                assert [name for name, *_, status in collected.readings() if status] == ["r37"]
                await collected.more_readings(99)
                assert [(b.address, b.count) for b in collected.connector.blocks] == [(0, 37), (38, 62)]
                assert collected.outages() == []
                health = collected.connector.health
                (entry,) = health.bad_blocks
                assert (str(entry), entry.exception_code) == ("holding 37 (r37)", 2)
                assert entry.bad_since_us < entry.next_try_us
                assert (health.requests_now, health.requests_planned) == (2, 1)
                assert "unit 1, holding 37 (r37): exception 2, illegal data address" in {
                    error.text for error in health.errors.newest_first()
                }
                liar.lie = None
                await collected.until(lambda: "r37" in {name for name, *_ in collected.good()})
                await collected.more_readings(200)
                assert [(b.address, b.count) for b in collected.connector.blocks] == [(0, 100)]
                assert (health.bad_blocks, health.requests_now) == ([], 1)
            assert {value for _, _, value, _ in collected.good()} <= liar.true_values

    asyncio.run(run())


def test_a_device_that_refuses_everything_is_asked_for_one_thing_a_poll_and_is_back_at_once() -> None:
    async def run() -> None:
        async with (
            LyingDevice(lie=refusing(set(range(1000)), code=4)).serving() as liar,
            Collected(ModbusConnector(device(liar.port, addresses=range(0, 40, 2)))) as collected,
        ):
            await collected.until(lambda: collected.connector.blocks == ())
            asked = len(liar.requests)
            polls = collected.connector.health.polls
            await collected.until(lambda: collected.connector.health.polls >= polls + 10)
            # Besides the sign of life a few retries fall due.
            assert len(liar.requests) - asked <= (modbus_quarantine.RETRIES_A_POLL + 1) * 12
            assert collected.outages() == []
            liar.lie = None
            await collected.more_readings(40)
            await collected.until(lambda: len(collected.connector.blocks) == 1)

    asyncio.run(run())


def test_a_block_that_is_never_answered_keeps_no_other_waiting_and_is_cut_down_to_the_register_at_fault() -> None:
    def swallowed(request: Request) -> bool:
        return request.address <= 503 < request.address + request.count

    async def run() -> None:
        async with LyingDevice(lie=silent_at(swallowed)).serving() as liar:
            addresses = (0, *range(500, 508), 900)
            async with Collected(ModbusConnector(device(liar.port, addresses=addresses))) as collected:
                await collected.until(lambda: {"r0", "r900"} <= {name for name, *_ in collected.good()})
                wanted = {f"r{at}" for at in addresses} - {"r503"}
                await collected.until(lambda: wanted <= {name for name, *_ in collected.good()}, within_s=40)
            assert collected.outages() == []
            assert [status_name(s) for name, *_, s in collected.readings() if name == "r503"] == ["BadTimeout"]

    asyncio.run(run())


def test_the_log_says_once_what_went_into_quarantine_and_once_that_it_answered_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "connectors.modbus_log"]

    async def run() -> None:
        async with LyingDevice(lie=refusing({37, 41})).serving() as liar:
            async with Collected(ModbusConnector(device(liar.port, addresses=range(30, 50)))) as collected:
                await collected.until(lambda: collected.connector.health.polls >= 20)
                where = f"unit1 (127.0.0.1:{liar.port}): unit 1,"
                (line,) = lines()
                why = "exception 2, illegal data address"
                assert line == f"{where} put into quarantine: holding 37 (r37), holding 41 (r41): {why}"
                liar.lie = None
                await collected.until(lambda: not collected.connector.health.bad_blocks)
                await collected.more_readings(100)
            assert ", ".join(lines()[1:]).count(f"{where} answered again: ") == len(lines()) - 1 <= 2
            assert all(name in "".join(lines()[1:]) for name in ("holding 37 (r37)", "holding 41 (r41)"))

    with caplog.at_level("INFO"):
        asyncio.run(run())


def test_the_log_says_once_that_a_unit_is_silent_and_once_that_it_answers_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run(lie: Any) -> None:
        caplog.clear()
        async with (
            LyingDevice(lie=lie).serving() as liar,
            sharing([device(liar.port, unit) for unit in (1, 2)]) as (first, dead),
        ):
            await dead.until(lambda: dead.connector.health.is_silent)
            await first.more_readings(20)
            assert dead.connector.health.is_probed
            assert first.connector.health.connected_since_us is not None
            liar.lie = None
            dead.connector.try_now()
            await dead.more_readings(5)
            assert not dead.connector.health.is_probed
        lost, back = [record.getMessage() for record in caplog.records if record.name == "connectors.modbus_log"]
        assert lost.startswith(f"unit2 (127.0.0.1:{liar.port}): not read: unit 2, holding 0 (r0): ")
        assert back == f"unit2 (127.0.0.1:{liar.port}): unit 2 answers again"

    async def unreachable(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.unit == 2:
            writer.write(adu(request, bytes([request.function | 0x80, 11])))
        else:
            liar.tell_the_truth(request, writer)

    with caplog.at_level("INFO"):
        asyncio.run(run(silent_at(lambda request: request.unit == 2)))
        asyncio.run(run(unreachable))


def test_a_unit_that_stands_twice_is_left_alone_by_both_after_a_time_out_over_rtu() -> None:
    """The answer to the one's request comes late, just when the other could ask for as many registers."""

    async def sometimes_late(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        asked.append(request)
        if request.address == 0 and len(asked) % 5 == 0:
            late = rtu_frame(Request(0, request.unit, request.function, 0, 1, 9999))
            asyncio.get_running_loop().call_later(1.4 * TIMEOUT_S, lambda: [w.write(late) for w in writers])
        else:
            await asyncio.sleep(0.6 * TIMEOUT_S)
            liar.tell_the_truth(request, writer)

    asked: list[Request] = []
    writers: list[asyncio.StreamWriter] = []

    async def run() -> None:
        liar = LyingDevice(lie=sometimes_late, rtu=True)
        serve = liar._serve

        async def remembered(reader: Any, writer: Any) -> None:
            writers.append(writer)
            await serve(reader, writer)

        liar._serve = remembered  # type: ignore[method-assign]
        async with liar.serving():
            keys: dict[str, Any] = {"transport": "rtu-over-tcp", "poll_s": 0.1}
            fast = device(liar.port, addresses=(0,), **keys)
            slow = device(liar.port, addresses=(500,), **keys).model_copy(update={"id": "slow"})
            async with sharing([fast, slow]) as (_, other):
                await other.more_readings(8, within_s=60)
            assert 9999 not in {value for _, _, value, _ in other.good()}

    asyncio.run(run())


def test_several_silent_blocks_are_no_outage_and_all_of_them_are_found() -> None:
    silent = {200, 400}

    async def run() -> None:
        async with LyingDevice(lie=silent_at(lambda request: request.address in silent)).serving() as liar:
            one = device(liar.port, addresses=range(0, 600, 100), answer_timeout_s=0.1)
            async with Collected(ModbusConnector(one)) as collected:
                await collected.until(lambda: len(collected.connector.blocks) == 4, within_s=60)
                await collected.more_readings(20)
            assert collected.outages() == []
            assert all(handover.known_until_us for handover in collected.handovers)

    asyncio.run(run())


def test_a_device_that_never_answers_its_one_block_is_read_without_the_register_at_fault() -> None:
    def swallowed(request: Request) -> bool:
        return request.address <= 3 < request.address + request.count

    async def run() -> None:
        async with LyingDevice(lie=silent_at(swallowed)).serving() as liar:
            one = device(liar.port, addresses=range(8), answer_timeout_s=0.1)
            async with Collected(ModbusConnector(one)) as collected:
                wanted = {f"r{at}" for at in range(8)} - {"r3"}
                await collected.until(lambda: wanted <= {name for name, *_ in collected.good()}, within_s=60)
                await collected.until(lambda: collected.outages()[-1].end_us is not None)

    asyncio.run(run())


def test_a_device_asked_from_zero_is_read_up_to_the_register_that_it_refuses_without_end_of_questions() -> None:
    async def run() -> None:
        async with LyingDevice(lie=refusing({37})).serving() as liar:
            one = device(liar.port, addresses=range(0, 100, 5), start_at_zero=True)
            async with Collected(ModbusConnector(one)) as collected:
                await collected.until(lambda: collected.connector.health.polls >= 12)
            assert {name for name, *_ in collected.good()} == {f"r{at}" for at in range(0, 37, 5)}
            assert len(liar.requests) < 12 * 12

    asyncio.run(run())


def test_all_that_a_stopped_controller_refused_is_read_again_once_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_quarantine, "RETRY_FIRST_S", 30.0)

    async def run() -> None:
        async with (
            LyingDevice(lie=refusing(set(range(1000)), code=4)).serving() as liar,
            Collected(ModbusConnector(device(liar.port, addresses=range(0, 40, 2)))) as collected,
        ):
            await collected.until(lambda: collected.connector.blocks == ())
            liar.lie = None
            polls = collected.connector.health.polls
            await collected.until(lambda: len({name for name, *_ in collected.good()}) == 20)
            assert collected.connector.health.polls - polls <= 5

    asyncio.run(run())


def test_a_first_poll_that_reaches_over_a_slot_is_no_gap() -> None:
    async def slowly(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        liar.tell_the_truth(request, writer)

    async def run() -> None:
        async with LyingDevice(lie=slowly).serving() as liar, contextlib.AsyncExitStack() as stack:
            one = device(liar.port, poll_s=0.6, answer_timeout_s=2.0)
            devices = [one.model_copy(update={"id": f"d{n}"}) for n in range(8)]
            all_of_them = [await stack.enter_async_context(Collected(ModbusConnector(one))) for one in devices]
            for collected in all_of_them:
                await collected.until(lambda collected=collected: len(collected.good()) >= 2)
            assert [gap for collected in all_of_them for gap in collected.gaps()] == []

    asyncio.run(run())


def test_a_shared_connection_that_died_while_idle_costs_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "IDLE_S", 0.2)
    dead: list[asyncio.StreamWriter] = []

    async def first_connection_dies(liar: LyingDevice, request: Request, writer: asyncio.StreamWriter) -> None:
        if writer not in dead:
            liar.tell_the_truth(request, writer)
        if liar.answers == 2 and not dead:
            dead.append(writer)

    async def run() -> None:
        async with LyingDevice(lie=first_connection_dies).serving() as liar:
            keys: dict[str, Any] = {"poll_s": 1.5, "answer_timeout_s": 0.3}
            async with sharing([device(liar.port, unit, **keys) for unit in (1, 2)]) as units:
                for one in units:
                    await one.more_readings(3)
                    assert one.outages() == []
            assert dead
            assert liar.connections == 2

    asyncio.run(run())


def test_a_device_without_tags_is_not_known_to_be_well() -> None:
    async def run() -> None:
        connector = ModbusConnector(device(1, addresses=()))
        async with Collected(connector) as collected:
            await asyncio.sleep(0.2)
            assert collected.handovers == []
            assert connector.health.last_good_us is None

    asyncio.run(run())
