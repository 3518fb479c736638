"""Does a message cost bounded memory, whatever counts it states? And is everything sound still understood?"""

import contextlib
import struct
import tracemalloc
from datetime import UTC, datetime

import pytest
from asyncua import ua
from asyncua.common.utils import NotEnoughData
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from asyncua.ua.uaerrors import BadResponseTooLarge

from connectors import opcua_octets
from connectors.opcua_octets import Octets

MANY = 20_000
NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
NO_DIAGNOSTICS = struct.pack("<i", -1)
EMPTY = struct_to_binary(ua.ReadResponse())[:-8]


def count(number: int) -> bytes:
    return struct.pack("<i", number)


def array(kind: int, elements: bytes, number: int = MANY) -> bytes:
    return count(1) + bytes([1, 0x80 | kind]) + count(number) + elements


LIES = {
    "values of a byte": count(MANY) + b"\0" * MANY,
    "values of nothing": count(MANY) + b"\1\0" * MANY,
    "statuses": count(MANY) + b"\2\1\1\1\1" * MANY,
    "an array of bytes": array(3, bytes(MANY)),
    "an array of numbers": array(4, b"\1\7" * MANY),
    "an array of values": array(23, bytes(MANY)),
    "an array of texts": array(12, count(1) * MANY),
    "an array of structures": array(22, bytes(3 * MANY)),
    "an array of nothing": array(0, bytes(MANY)),
    "arrays of no element with many dimensions": count(100) + (b"\1\xc6" + count(0) + count(1) + count(MANY)) * 100,
    "dimensions with a zero": count(100) + (b"\1\xc6" + count(0) + count(2) + count(MANY) + count(0)) * 100,
}


def read(octets: bytes) -> ua.ReadResponse:
    response: ua.ReadResponse = struct_from_binary(ua.ReadResponse, Octets(octets))
    return response


@pytest.mark.parametrize("name", LIES)
def test_no_count_makes_more_objects_than_a_message_may(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read(EMPTY + count(0) + NO_DIAGNOSTICS)  # asyncua's decoders are made once
    monkeypatch.setattr(opcua_octets, "MOST_OBJECT_BYTES", 400_000)
    octets = EMPTY + LIES[name] + NO_DIAGNOSTICS
    tracemalloc.start()
    try:
        with contextlib.suppress(BadResponseTooLarge, NotEnoughData):
            read(octets)
        assert tracemalloc.get_traced_memory()[1] < 600_000
    finally:
        tracemalloc.stop()


def test_a_negative_length_ends_it() -> None:
    with pytest.raises(NotEnoughData):
        Octets(b"12345678").read(-1)


def test_what_a_call_may_bring_is_understood() -> None:
    values = [ua.DataValue(ua.Variant(float(at)), SourceTimestamp=NOW, ServerTimestamp=NOW) for at in range(1000)]
    values[7] = ua.DataValue(ua.Variant([1.5] * 100_000))
    values[8] = ua.DataValue(ua.Variant("x" * 10_000_000))
    values[9] = ua.DataValue(ua.Variant([[1, 2, 3], [4, 5, 6]], ua.VariantType.Int32))
    found = read(struct_to_binary(ua.ReadResponse(Results=values))).Results
    assert [each.Value for each in found] == [each.Value for each in values]


def test_an_array_whose_dimensions_are_not_its_own_stays_as_it_came() -> None:
    for dimensions in ([4, 4], [0], [-1, -6], [6] + [1] * 2000):
        given = count(1) + b"\1\xc6" + count(6) + bytes(24) + count(len(dimensions)) + b"".join(map(count, dimensions))
        (value,) = read(EMPTY + given + NO_DIAGNOSTICS).Results
        assert value.Value is not None
        assert value.Value.Value == [0] * 6
