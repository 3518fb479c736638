"""Does the Modbus reader believe a lie? A smoke run of what tests/soak does 100,000 times."""

import asyncio
import logging
import os
import random
from collections import Counter

import pytest
from liar import Judge, Liar
from lied_to import EQUAL, GATEWAY, RTU, TCP, device, devices, impatient, judged, lied_to
from lies import FALSE, WITH_IDS_FALSE, Worth, crc_is_right, kinds, rtu_frame, turned, word

from connectors.modbus import ModbusConnector
from connectors.modbus_line import Lines

PATIENCE_S = 0.2
serial_only = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo terminals on this system")


@pytest.fixture
def patience(monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL, logger="pymodbus.logging")
    return impatient(monkeypatch, PATIENCE_S)


def test_no_lie_becomes_a_value_and_no_truth_is_lost(patience):
    liars = devices(TCP, 20, PATIENCE_S) + devices(GATEWAY, 4, PATIENCE_S, 20) + devices(RTU, 16, PATIENCE_S, 24)
    judged(asyncio.run(lied_to(liars, patience, within_s=100, lies=40)))
    counts = sum((liar.counts for liar in liars), Counter())
    assert set(counts) == {*kinds(TCP), *kinds(GATEWAY), *kinds(RTU)}
    assert {name: count for name, count in counts.items() if count < 10} == {}


@pytest.mark.parametrize("wire", [TCP, GATEWAY, RTU], ids=["ids", "no ids", "rtu"])
def test_no_lie_becomes_a_value_where_two_units_share_a_connection(patience, wire):
    judged(asyncio.run(lied_to(devices(wire, 8, PATIENCE_S, 60), patience, within_s=100, lies=20, lines=Lines())))


def test_a_gateway_without_ids_that_answers_late_never_answers_the_next_request(patience):
    """Behind it are two units, so that a silent one is no reason by itself to think the connection dead."""
    others = tuple(name for name in kinds(GATEWAY) if name not in ("the truth", "the truth far too late"))
    liars = devices(GATEWAY, 8, PATIENCE_S, 80, left_out=others)
    judged(asyncio.run(lied_to(liars, patience, within_s=100, lies=4, poll_s=0.25, lines=Lines())))


def test_no_lie_becomes_a_value_with_several_requests_under_way(patience):
    judges = asyncio.run(lied_to(devices(TCP, 8, PATIENCE_S, 70), patience, within_s=100, lies=20, in_flight=4))
    assert [found for judge in judges for found in judge.wrong] == []
    # A reset behind a true answer takes it from the reader's hands.
    assert sum(len(judge.missing) for judge in judges) < 0.1 * sum(judge.true for judge in judges)


@serial_only
def test_no_lie_on_a_noisy_serial_line_becomes_a_value(patience):
    liars = devices(RTU, 12, PATIENCE_S, 40, serial=True, noise=0.0005)
    judged(asyncio.run(lied_to(liars, patience, within_s=100, lies=10)))
    assert sum((liar.counts for liar in liars), Counter()).keys() == kinds(RTU, serial=True).keys()
    assert sum(liar.damaged for liar in liars) > 10


def test_reading_once_believes_no_lie_either(patience):
    # A device that is met for the first time may be one that knows no ids; so may its lies.
    first_met = ("transaction 0 after others",)

    async def run():
        async with Liar(TCP, 1, PATIENCE_S, left_out=first_met).serving() as liar:
            judge = Judge(liar, device(liar, EQUAL, patience).tags)
            while liar.lies < 30:
                judge.take(await ModbusConnector(device(liar, EQUAL, patience)).read_once())
            return judge

    judge = asyncio.run(run())
    assert judge.wrong == []
    assert judge.values > 100


def test_the_judge_knows_a_value_that_was_not_told(patience):
    """A reader that believes everything is found out by every kind of false answer that brings it as many words."""

    async def run():
        async with Liar(TCP, 1, PATIENCE_S).serving() as liar:
            connector = ModbusConnector(device(liar, EQUAL, patience))
            judge = Judge(liar, connector._device.tags)
            batches = connector.batches()
            handover = await anext(batches)
            liar.told[1][-1].worth = Worth.FALSE
            judge.take(handover)
            await batches.aclose()
            return judge

    judge = asyncio.run(run())
    assert len(judge.wrong) == 4


def test_generations_of_an_address_never_share_a_word_and_neighbours_differ():
    assert len({word(3, 17, generation) for generation in range(65536)}) == 65536
    assert len({word(function, at, 5) for function in (3, 4) for at in range(125)}) > 240
    assert len(FALSE) + len(WITH_IDS_FALSE) >= 18


def test_check_sums_find_any_three_turned_bits_of_the_longest_frame():
    """So what noise may leave undetected takes four turned bits, and then one chance in 32,768.

    The check sum is linear: flips go unseen where the changes that each makes cancel out. Here no two are alike, and
    each has an odd number of ones, so neither two nor three can.
    """
    frame = rtu_frame(1, bytes([3, 250]) + bytes(250))
    changes = {_change(frame, place) for place in range(8 * len(frame))}
    assert len(changes) == 8 * len(frame)
    assert {change.bit_count() % 2 for change in changes} == {1}
    chance = random.Random(1)
    assert not any(crc_is_right(turned(frame, chance, bits)) for bits in (1, 2, 3) for _ in range(1000))


def _change(frame: bytes, place: int) -> int:
    damaged = (int.from_bytes(frame, "big") ^ 1 << place).to_bytes(len(frame), "big")
    right, sent = rtu_frame(damaged[0], damaged[1:-2])[-2:], damaged[-2:]
    return int.from_bytes(right, "big") ^ int.from_bytes(sent, "big")
