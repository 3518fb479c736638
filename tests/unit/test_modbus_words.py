"""The decoder against `struct`, for every type and order, and its refusals."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from modbus_poll import BAD_DEVICE_FAILURE, answers, decode, decode_one, on_the_wire, tag, words

from connectors.modbus_coding import BAD_ENCODING, BAD_OUT_OF_RANGE
from connectors.modbus_plan import plan_blocks
from connectors.modbus_words import Decoder
from plant.status_code import BAD_NO_DATA, GOOD

FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}
RANGES = {
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
FOUR = ["ABCD", "CDAB", "BADC", "DCBA"]
# Words swapped, bytes swapped, both; and orders that no rule gives.
EIGHT = ["ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA", "CDABGHEF", "EFGHABCD", "HACEGBDF"]


def numbers(kind):
    if kind in RANGES:
        low, high = RANGES[kind]
        near_limits = st.sampled_from([low, high, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1])
        return st.integers(low, high) | near_limits.filter(lambda n: low <= n <= high)
    return st.floats(width=32 if kind == "float32" else 64)


def orders(kind):
    return EIGHT if kind in ("int64", "uint64", "float64") else FOUR


@st.composite
def coded(draw):
    kind = draw(st.sampled_from(sorted(FORMATS)))
    return kind, draw(st.sampled_from(orders(kind))), draw(numbers(kind))


@given(st.lists(coded(), min_size=1, max_size=20), st.integers(0, 30))
def test_every_type_in_every_order_means_what_struct_says(items, first):
    tags, registers, at = [], {}, first
    for kind, order, number in items:
        tags.append(tag(kind, address=at, order=order))
        held = words(on_the_wire(struct.pack(FORMATS[kind], number), order))
        registers |= {at + i: word for i, word in enumerate(held)}
        at += len(held)
    values, status, _ = decode(tags, registers)
    for value, code, (kind, _, number) in zip(values, status, items, strict=True):
        if kind in RANGES and abs(number) > 2**53:
            assert code == BAD_OUT_OF_RANGE
            assert math.isnan(value)
        elif not math.isfinite(number):
            assert code == BAD_NO_DATA
            assert math.isnan(value)
        else:
            assert code == GOOD
            assert value == number


@pytest.mark.parametrize(("kind", "order"), [(k, o) for k in FORMATS for o in orders(k)])
def test_each_type_and_order_by_one_known_value(kind, order):
    number = {"float32": 0.5, "float64": -1e-300}.get(kind, 0x1234)
    held = words(on_the_wire(struct.pack(FORMATS[kind], number), order))
    assert decode_one(tag(kind, order=order), held)[:2] == (number, GOOD)


def test_64_bits_without_an_order_are_big_endian():
    assert decode_one(tag("uint64"), [0, 0, 1, 2])[0] == 65538.0


@given(st.integers(0, 9999), st.integers(0, 99_999_999), st.sampled_from(FOUR))
def test_binary_coded_decimals(small, large, order):
    for kind, number, digits in (("bcd16", small, 4), ("bcd32", large, 8)):
        held = words(on_the_wire(bytes.fromhex(f"{number:0{digits}d}"), order))
        assert decode_one(tag(kind, order=order), held)[:2] == (number, GOOD)


@pytest.mark.parametrize("word", [0x000A, 0xF000, 0x12E4])
def test_a_digit_above_nine_is_bad(word):
    value, status, _ = decode_one(tag("bcd16"), [word])
    assert (math.isnan(value), status) == (True, BAD_ENCODING)


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.sampled_from(FOUR))
def test_bits_of_a_register(word, bit, order):
    held = words(on_the_wire(word.to_bytes(2, "big"), order))
    for kind in ("bool", "uint16"):
        assert decode_one(tag(kind, bit=bit, order=order), held)[0] == (word >> bit) & 1


@pytest.mark.parametrize("table", ["coil", "discrete"])
def test_coils_and_discrete_inputs(table):
    values, status, _ = decode([tag("bool", address=a, table=table) for a in (3, 4)], {4: 1})
    assert values.tolist() == [0.0, 1.0]
    assert status.tolist() == [GOOD, GOOD]


def test_scale_and_offset_then_the_unit_of_storage():
    energy = tag("uint32", "energy_import", unit="Wh", scale=10, offset=5)
    assert decode_one(energy, [0, 1234])[0] == (1234 * 10 + 5) * 0.001
    heat = tag("int16", "temperature", unit="K", scale=0.1)
    assert decode_one(heat, [2981])[0] == pytest.approx(24.95)


@given(st.integers(-(2**15), 2**15 - 1), st.integers(-22, 22), st.sampled_from(["ABCD", "DCBA"]))
def test_a_power_of_ten_from_another_register(number, power, order):
    held = words(b"".join(on_the_wire(struct.pack(">h", one), order) for one in (number, power)))
    value, status, _ = decode_one(tag("int16", scale_from=1, order=order), held)
    assert status == GOOD
    assert value == (number / 10.0**-power if power < 0 else number * 10.0**power)


@pytest.mark.parametrize("power", [-32768, 23, -23, 300])
def test_a_senseless_power_of_ten_is_bad(power):
    value, status, _ = decode_one(tag("int16", scale_from=1), [5, power & 0xFFFF])
    assert (math.isnan(value), status) == (True, BAD_OUT_OF_RANGE)


def test_a_scaled_value_that_overflows_is_bad():
    value, status, _ = decode_one(tag("float64", scale=1e300), words(struct.pack(">d", 1e100)))
    assert (math.isnan(value), status) == (True, BAD_OUT_OF_RANGE)


@pytest.mark.parametrize(
    ("kind", "sentinel"),
    [
        ("uint16", 65535),
        ("int16", -32768),
        ("uint32", 2**32 - 1),
        ("int64", -(2**63)),
        ("uint64", 2**64 - 1),
        ("float32", 9.97e36),
        ("float32", 3.5e38),
    ],
)
def test_what_the_device_calls_no_value_is_bad_before_scale(kind, sentinel):
    one = tag(kind, bad_values=(7, sentinel), scale=0.1, offset=3)
    pattern = b"\x7f\x80\0\0" if sentinel == 3.5e38 else struct.pack(FORMATS[kind], sentinel)
    value, status, _ = decode_one(one, words(pattern))
    assert (math.isnan(value), status) == (True, BAD_NO_DATA)


def test_no_value_stays_no_value_whatever_its_scale_would_make_of_it():
    sentinel = words(struct.pack(">d", 1e308))
    assert decode_one(tag("float64", bad_values=(1e308,), scale=10), sentinel)[1] == BAD_NO_DATA
    assert decode_one(tag("float32", scale_from=2), [0x7FC0, 0, 99])[1] == BAD_NO_DATA


def test_a_text_has_no_number_that_could_mean_no_value():
    assert decode_one(tag("string", "alarm", length=2, bad_values=(0,)), [0x4142])[1:] == (GOOD, "AB")


def test_a_sentinel_of_one_tag_is_a_value_of_another():
    values, _, _ = decode([tag(address=0, bad_values=(7,)), tag(address=1)], {0: 7, 1: 7})
    assert math.isnan(values[0])
    assert values[1] == 7.0


def string(length, order="ABCD"):
    return tag("string", "alarm", length=length, order=order)


@pytest.mark.parametrize(
    ("data", "length", "expected"),
    [
        (b"LOT-4711", 8, "LOT-4711"),
        (b"LOT-47 \0xyz", 10, "LOT-47"),
        (b"ABCDEF", 5, "ABCDE"),
        ("프레스".encode(), 9, "프레스"),
        ("프레스".encode("cp949"), 6, "프레스"),
        (b"\0\0\0\0", 4, ""),
        (b"   ", 3, ""),
    ],
)
@pytest.mark.parametrize("order", FOUR)
def test_texts(data, length, expected, order):
    padded = data + b"\0" * (len(data) % 2)
    held = words(b"".join(on_the_wire(padded[at : at + 2], order) for at in range(0, len(padded), 2)))
    value, status, text = decode_one(string(length, order), held)
    assert (math.isnan(value), status, text) == (True, GOOD, expected)


def test_bytes_that_are_no_text_are_bad():
    assert decode_one(string(2), [0xFFFF])[1:] == (BAD_ENCODING, None)


def test_a_block_that_did_not_come_makes_its_tags_bad_and_no_others():
    tags = [tag(address=0), tag(address=200, scale_from=400), tag("string", "alarm", 500, length=2), tag(address=100)]
    # blocks: 0, 100, 200, 400, 500; 400 holds only the power of ten of the tag at 200
    values, status, texts = decode(tags, {0: 1, 200: 2, 500: 0x4142, 100: 4}, bad_blocks=(1, 3, 4))
    assert status.tolist() == [GOOD, BAD_DEVICE_FAILURE, BAD_DEVICE_FAILURE, BAD_DEVICE_FAILURE]
    assert values[0] == 1.0
    assert np.isnan(values[1:]).all()
    assert not texts


@given(st.lists(st.integers(0, 0xFFFF), min_size=12, max_size=12))
def test_values_are_absent_exactly_when_bad_whatever_the_words(held):
    tags = [tag(kind, address=0) for kind in FORMATS] + [tag("bcd32", address=4, scale_from=11), tag(bit=3, address=6)]
    values, status, _ = decode(tags, dict(enumerate(held)))
    assert ((status != GOOD) == np.isnan(values)).all()
    assert not np.isinf(values).any()


def test_a_zero_has_no_sign():
    for keys in ({}, {"offset": -0.0}, {"unit": "W", "role": "power"}):
        value, status, _ = decode_one(tag("float32", **keys), [0x8000, 0])
        assert (math.copysign(1, value), value, status) == (1, 0, GOOD)


def test_a_poll_without_tags_is_decoded_too():
    values, status, texts = Decoder([], ()).decode(np.zeros(0, np.uint8), np.zeros(0, np.uint32))
    assert (len(values), len(status), len(texts)) == (0, 0, 0)


def test_a_tag_that_no_block_brings_is_a_fault_of_the_plan():
    with pytest.raises(KeyError):
        Decoder([tag()], ())


def test_a_poll_that_is_too_short_is_never_decoded():
    tags = [tag("uint32")]
    with pytest.raises(IndexError):
        Decoder(tags, plan_blocks(tags)).decode(np.zeros(3, np.uint8), np.zeros(1, np.uint32))


def test_what_was_decoded_is_no_view_of_what_was_received():
    tags = [tag("uint16", address=0), tag("string", "alarm", 1, length=2)]
    blocks = plan_blocks(tags)
    wire = answers(blocks, {0: 7, 1: 0x4142})
    values, status, texts = Decoder(tags, blocks).decode(wire, np.zeros(1, np.uint32))
    wire[:] = 0xFF
    assert (values[0], status.tolist(), texts) == (7, [GOOD, GOOD], {1: "AB"})
