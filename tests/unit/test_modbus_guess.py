import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.tags import ModbusTag
from connectors.modbus_coding import U16, wire_of
from connectors.modbus_guess import Decoding, apart, decodings
from connectors.modbus_plan import plan_blocks
from connectors.modbus_words import Decoder


def words(form: str, *values: float) -> U16:
    return np.frombuffer(struct.pack(f">{form}", *values), dtype=">u2").astype(np.uint16)


def said(found: list[Decoding]) -> list[tuple[int, str, str, float]]:
    return [(one.address, one.type, one.order, round(one.value, 3)) for one in found]


@pytest.mark.parametrize(
    ("registers", "best"),
    [
        (words("f", 230.1), [(10, "float32", "ABCD", 230.1)]),
        (
            words("fff", 230.1, 49.98, 0.97),
            [(10, "float32", "ABCD", 230.1), (12, "float32", "ABCD", 49.98), (14, "float32", "ABCD", 0.97)],
        ),
        (words("f", 230.1)[::-1], [(10, "float32", "CDAB", 230.1)]),
        (words("d", 1234.56), [(10, "float64", "ABCDEFGH", 1234.56)]),
        (words("II", 28469902, 427055), [(10, "uint32", "ABCD", 28469902), (12, "uint32", "ABCD", 427055)]),
        (words("HH", 230, 231), [(10, "uint16", "ABCD", 230), (11, "uint16", "ABCD", 231)]),
        (words("HH", 0, 0), [(10, "uint16", "ABCD", 0), (11, "uint16", "ABCD", 0)]),
        (words("h", -7), [(10, "int16", "ABCD", -7)]),
    ],
)  # fmt: skip
def test_what_devices_hold_is_the_best_reading(registers: U16, best: list[tuple[int, str, str, float]]) -> None:
    found = decodings("input", 10, registers)
    assert said(apart(found)) == best
    assert said(found[: len(best)]) == best
    assert [one.plausibility for one in found[: len(best)]] == [0.0] * len(best)


def test_what_is_expected_comes_first_also_by_a_power_of_ten() -> None:
    (first, *_) = decodings("holding", 0, words("HHH", 500, 2301, 1), expect=230)
    assert (first.address, first.type, first.scale, first.scaled) == (1, "uint16", 0.1, 230.1)
    assert first.as_tag("u", "w") == {
        "name": "u",
        "work_unit": "w",
        "role": "other",
        "table": "holding",
        "address": 1,
        "type": "uint16",
        "scale": 0.1,
    }
    (low, *_) = decodings("holding", 0, words("f", 1234.56)[::-1], expect=1230)
    assert said([low]) == [(0, "float32", "CDAB", 1234.56)]
    assert low.as_tag("u", "w")["order"] == "CDAB"
    (tens, *_) = decodings("holding", 0, words("H", 12), expect=1200)
    assert (tens.scale, tens.scaled) == (100.0, 1200.0)


def test_what_is_no_number_is_left_out() -> None:
    found = decodings("holding", 0, words("HH", 0x7FC0, 0x000A))
    assert not [one for one in found if (one.type, one.order) == ("float32", "ABCD")]
    assert not [one for one in found if one.type == "bcd16" and one.address == 1 and one.order == "ABCD"]


def test_bits_are_what_they_are() -> None:
    found = decodings("coil", 5, np.array([0, 1], dtype=np.uint16))
    assert said(found) == [(5, "bool", "ABCD", 0.0), (6, "bool", "ABCD", 1.0)]
    assert found[1].as_tag("c", "w") == {"name": "c", "work_unit": "w", "role": "other", "table": "coil", "address": 6}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 65535), min_size=1, max_size=12), st.one_of(st.none(), st.floats(-1e6, 1e6)))
def test_a_tag_made_of_a_decoding_reads_its_value(registers: list[int], expect: float | None) -> None:
    block = np.array(registers, dtype=np.uint16)
    found = decodings("holding", 7, block, expect)
    assert len({(one.address, one.type, one.order) for one in found}) == len(found)
    assert {one.address for one in apart(found)} <= set(range(7, 7 + len(registers)))
    assert sum(one.words for one in apart(found)) <= len(registers)
    for one in found[:5]:
        tag = ModbusTag.model_validate(one.as_tag("t", "w"))
        (planned,) = blocks = plan_blocks([tag])
        at = planned.address - 7
        wire = wire_of(block[at : at + planned.count], is_bits=False)
        values, status, _ = Decoder([tag], blocks).decode(wire, np.zeros(1, dtype=np.uint32))
        assert status[0] == 0
        assert values[0] == pytest.approx(one.scaled, rel=1e-12)
