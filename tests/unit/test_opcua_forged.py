"""Is a notification that was changed on its way ever believed to say what asyncua does not find in it?"""

import random
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from config.devices import OpcUaDevice
from connectors.opcua_columns import TagColumns
from connectors.opcua_layout import Layouts
from connectors.opcua_message import NotUnderstoodError, PublishAnswer, as_objects, publish_answer
from connectors.opcua_notification import notified
from connectors.opcua_octets import Octets
from connectors.opcua_values import Decoder, Samples

NOW = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
ROLES = [{"role": "other"}, {"role": "alarm"}, {"role": "state", "states": {0: "NotExecuting", 1: "Executing"}}]
DEVICE = OpcUaDevice.model_validate(
    {
        "id": "press",
        "protocol": "opcua",
        "endpoint": "opc.tcp://127.0.0.1:4840",
        "security": "none",
        "tags": [
            {"name": f"t{at}", "work_unit": "w", "node": f"ns=1;s=T{at}", **role} for at, role in enumerate(ROLES * 4)
        ],
    }
)
DECODER = Decoder(DEVICE.id, DEVICE.tags, 60.0)
VALUES = (1.5, 7, "Executing", True, -3, None, 2**60, "x", float("nan"), float("inf"), 0, 2.5)


def body(*values: Any) -> bytes:
    items = []
    for row, value in enumerate(values):
        kind = ua.VariantType.UInt64 if value == 2**60 else None
        status = ua.StatusCode(ua.UInt32(0x480 if row == 3 else 0))
        items.append(ua.MonitoredItemNotification(row, ua.DataValue(ua.Variant(value, kind), status, NOW, NOW)))
    return bytes(struct_to_binary(ua.DataChangeNotification(items)))


def columns(octets: bytes, layouts: Layouts) -> Samples | None:
    items = notified(octets, layouts)
    return None if items is None else TagColumns(DECODER.values, ()).understood(items)


def objects(octets: bytes) -> Samples:
    change = struct_from_binary(ua.DataChangeNotification, Octets(octets))
    rows = [item for item in change.MonitoredItems if item.ClientHandle < len(DEVICE.tags)]
    return Samples.of([DECODER.sample(item.ClientHandle, item.Value, first=False) for item in rows])


def has_picoseconds(octets: bytes) -> bool:
    """asyncua reads them in the wrong order: its answer is none then."""
    change = struct_from_binary(ua.DataChangeNotification, Octets(octets))
    each = [item.Value for item in change.MonitoredItems]
    return any(one.SourcePicoseconds is not None or one.ServerPicoseconds is not None for one in each)


def same(found: Samples, expected: Samples) -> bool:
    names = ("rows", "source_us", "server_us", "status", "overflowed", "values")
    pairs = [(getattr(found, name), getattr(expected, name)) for name in names]
    return found.texts == expected.texts and all(
        np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f") for ours, theirs in pairs
    )


def changed(octets: bytes) -> Iterator[bytes]:
    for at, byte in enumerate(octets):
        for new in {byte ^ 0x80, random.Random(at).randrange(256)} - {byte}:
            yield octets[:at] + bytes([new]) + octets[at + 1 :]


@pytest.mark.parametrize("values", [VALUES, (1.5,) * 12], ids=["walked", "of one layout"])
def test_a_changed_notification_says_what_asyncua_finds_in_it_or_nothing(values: tuple[Any, ...]) -> None:
    layouts, whole = Layouts(), body(*values)
    compared = 0
    for octets in changed(whole):
        assert columns(whole, layouts) is not None  # its layout is known
        found = columns(octets, layouts)
        if found is None:
            continue
        try:
            expected = objects(octets)
        except Exception:  # what asyncua cannot read: times beyond its calendar, for one
            continue
        if not has_picoseconds(octets):
            compared += 1
            assert same(found, expected), octets.hex()
    assert compared > len(whole) // 3


def test_a_changed_answer_is_understood_or_refused_and_nothing_else() -> None:
    response = ua.PublishResponse()
    head = bytes.fromhex("01003d03") + struct_to_binary(response)[4:28]
    whole = head + struct.pack("<IiBIqi", 7, 0, 0, 5, 10**17, 2)
    for values in (VALUES, (1.5,) * 12):
        part = body(*values)
        whole += bytes.fromhex("01002b0301") + struct.pack("<i", len(part)) + part
    whole += bytes(8)
    assert len(publish_answer(whole).bodies) == 2
    for octets in changed(whole):
        answer = answered(octets)
        if answer is None:
            continue
        try:
            as_objects(answer)
        except NotUnderstoodError:
            continue


def answered(octets: bytes) -> PublishAnswer | None:
    try:
        return publish_answer(octets)
    except (NotUnderstoodError, ua.UaStatusCodeError):
        return None
