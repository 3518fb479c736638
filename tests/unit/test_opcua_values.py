"""DataValues to readings."""

import math
import struct
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import from_binary

from config.tags import OpcUaTag
from connectors.opcua_values import ABSENT, Decoder, TagValues, kpi_times, sample, timestamp
from plant.status_code import parse_status

T = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
T_US = 1_795_309_323_456_789
S = 1_000_000


def tag(role: str = "other", **settings: Any) -> OpcUaTag:
    return OpcUaTag.model_validate({"name": "t", "work_unit": "w", "role": role, "node": "i=1"} | settings)


def understood(value: Any, role: str = "other", status: int = 0, **settings: Any) -> tuple[float, str, str | None]:
    number, code, text = TagValues.of(tag(role, **settings)).understand(value, status)
    names = {parse_status(name): name for name in ("Good", "BadNoData", "BadOutOfRange", "BadTypeMismatch")}
    return number, names.get(code, hex(code)), text


@pytest.mark.parametrize("value", [2**53, -(2**53), 0, 1.5, True])
def test_numbers_are_kept(value: Any) -> None:
    assert understood(value) == (float(value), "Good", None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (2**53 + 1, "BadOutOfRange"),
        (-(2**63), "BadOutOfRange"),
        (math.inf, "BadOutOfRange"),
        (math.nan, "BadOutOfRange"),
        (None, "BadNoData"),
        ("text", "BadTypeMismatch"),
        ([1, 2], "BadTypeMismatch"),
        (b"x", "BadTypeMismatch"),
        (T, "BadTypeMismatch"),
    ],
)
def test_what_is_no_number_is_bad(value: Any, why: str) -> None:
    number, status, text = understood(value)
    assert math.isnan(number)
    assert (status, text) == (why, None)


def test_scale_and_offset_come_before_the_unit_of_storage() -> None:
    assert understood(300, "energy_import", unit="Wh", scale=10, offset=500)[0] == 3.5
    assert understood(212.0, "temperature", unit="degF")[0] == pytest.approx(100.0)


def test_states_have_numbers_or_names() -> None:
    states = {4: "Executing", 7: "Setup"}
    assert understood(7, "state", states=states) == (7.0, "Good", None)
    assert understood("Executing", "state", states=states) == (4.0, "Good", None)
    assert understood(ua.LocalizedText("Setup"), "state", states=states) == (7.0, "Good", None)
    assert understood("Melting", "state", states=states)[1] == "BadOutOfRange"


def test_texts_are_texts_even_where_they_are_numbers() -> None:
    assert understood("A-1", "order_id") == (0.0, "Good", "A-1")
    assert understood(4711, "order_id") == (0.0, "Good", "4711")
    assert understood(None, "order_id")[1:] == ("BadNoData", None)
    assert understood(1.5, "order_id")[1:] == ("BadTypeMismatch", None)


def test_bad_status_drops_the_value_and_uncertain_keeps_it() -> None:
    bad, uncertain = parse_status("BadSensorFailure"), parse_status("UncertainLastUsableValue")
    assert understood("A-1", "order_id", status=bad)[1:] == (hex(bad), None)
    assert math.isnan(understood(1.0, status=bad)[0])
    assert understood(1.0, status=uncertain) == (1.0, hex(uncertain), None)


@pytest.mark.parametrize(
    ("given", "kept", "overflowed"),
    [
        (0x480, 0x0, True),
        (0x780, 0x700, True),
        (0x80, 0x80, False),
        (0x400, 0x400, False),
        (0x40900480, 0x40900000, True),
    ],
)
def test_an_overflowed_queue_is_told_apart_from_the_value(given: int, kept: int, overflowed: bool) -> None:
    data = ua.DataValue(ua.Variant(1.0), ua.StatusCode(ua.UInt32(given)), T)
    read = sample(0, TagValues.of(tag()), data, first=False)
    assert (read.status, read.overflowed, read.source_us) == (kept, overflowed, T_US)


def test_the_ends_of_the_range_of_times_mean_no_time() -> None:
    ends = datetime(1601, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert [timestamp(given) for given in (None, *ends)] == [ABSENT] * 3
    assert timestamp(T) == T_US


@pytest.mark.parametrize(
    ("source", "server", "first", "time", "offset"),
    [
        (T_US - 9 * S, T_US - S, False, T_US - 9 * S, 0),
        (ABSENT, T_US - S, False, T_US - S, 0),
        (ABSENT, ABSENT, False, T_US, 0),
        (T_US - 90 * S, ABSENT, False, T_US - 90 * S, 0),
        (T_US + 61 * S, T_US + 61 * S, False, T_US, 61 * S),
        (T_US + 61 * S, T_US + 61 * S, True, T_US, 61 * S),
        (T_US - 90 * S, T_US - 90 * S, False, T_US, -90 * S),
        (T_US - 90 * S, T_US - 90 * S, True, T_US - 90 * S, 0),  # an old value read again
        (T_US - 65 * S, T_US - 65 * S, False, T_US - 65 * S, 0),  # waited in the queue since the message before
        (ABSENT, T_US + 61 * S, False, T_US, 61 * S),
    ],
)
def test_the_time_of_a_reading(source: int, server: int, first: bool, time: int, offset: int) -> None:
    columns = np.array([source], dtype=np.int64), np.array([server], dtype=np.int64)
    times, offsets = kpi_times(*columns, np.array([first]), T_US, T_US - 10 * S, 60 * S)
    assert (times.tolist(), offsets.tolist()) == ([time], [offset])


def test_a_batch_has_a_value_exactly_where_it_is_not_bad() -> None:
    decoder = Decoder("press", (tag(), tag("order_id")), 60.0)
    data = [ua.DataValue(ua.Variant(value), SourceTimestamp=T) for value in (1.0, None)]
    samples = [decoder.sample(0, given, first=False) for given in data]
    samples += [
        decoder.sample(1, ua.DataValue(ua.Variant("A-1"), SourceTimestamp=T), first=False),
        decoder.bad(1, 2**31),
    ]
    batch = decoder.batch(samples, T_US + 5, T_US, snapshot=True)
    assert np.isnan(batch.values).tolist() == [False, True, False, True]
    assert (batch.status >= 2**31).tolist() == [False, True, False, True]
    assert batch.texts == {2: "A-1"}
    assert batch.tags.tolist() == [0, 0, 1, 1]
    assert batch.times_us.tolist() == [T_US, T_US, T_US, T_US + 5]
    assert (batch.device, batch.received_us, batch.snapshot) == ("press", T_US + 5, True)


def test_a_server_time_beside_source_picoseconds_is_left_out_since_asyncua_misreads_it() -> None:
    source_ticks = 10 * (T_US + 11_644_473_600_000_000)
    server_ticks = 0x01DC_01D0_0000_0000  # in 2025; two bytes on it is a time in 2013, not one beyond DateTime's range
    value = b"\x0b" + struct.pack("<d", 1.5)
    wire = (
        b"\x1d" + value + struct.pack("<qHq", source_ticks, 7, server_ticks)
    )  # OPC 10000-6 5.2.2.17: value, source, server
    data = from_binary(ua.DataValue, Buffer(wire))
    got = sample(0, TagValues.of(tag()), data, True)
    assert (got.value, got.source_us, got.server_us) == (1.5, T_US, ABSENT)
