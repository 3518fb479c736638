import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.modbus_identity import MOST_ANSWERS, IdentityError, collected, part_of

# MODBUS Application Protocol V1.1b3, 6.21, example: "Company identification", "Product code XX", "V2.11"
WHOLE = (
    bytes.fromhex("2b0e0101000003")
    + bytes([0, 22])
    + b"Company identification"
    + bytes([1, 15])
    + b"Product code XX"
    + bytes([2, 5])
    + b"V2.11"
)


def answers(*pdus: bytes) -> tuple[dict[int, str], list[str]]:
    asked: list[str] = []
    left: list[bytes] = list(pdus)

    async def ask(pdu: bytes) -> bytes:
        asked.append(pdu.hex())
        return left.pop(0) if len(left) > 1 else left[0]

    return asyncio.run(collected(ask)), asked


def part(more: int, following: int, objects: Sequence[tuple[int, bytes]]) -> bytes:
    body = b"".join(bytes([key, len(text)]) + text for key, text in objects)
    return bytes([0x2B, 0x0E, 1, 1, more, following, len(objects)]) + body


def test_the_example_of_the_standard_is_understood() -> None:
    texts, asked = answers(WHOLE)
    assert texts == {0: "Company identification", 1: "Product code XX", 2: "V2.11"}
    assert asked == ["2b0e0100"]


def test_what_follows_is_asked_for() -> None:
    texts, asked = answers(part(0xFF, 1, [(0, b"Maker")]), part(0, 0, [(1, b"X\x001"), (2, b"V1")]))
    assert texts == {0: "Maker", 1: "X 1", 2: "V1"}
    assert asked == ["2b0e0100", "2b0e0101"]


@pytest.mark.parametrize(
    ("pdus", "why"),
    [
        ([bytes([0xAB, 1])], "exception 1, illegal function"),
        ([bytes([0xAB, 99])], "exception 99: "),
        ([b"\x03\x02\x00\x01"], "not one to function code 43/14"),
        ([WHOLE[:-1]], "ends behind it"),
        ([WHOLE + b"x"], "bytes behind"),
        ([part(7, 1, [(0, b"m")])], "bytes behind"),
        ([part(0xFF, 0, [(0, b"m")])], "round in circles"),
        ([part(0xFF, 1, [(0, b"m")])], "round in circles"),
        ([part(0xFF, at + 1, []) for at in range(50)], f"more than {MOST_ANSWERS} parts"),
    ],
)
def test_what_cannot_be_believed_ends_it(pdus: list[bytes], why: str) -> None:
    with pytest.raises(IdentityError, match=why):
        answers(*pdus)


@given(st.binary(max_size=260), st.booleans())
def test_no_bytes_break_it(data: bytes, begins_well: bool) -> None:
    try:
        found = part_of((WHOLE[:3] if begins_well else b"") + data)
    except IdentityError:
        return
    assert all(text.isprintable() or not text for text in found.texts.values())
