import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.modbus_check import EXCEPTION_CODES, FUNCTION_CODES, Answer, Doubt, Refused, check_answer
from connectors.modbus_coding import words_of
from connectors.modbus_plan import Block
from plant.status_code import is_bad, status_name


def block(table="holding", count=3):
    return Block(table, 10, count, ())


def registers_body(words):
    return bytes([2 * len(words)]) + struct.pack(f">{len(words)}H", *words)


@given(st.sampled_from(["holding", "input"]), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125))
def test_registers_come_back_as_they_are(table, words):
    answer = Answer(17, FUNCTION_CODES[table], registers_body(words))
    asked = block(table, len(words))
    assert words_of(np.frombuffer(check_answer(asked, 17, answer), dtype=np.uint8), asked).tolist() == words


@given(st.sampled_from(["coil", "discrete"]), st.lists(st.booleans(), min_size=1, max_size=2000))
def test_bits_come_back_least_significant_first(table, bits):
    data = sum(bit << at for at, bit in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little")
    answer = Answer(1, FUNCTION_CODES[table], bytes([len(data)]) + data)
    asked = block(table, len(bits))
    assert words_of(np.frombuffer(check_answer(asked, 1, answer), dtype=np.uint8), asked).tolist() == bits


RIGHT = registers_body([1, 2, 3])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(2, 3, RIGHT),
        Answer(0, 3, RIGHT),
        Answer(1, 4, RIGHT),
        Answer(1, 1, RIGHT),
        Answer(1, 6, RIGHT),
        Answer(1, 3, b""),
        Answer(1, 3, b"\x00"),
        Answer(1, 3, RIGHT[:-1]),
        Answer(1, 3, RIGHT + b"\x00"),
        Answer(1, 3, registers_body([1, 2])),
        Answer(1, 3, registers_body([1, 2, 3, 4])),
        Answer(1, 3, b"\x07" + RIGHT[1:]),
        Answer(1, 3, b"\x07" + RIGHT[1:] + b"\x00"),
        Answer(1, 0x84, b"\x02"),
        Answer(1, 0x80, b"\x02"),
        Answer(1, 0x83, b""),
        Answer(1, 0x83, b"\x00"),
        Answer(1, 0x83, b"\x02\x00"),
    ],
)
def test_an_answer_to_something_else_is_doubted(answer):
    assert isinstance(check_answer(block(), 1, answer), Doubt)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=12))
def test_words_come_only_from_an_answer_that_fits_in_every_part(unit, function, body):
    checked = check_answer(block(), 1, Answer(unit, function, body))
    if isinstance(checked, np.ndarray):
        assert (unit, function, body[0], len(body)) == (1, 3, 6, 7)


@pytest.mark.parametrize("code", [*EXCEPTION_CODES, 9, 200])
def test_an_exception_is_a_refusal_of_this_block(code):
    refused = check_answer(block(), 1, Answer(1, 0x83, bytes([code])))
    assert refused == Refused(code)
    assert is_bad(refused.meaning.status)
    assert status_name(refused.meaning.status).startswith("Bad")
    assert str(refused).startswith(f"exception {code}, ")


def test_which_exceptions_last():
    assert [code for code, meaning in EXCEPTION_CODES.items() if meaning.lasting] == [1, 2, 3, 4]
