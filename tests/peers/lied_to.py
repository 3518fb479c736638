"""A Modbus reader that is lied to, by many devices at once, until each has told enough; then the truth alone."""

import asyncio
import contextlib
import importlib.util
import math
import random
import time
from contextlib import AsyncExitStack

from liar import FUNCTIONS, Judge, Liar, Pulse
from lies import Wire

from config.devices import ModbusDevice
from connectors.modbus import ModbusConnector

TCP, GATEWAY, RTU = Wire(), Wire(ids=False), Wire(rtu=True)


def tag(name, table, address, kind=None, **keys):
    kind = {"type": kind} if kind else {}
    return {"name": name, "work_unit": "w", "role": "other", "table": table, "address": address, **kind, **keys}


EQUAL = (
    *(tag(f"h{at}", "holding", at, "uint32") for at in (0, 2, 4, 8)),
    *(tag(f"h{at}", "holding", at, "uint32", order="CDAB") for at in (500, 502, 508)),
    *(tag(f"i{at}", "input", at, "uint16") for at in (0, 1, 2, 9)),
)
"""Three blocks of ten registers each: the answer to one has the size of the answers to the others."""
BITS = (
    *(tag(f"c{at}", "coil", at) for at in range(40)),
    *(tag(f"d{at}", "discrete", at) for at in range(40)),
    *(tag(f"b{at}", "holding", 7, "bool", bit=at) for at in range(16)),
    tag("beside", "holding", 8, "uint32"),
)
"""Bits alone can be right by chance; all of a block cannot."""
SIZES = (
    *(tag(f"l{at}", "holding", at, "uint32") for at in range(0, 125, 13)),
    *(tag(f"s{at}", "holding", at, "uint16") for at in (1000, 2000, 3000)),
    *(tag(f"i{at}", "input", at, "uint32") for at in (40, 44, 60)),
)
"""The longest block but a few registers, blocks of one register, one between."""
MAPS = (EQUAL, BITS, SIZES)


def device(liar: Liar, tags, patience, poll_s=0.01, **keys) -> ModbusDevice:
    where = {"host": "127.0.0.1", "port": liar.port, "transport": "rtu-over-tcp" if liar.wire.rtu else "tcp"}
    if liar.serial:
        where = {"transport": "rtu", "serial_port": liar.serial_port, "baudrate": 115200, "parity": "none"}
    settings = where | patience | {"poll_s": poll_s, "tags": tags} | keys
    return ModbusDevice(id=f"d{liar.seed}-{keys.get('unit', 1)}", protocol="modbus", **settings)


def impatient(monkeypatch, patience_s: float) -> dict[str, float]:
    """Settings of a device that is waited for no longer than this; pauses that grow are kept short."""
    for module, name, seconds in (
        ("modbus", "BACKOFF_MAX_S", 0.05),
        ("modbus_line", "BACKOFF_MAX_S", 0.05),
        ("modbus_link", "ANSWER_TIMEOUT_S", patience_s),
        ("modbus_breaker", "MOST_S", 0.05),
        ("modbus_breaker", "PROBE_S", 0.1),
        ("modbus_quarantine", "RETRY_FIRST_S", 0.2),
    ):
        if importlib.util.find_spec(f"connectors.{module}") is not None:
            monkeypatch.setattr(importlib.import_module(f"connectors.{module}"), name, seconds, raising=False)
    return {"answer_timeout_s": patience_s} if "answer_timeout_s" in ModbusDevice.model_fields else {}


def _note_samples(connector, judge: Judge) -> None:
    """A silent device is asked for one value to see whether it is there; the poll behind that brings all."""
    sampled = connector._sampled

    async def noted(poll):
        block = connector._quarantine.sample(connector._breaker.misses)
        if answered := await sampled(poll):
            judge.samples.add((FUNCTIONS[block.table], block.address, block.count))
        return answered

    connector._sampled = noted


async def _read(liar: Liar, judge: Judge, connector, lies: int, requests: int) -> tuple[int, float]:
    """Read until there were enough lies, then until all tags came three polls in a row.

    How many polls brought every tag until then, and how long that took [s].
    """
    sound = whole_polls = known_us = 0
    begun_s = time.monotonic()
    _note_samples(connector, judge)
    async with contextlib.aclosing(connector.batches()) as batches:
        async for handover in batches:
            judge.take(handover)
            known_us = handover.known_until_us or known_us
            batch = handover.batch
            whole = batch is not None and len(batch) == len(judge.tags) and not any(map(math.isnan, batch.values))
            whole_polls += whole
            enough = liar.lies >= lies and liar.generation >= requests
            if not liar.honest and not enough:
                continue
            liar.honest, liar.noise = True, 0.0
            sound = sound + 1 if whole else 0
            if sound == 3:
                break
    judge.end(known_us)
    return whole_polls, time.monotonic() - begun_s


def devices(wire: Wire, count: int, patience_s: float, seed: int = 0, **keys) -> list[Liar]:
    """Devices that take turns in telling every kind of answer."""
    deck: list[str] = []
    return [Liar(wire, seed + row, patience_s, deck=deck, **keys) for row in range(count)]


async def lied_to(
    liars, patience, within_s, lies=0, requests=0, poll_s=0.01, kept=None, lines=None, **keys
) -> list[Judge]:
    """What the judges found; raises TimeoutError where a reader did not get over it.

    lines: what devices share their connections by; each has two units then. kept: takes for each reader how many polls
    brought every tag and how many slots there were. keys: of the devices' settings.
    """
    async with AsyncExitStack() as stack:
        judges, reading, pulse = [], [], Pulse(0.3 * liars[0].patience_s)
        beating = asyncio.create_task(pulse.beat())
        stack.callback(beating.cancel)
        for liar in liars:
            await stack.enter_async_context(liar.on_a_line() if liar.serial else liar.serving())
            for unit in (1, 2) if lines else (1,):
                settings = device(liar, MAPS[(liar.seed + unit) % len(MAPS)], patience, poll_s, unit=unit, **keys)
                connector = ModbusConnector(settings, lines) if lines else ModbusConnector(settings)
                judges.append(Judge(liar, settings.tags, pulse, unit))
                reading.append(_read(liar, judges[-1], connector, lies, requests))
        async with asyncio.timeout(within_s):
            polls = await asyncio.gather(*reading)
    if kept is not None:
        kept += [(whole, 1 + took_s / poll_s) for whole, took_s in polls]
    return judges


def judged(judges):
    """What must be so after every run: no value that was not told, no truth lost but by a wait that was too long."""
    wrong = [found for judge in judges for found in judge.wrong]
    missing = [found for judge in judges for found in judge.missing]
    assert not wrong, f"{len(wrong)} values that nobody told: {wrong[:5]}"
    assert not missing, f"{len(missing)} true answers that became no value: {missing[:5]}"
    true = sum(judge.true for judge in judges)
    assert true > 100
    assert sum(judge.late for judge in judges) <= 0.05 * true
    assert {function for judge in judges for function in judge.liar.functions} <= {1, 2, 3, 4}


async def codes_of_random_settings(count: int, seed: int) -> set[int]:
    """Function codes that a device was asked with, by so many connectors of random settings."""
    chance = random.Random(seed)
    async with Liar(TCP, seed, 1.0, honest=True).serving() as liar:
        for _ in range(count):
            tags = [_random_tag(chance, row) for row in range(chance.randrange(1, 6))]
            settings = device(liar, tags, {}, unit=chance.randrange(1, 248))
            handover = await ModbusConnector(settings).read_once()
            assert handover.batch is not None
            assert len(handover.batch) == len(tags)
        return set(liar.functions)


def _random_tag(chance: random.Random, row: int) -> dict:
    table = chance.choice(("coil", "discrete", "holding", "input"))
    address = chance.choice((chance.randrange(65532), chance.randrange(300)))
    kind = None if table in ("coil", "discrete") else chance.choice(("uint16", "int32", "float32", "uint64", "bcd16"))
    return tag(f"t{row}", table, address, kind)
