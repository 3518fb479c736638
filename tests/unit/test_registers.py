"""Do numbers and texts lie in registers as the contract says? Checked against bytes written by hand and struct."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.tags import ModbusTag
from simulators.registers import words_of


def tag(type_: str, **keys: object) -> ModbusTag:
    role = "order_id" if type_ == "string" else "other"
    plain = {"name": "t", "work_unit": "u", "role": role, "table": "holding", "address": 0, "type": type_}
    return ModbusTag.model_validate(plain | keys)


@pytest.mark.parametrize(
    ("settings", "given", "words"),
    [
        (tag("uint16"), 0x1234, [0x1234]),
        (tag("uint16", order="BADC"), 0x1234, [0x3412]),
        (tag("uint16", order="CDAB"), 0x1234, [0x1234]),
        (tag("int16"), -2, [0xFFFE]),
        (tag("uint16", bit=3), 1, [0b1000]),
        (tag("uint32"), 0x0A0B0C0D, [0x0A0B, 0x0C0D]),
        (tag("uint32", order="CDAB"), 0x0A0B0C0D, [0x0C0D, 0x0A0B]),
        (tag("uint32", order="BADC"), 0x0A0B0C0D, [0x0B0A, 0x0D0C]),
        (tag("uint32", order="DCBA"), 0x0A0B0C0D, [0x0D0C, 0x0B0A]),
        (tag("float32"), 1.0, [0x3F80, 0]),
        (tag("uint64"), 0x0102030405060708, [0x0102, 0x0304, 0x0506, 0x0708]),
        (tag("uint64", order="GHEFCDAB"), 0x0102030405060708, [0x0708, 0x0506, 0x0304, 0x0102]),
        (tag("bcd16"), 1234, [0x1234]),
        (tag("bcd32", order="CDAB"), 12345678, [0x5678, 0x1234]),
        (tag("string", length=5), "AB-7", [0x4142, 0x2D37, 0]),
        (tag("string", length=4, order="BADC"), "AB-7", [0x4241, 0x372D]),
        (tag("string", length=4), "ABCDEF", [0x4142, 0x4344]),
        (tag("string", length=4), "프레스", [0xED94, 0x8400]),
    ],
)
def test_by_hand(settings: ModbusTag, given: float | str, words: list[int]) -> None:
    assert words_of(settings, given) == words


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"]))
def test_orders_of_32_bits_are_orders_of_bytes(number: float, order: str) -> None:
    wire = struct.pack(">2H", *words_of(tag("float32", order=order), number))
    back = bytes(wire[order.index(letter)] for letter in "ABCD")
    assert struct.unpack(">f", back) == (number,)


@given(st.integers(-(2**63), 2**63 - 1), st.permutations("ABCDEFGH"))
def test_orders_of_64_bits_are_orders_of_bytes(number: int, letters: list[str]) -> None:
    order = "".join(letters)
    wire = struct.pack(">4H", *words_of(tag("int64", order=order), number))
    back = bytes(wire[order.index(letter)] for letter in "ABCDEFGH")
    assert struct.unpack(">q", back) == (number,)
