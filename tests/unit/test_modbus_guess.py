import struct
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.tags import ModbusTag
from connectors.modbus_address import manual_names, zero_based
from connectors.modbus_coding import U16
from connectors.modbus_expected import expected
from connectors.modbus_guess import Asked, Confidence, Decoding, guess
from simulators.registers import words_of
from tests.unit.meter_images import Image, Share, images, share_found, share_named, share_told


def words(form: str, *values: float | bytes) -> U16:
    return np.frombuffer(struct.pack(f">{form}", *values), dtype=">u2").astype(np.uint16)


def said(found: list[Decoding]) -> list[tuple[int, str, str, object]]:
    return [
        (one.address, one.type, one.order, round(one.value, 3) if isinstance(one.value, float) else one.value)
        for one in found
    ]


FLOATS = words("ffffff", 230.1234, 229.87, 231.4, 49.98, 0.97, 12345.678)


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
        (
            words("14sff", b"EASTRON SDM630", 230.17, 229.5),
            [(10, "string", "ABCD", "EASTRON SDM630"), (17, "float32", "ABCD", 230.17), (19, "float32", "ABCD", 229.5)],
        ),
        (
            words("fff", 230.17, 0, 229.93),
            [(10, "float32", "ABCD", 230.17), (12, "float32", "ABCD", 0), (14, "float32", "ABCD", 229.93)],
        ),
    ],
)  # fmt: skip
def test_what_devices_hold_is_the_best_tiling(registers: U16, best: list[tuple[int, str, str, object]]) -> None:
    found = guess("input", 10, registers)
    assert said(found.best) == best
    numbers = [one for one in best if one[1] != "string"]
    assert said(sorted(found.decodings[: len(numbers)], key=lambda one: one.address)) == numbers
    assert [one.plausibility for one in found.decodings[: len(numbers)]] == [0.0] * len(numbers)


@pytest.mark.parametrize("order", [("ABCD", False), ("CDAB", False), ("BADC", True), ("DCBA", True)])
def test_one_order_holds_for_the_whole_device_and_its_lead_is_said(order: tuple[str, bool]) -> None:
    image = Image("meter", [], {})
    for value in (230.1234, 229.87, 231.4, 49.98, 0.97, 12345.678):
        image.put(len(image.words), "float32", value, *order)
    found = image.guess()
    assert (found.orders[0].letters, found.orders[0].behind) == (order[0], 0)
    assert found.confidence is Confidence.SURE
    assert [one.order for one in found.best] == [order[0]] * 6
    first = {one.address: one for one in reversed(found.decodings)}
    assert [first[at] for at in range(0, 12, 2)] == found.best


def test_a_float_that_two_others_seem_to_make_stands_behind_them() -> None:
    found = guess("holding", 0, words("ffff", 12.34567, 12.34566, 12.34567, 12.34568))
    assert [one.address for one in found.best] == [0, 2, 4, 6]
    odd = [one for one in found.decodings if one.address == 1]
    assert max(one.plausibility for one in odd) < -10


def test_what_cannot_be_told_is_said() -> None:
    assert guess("holding", 0, words("HHHH", 0, 0, 0, 0)).confidence is Confidence.ZEROS
    assert guess("holding", 0, words("HHH", 230, 231, 229)).confidence is Confidence.SINGLE
    assert guess("coil", 0, words("H", 1)).confidence is Confidence.BITS
    assert guess("holding", 0, words("HH", 0x4248, 0x4248)).confidence is Confidence.OPEN
    assert guess("holding", 0, FLOATS, expected("230.12")).confidence is Confidence.SHOWN
    nothing = guess("holding", 0, np.empty(0, dtype=np.uint16))
    assert (nothing.best, nothing.decodings) == ([], [])


def test_a_device_without_a_value_keeps_its_place() -> None:
    missing = np.concatenate([FLOATS[:4], words("HH", 0x7FC0, 0), FLOATS[6:]])
    found = guess("holding", 0, missing)
    assert [one.address for one in found.best] == [0, 2, 4, 6, 8, 10]
    assert found.best[2].value != found.best[2].value


def test_what_is_expected_comes_first_also_by_a_power_of_ten() -> None:
    (first, *_) = guess("holding", 0, words("HHH", 500, 2301, 1), expected("230")).decodings
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
    (low, *_) = guess("holding", 0, words("f", 1234.56)[::-1], expected("1230")).decodings
    assert said([low]) == [(0, "float32", "CDAB", 1234.56)]
    assert low.as_tag("u", "w")["order"] == "CDAB"
    (tens, *_) = guess("holding", 0, words("H", 12), expected("1200")).decodings
    assert (tens.scale, tens.scaled) == (100.0, 1200.0)
    (watts, *_) = guess("holding", 0, FLOATS, expected("12.3457 kW")).decodings
    assert (watts.address, watts.type, watts.scale) == (10, "float32", 0.001)


def test_what_is_expected_settles_the_rest_of_the_range() -> None:
    registers = np.concatenate([words("I", 70001)[::-1], words("I", 140002)[::-1]])
    found = guess("holding", 20, registers, expected("70.001"))
    assert said(found.near)[0] == (20, "uint32", "CDAB", 70001)
    assert said(found.best) == [(20, "uint32", "CDAB", 70001), (22, "uint32", "CDAB", 140002)]
    assert found.best[0].scale == 0.001


def test_a_register_beside_the_one_asked_for_is_noticed() -> None:
    around = np.concatenate([words("H", 1234), words("f", 230.17), words("H", 4321)])
    found = guess("holding", 71, around, expected("230.2"))
    assert (found.near[0].address, found.beside(72), found.beside(73), found.beside(71)) == (72, 0, -1, 1)
    assert guess("holding", 71, around, expected("999999")).beside(72) == 0


def test_what_is_no_number_is_left_out() -> None:
    found = guess("holding", 0, words("HH", 0x7FC0, 0x000A)).decodings
    assert not [one for one in found if (one.type, one.order) == ("float32", "ABCD")]
    assert not [one for one in found if one.type == "bcd16" and one.address == 1 and one.order == "ABCD"]


def test_bits_are_what_they_are() -> None:
    found = guess("coil", 5, np.array([0, 1], dtype=np.uint16))
    assert said(found.best) == [(5, "bool", "ABCD", 0.0), (6, "bool", "ABCD", 1.0)]
    assert found.best[1].as_tag("c", "w") == {
        "name": "c",
        "work_unit": "w",
        "role": "other",
        "table": "coil",
        "address": 6,
    }


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 65535), min_size=1, max_size=12), st.sampled_from([None, "0", "-7.5", "230.1", "1e"]))
def test_a_tag_made_of_a_decoding_is_what_lies_there(registers: list[int], shown: str | None) -> None:
    block = np.array(registers, dtype=np.uint16)
    found = guess("holding", 7, block, expected(shown.replace("e", "0")) if shown else None)
    assert len({(one.address, one.type, one.order) for one in found.decodings}) == len(found.decodings)
    covered = [at for one in found.best for at in range(one.address, one.address + one.words)]
    assert covered == list(range(7, 7 + len(registers)))
    for one in (*found.decodings[:5], *(best for best in found.best if best.type != "string")):
        tag = ModbusTag.model_validate(one.as_tag("t", "w"))
        if one.value != one.value:
            continue
        lies = registers[one.address - 7 : one.address - 7 + one.words]
        assert words_of(tag, one.value) == lies or (one.value == 0 and set(lies) <= {0, 0x8000, 0x0080})
        assert one.scaled == pytest.approx(one.value * one.scale, rel=1e-12)


def test_a_thousand_registers_of_noise_are_guessed_too() -> None:
    noise = np.random.default_rng(1).integers(0, 65536, 1000).astype(np.uint16)
    assert sum(one.words for one in guess("holding", 0, noise).best) == 1000


@pytest.mark.parametrize("wrong", ["", "much", "1.2.3", "--5", "nan", "1 2"])
def test_what_no_display_shows_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        expected(wrong)


@pytest.mark.parametrize(
    ("table", "address", "names"),
    [
        ("input", 72, ("73", "30073")),
        ("holding", 0, ("1", "40001")),
        ("holding", 9998, ("9999", "49999")),
        ("holding", 9999, ("10000", "410000")),
        ("discrete", 4, ("5", "10005")),
        ("coil", 4, ("5", "00005")),
    ],
)
def test_an_address_is_known_by_the_names_of_manuals(table: str, address: int, names: tuple[str, ...]) -> None:
    assert manual_names(table, address) == names  # type: ignore[arg-type]
    if table != "coil":
        assert zero_based(table, int(names[1])) == address  # type: ignore[arg-type]


def test_most_true_decodings_stand_first_and_nearly_all_with_the_display() -> None:
    told, found = Share(), Share()
    for image in images(Random(20), 6):
        share_told(image, told)
    for image in images(Random(21), 3):
        share_found(image, found, 2)
    assert told.asked > 400
    assert told.ratio >= 0.93
    assert found.asked > 30
    assert found.ratio >= 0.95


@pytest.mark.parametrize("moved_by", [0.0, 5e-5])
def test_a_value_whose_address_is_named_stands_first_there_also_when_it_has_moved_on(moved_by: float) -> None:
    named = Share()
    for image in images(Random(22), 5):
        share_named(image, named, Random(len(image.words)), moved_by)
    assert named.asked > 100
    assert named.ratio >= 0.95


@pytest.mark.parametrize("order", [("ABCD", False), ("CDAB", False), ("BADC", True), ("DCBA", True)])
@pytest.mark.parametrize("count", range(2, 7))
def test_floats_are_found_where_they_were_looked_for(order: tuple[str, bool], count: int) -> None:
    image = Image("meter", [], {})
    for value in (
        230.7,
        231.2,
        229.9,
        235.1,
        11.9,
        12.31,
        12.05,
        49.98,
        2745.1,
        2846.2,
        2770.4,
        0.97,
        0.98,
        50.02,
        1.5,
    ):
        image.put(len(image.words), "float32", value, *order)
    for at, shown in ((0, "230.7 V"), (8, "11.9 A"), (10, "12.31 A"), (14, "49.98 Hz")):
        first = max(0, at - 8)
        around = np.array(image.words[first : at + count + 8], dtype=np.uint16)
        found = guess("holding", first, around, expected(shown), Asked(at, count))
        assert said(found.decodings[:1]) == [(at, "float32", order[0], float(shown.split()[0]))]
        assert found.beside(at) == 0
        assert all(at - 1 <= one.address <= at + count for one in found.decodings)
        assert all(one.address < at + count and one.address + one.words > at for one in found.best)


def test_no_value_has_a_register_that_is_refused() -> None:
    refused = np.array([False] * 4 + [True] + [False] * 7)
    found = guess("holding", 0, FLOATS, refused=refused)
    assert not [one for one in found.decodings if one.address <= 4 < one.address + one.words]
    assert [one.address for one in found.best if one.type == "float32"] == [0, 2, 6, 8, 10]
    bits = guess("coil", 0, words("HH", 1, 0), refused=np.array([True, False]))
    assert [one.address for one in bits.best] == [1]
