"""The bytes of a DataChangeNotification: every mask and type, as asyncua's decoder, mutated and cut short."""

import contextlib
import math
import random
import tracemalloc
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from hypothesis import given, settings
from hypothesis import strategies as st

from config.tags import OpcUaTag
from connectors.opcua_columns import TagColumns
from connectors.opcua_layout import Layouts
from connectors.opcua_message import NotUnderstoodError, PublishAnswer, as_objects
from connectors.opcua_notification import NULL, Notified, notified
from connectors.opcua_text import LONGEST_TEXT
from connectors.opcua_values import ABSENT, Decoder, Samples
from tests.unit.notification_octets import FORMS, STRING, body, item, variant

TICKS = 134_397_829_234_567_890
US = TICKS // 10 - 11_644_473_600_000_000
TAGS = tuple(
    OpcUaTag.model_validate({"name": f"t{row}", "work_unit": "w", "role": "other", "node": f"i={row + 1}"} | extra)
    for row, extra in enumerate(
        (
            {},
            {"scale": 10, "offset": 500},
            {"role": "state", "states": {4: "Executing", 7: "Setup"}},
            {"role": "order_id"},
        )
    )
)
DECODER = Decoder("press", TAGS, 60.0)
COLUMNS = TagColumns(DECODER.values, DECODER.parts)


def read(octets: bytes, layouts: Layouts | None = None) -> Notified:
    found = notified(octets, layouts or Layouts())
    assert found is not None
    return found


def by_objects(octets: bytes) -> Samples:
    data: Any = as_objects(PublishAnswer(1, 1, False, 0, (octets,))).NotificationData[0]
    return Samples.of(
        [
            DECODER.sample(each.ClientHandle, each.Value, first=False)
            for each in data.MonitoredItems
            if each.ClientHandle < 4
        ]
    )


def same(one: Samples, other: Samples) -> None:
    assert one.rows.tolist() == other.rows.tolist()
    assert one.source_us.tolist() == other.source_us.tolist()
    assert one.server_us.tolist() == other.server_us.tolist()
    assert one.values.view(np.int64).tolist() == other.values.view(np.int64).tolist()
    assert one.status.tolist() == other.status.tolist()
    assert one.overflowed.tolist() == other.overflowed.tolist()
    assert one.texts == other.texts


@pytest.mark.parametrize("mask", range(0x40))
def test_every_part_of_a_value_may_be_there_or_not(mask: int) -> None:
    before, after = item(7, 1, variant(11, 1.5)), item(9, 1, variant(6, -3))
    found = read(body([before, item(8, mask, variant(11, 2.5), 0x40000000, TICKS, TICKS + 10), after]))
    assert found.handles.tolist() == [7, 8, 9]
    assert found.values.tolist() == [1.5, 2.5 if mask & 1 else 0.0, -3.0]
    assert (found.what[1] == NULL) == (not mask & 1)
    assert found.status[1] == (0x40000000 if mask & 2 else 0)
    assert found.source[1] == (TICKS if mask & 4 else 0)
    assert found.server[1] == (TICKS + 10 if mask & 8 else 0)


def test_a_value_of_a_running_machine_byte_by_byte() -> None:
    octets = bytes.fromhex(
        "01000000"  # one item
        "05000000 3f"  # handle 5, all parts
        "0b 0000000000002940"  # Double 12.5
        "00009040"  # UncertainLastUsableValue
        "d2c2f8cd9179dd01 4d00"  # source and picoseconds
        "dcc2f8cd9179dd01 5800"  # server and picoseconds
        "00000000"  # no DiagnosticInfos
    )
    found = read(octets)
    assert (found.handles[0], found.values[0], found.status[0]) == (5, 12.5, 0x40900000)
    assert found.server[0] - found.source[0] == 10


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((1, True), (2, -128), (3, 255), (4, -32768), (5, 65535), (6, -(2**31)), (7, 2**32 - 1)),
        *((8, 2**53), (9, 2**53), (10, 0.5), (11, -1e300)),
    ],
)
def test_every_type_of_number(kind: int, value: float) -> None:
    assert read(body([item(0, 1, variant(kind, value))])).values.tolist() == [float(value)]


ITEMS = st.builds(
    lambda handle, mask, value, status, source, server: item(handle, mask, variant(*value), status, source, server),
    st.integers(0, 5),
    st.integers(0, 0x3F).filter(lambda mask: not mask & 0x10),  # asyncua reads these in the wrong order
    st.one_of(
        st.tuples(st.just(1), st.booleans()),
        st.tuples(st.just(3), st.integers(0, 255)),
        st.tuples(st.just(6), st.integers(-(2**31), 2**31 - 1)),
        st.tuples(st.just(8), st.integers(-(2**63), 2**63 - 1)),
        st.tuples(st.just(9), st.integers(0, 2**64 - 1)),
        st.tuples(st.just(10), st.floats(width=32)),
        st.tuples(st.just(11), st.floats()),
        st.tuples(st.just(0), st.none()),
        st.tuples(st.just(13), st.integers(0, 2**62)),
        st.tuples(st.just(STRING), st.one_of(st.none(), st.binary(), st.sampled_from([b"Setup", b"Executing"]))),
    ),
    st.sampled_from([0, 0x40900000, 0x80350000, 0x480, 0x780, 0x80, 0x40900480]),
    st.sampled_from([0, -1, TICKS, 2**63 - 1, 864_000_000_000 * 365, 2_650_467_743_990_000_000]),
    st.sampled_from([0, TICKS + 10]),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(ITEMS, max_size=12))
def test_values_are_those_that_asyncua_reads(items: list[bytes]) -> None:
    octets = body(items)
    found = COLUMNS.understood(read(octets))
    if found is not None:
        same(found, by_objects(octets))


@settings(max_examples=40, deadline=None)
@given(st.lists(ITEMS, min_size=8, max_size=20), st.randoms(use_true_random=False))
def test_a_remembered_layout_changes_nothing(items: list[bytes], chance: random.Random) -> None:
    octets = bytearray(body(items))
    layouts = Layouts()
    read(bytes(octets), layouts)
    for _ in range(5):
        octets[chance.randrange(4, len(octets) - 4)] = chance.randrange(256)
        again, walked = notified(bytes(octets), layouts), notified(bytes(octets), Layouts())
        assert (again is None) == (walked is None)
        if again is not None and walked is not None:
            with np.errstate(invalid="ignore"):
                for name in ("handles", "what", "status", "source", "server"):
                    assert getattr(again, name).tolist() == getattr(walked, name).tolist()
                np.testing.assert_array_equal(again.values, walked.values)
            assert again.texts == walked.texts


def test_a_layout_is_found_again_and_a_changed_type_is_noticed() -> None:
    layouts = Layouts()
    octets = body(item(at, 0x0D, variant(11, 1.0 * at), 0, TICKS, TICKS) for at in range(20))
    read(octets, layouts)
    assert layouts.of(octets) is not None
    changed = octets[:9] + b"\x08" + octets[10:]  # Int64 in place of Double
    assert layouts.of(changed) is None
    assert read(changed, layouts).values.tolist() == read(changed).values.tolist()


@settings(max_examples=120, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_mutated_and_truncated_bytes_are_understood_or_refused(items: list[bytes], chance: random.Random) -> None:
    octets = bytearray(body(items))
    for _ in range(chance.randrange(1, 4)):
        octets[chance.randrange(len(octets))] = chance.choice([0, 0x7F, 0x80, 0xFF, chance.randrange(256)])
    cut = bytes(octets[: chance.randrange(len(octets) + 1)])
    for broken in (bytes(octets), cut):
        found = notified(broken, Layouts())
        if found is not None:
            COLUMNS.understood(found)
        with contextlib.suppress(NotUnderstoodError):
            as_objects(PublishAnswer(1, 1, False, 0, (broken,)))


@pytest.mark.parametrize(
    "octets",
    [
        b"\xff\xff\xff\x7f" + item(0, 1, variant(11, 1.0)) + b"\0\0\0\0",
        body([item(0, 1, b"\x80\xff\xff\xff\x7f")]),  # an array of 2^31 nothings
        body([item(0, 1, b"\x8c\xff\xff\xff\x7f" + b"\xfc\xff\xff\xff" * 3)]),  # texts that wind back
        body([item(0, 1, b"\x0c\xff\xff\xff\x7f")]),
        body([item(0, 1, b"\x8b\xff\xff\xff\x7f")]),
    ],
    ids=["items", "nothings", "texts", "text", "numbers"],
)
def test_a_forged_count_costs_no_memory(octets: bytes) -> None:
    tracemalloc.start()
    try:
        assert notified(octets, Layouts()) is None
        with pytest.raises(NotUnderstoodError):
            as_objects(PublishAnswer(1, 1, False, 0, (octets,)))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_texts_are_cut_and_cleaned_alike_however_they_are_read() -> None:
    poison = [
        b"\xed\xa0\x80 \xff",
        b"Gr\xfcn",
        "Grün 초".encode(),
        b"x" * 10_000_000,
        "초".encode() * 4097,
        b"y" * 4096,
    ]
    octets = body(item(3, 1, variant(STRING, text)) for text in poison)
    found = COLUMNS.understood(read(octets))
    assert found is not None
    same(found, by_objects(octets))
    assert [found.texts[at] for at in (0, 1, 2)] == ["\ufffd\ufffd\ufffd \ufffd", "Gr\ufffdn", "Grün 초"]
    assert [len(found.texts[at]) for at in (3, 4, 5)] == [LONGEST_TEXT] * 3
    assert [found.texts[at][-1] for at in (3, 4, 5)] == ["…", "…", "y"]
    assert found.status.tolist() == [0] * 6
    for text in found.texts.values():
        text.encode()


def test_what_no_tag_understands_is_bad_and_times_without_meaning_are_none() -> None:
    octets = body(
        [
            item(0, 0x0D, variant(13, TICKS), 0, TICKS, 0),
            item(0, 0x05, variant(9, 2**53 + 1), 0, 2**63 - 1),
            item(0, 0x01, variant(11, math.inf)),
            item(0, 0x01, variant(STRING, b"12")),
        ]
    )
    found = COLUMNS.understood(read(octets))
    assert found is not None
    assert found.status.tolist() == [0x80740000, 0x803C0000, 0x803C0000, 0x80740000]
    assert found.source_us.tolist() == [US, ABSENT, ABSENT, ABSENT]
    assert np.isnan(found.values).all()


def test_an_integer_that_no_column_holds_is_still_a_text() -> None:
    octets = body([item(3, 1, variant(8, 2**53 + 1))])
    assert COLUMNS.understood(read(octets)) is None
    assert by_objects(octets).texts == {0: "9007199254740993"}


def test_items_of_no_tag_are_left_out() -> None:
    found = COLUMNS.understood(
        read(body([item(9, 1, variant(6, 1)), item(3, 1, variant(STRING, b"A")), item(0, 1, variant(6, 2))]))
    )
    assert found is not None
    assert (found.rows.tolist(), found.texts) == ([3, 0], {0: "A"})


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_an_array_is_for_the_objects(kind: int) -> None:
    assert notified(body([item(0, 1, bytes([kind | 0x80]) + b"\0\0\0\0")]), Layouts()) is None


def test_a_tag_that_is_a_part_of_a_value_is_for_the_objects() -> None:
    parted = TagColumns(DECODER.values, {0})
    assert parted.understood(read(body([item(0, 1, variant(6, 1))]))) is None
    assert parted.understood(read(body([item(1, 1, variant(6, 1))]))) is not None
    assert ua.VariantType.String.value == STRING
