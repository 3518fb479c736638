"""Bytes as devices send them and what they mean, written down: no library's idea of order decides about them."""

import numpy as np
import pytest
from modbus_poll import tag

from connectors.modbus_coding import byte_count, wire_of, words_of
from connectors.modbus_plan import Block, plan_blocks
from connectors.modbus_words import Decoder
from plant.status_code import GOOD


def meant(tags, wire):
    """Values and texts of tags whose blocks' answers, one behind the other, are these bytes (hexadecimal)."""
    blocks = plan_blocks(tags)
    decoder, data = Decoder(tags, blocks), np.frombuffer(bytes.fromhex(wire), dtype=np.uint8)
    assert decoder.size == len(data)
    values, status, texts = decoder.decode(data, np.zeros(len(blocks), dtype=np.uint32))
    assert status.tolist() == [GOOD] * len(tags)
    return [texts.get(row, value) for row, value in enumerate(values.tolist())]


@pytest.mark.parametrize(
    ("kind", "order", "wire", "value"),
    [
        ("uint16", "ABCD", "1234", 4660),
        ("uint16", "CDAB", "1234", 4660),
        ("uint16", "BADC", "1234", 13330),
        ("uint16", "DCBA", "1234", 13330),
        ("int16", "ABCD", "FFFE", -2),
        ("int16", "BADC", "FEFF", -2),
        ("bcd16", "ABCD", "1234", 1234),
        ("bcd16", "BADC", "3412", 1234),
        ("uint32", "ABCD", "12345678", 305419896),
        ("uint32", "CDAB", "56781234", 305419896),
        ("uint32", "BADC", "34127856", 305419896),
        ("uint32", "DCBA", "78563412", 305419896),
        ("int32", "ABCD", "FFFE7960", -100000),
        ("int32", "CDAB", "7960FFFE", -100000),
        ("int32", "BADC", "FEFF6079", -100000),
        ("int32", "DCBA", "6079FEFF", -100000),
        ("bcd32", "ABCD", "12345678", 12345678),
        ("bcd32", "CDAB", "56781234", 12345678),
        ("bcd32", "BADC", "34127856", 12345678),
        ("bcd32", "DCBA", "78563412", 12345678),
        ("float32", "ABCD", "4366199A", 230.10000610351562),
        ("float32", "CDAB", "199A4366", 230.10000610351562),
        ("float32", "BADC", "66439A19", 230.10000610351562),
        ("float32", "DCBA", "9A196643", 230.10000610351562),
        ("float64", "ABCDEFGH", "40934A3D70A3D70A", 1234.56),
        ("float64", "GHEFCDAB", "D70A70A34A3D4093", 1234.56),
        ("float64", "BADCFEHG", "93403D4AA3700AD7", 1234.56),
        ("float64", "HGFEDCBA", "0AD7A3703D4A9340", 1234.56),
        ("uint64", "ABCDEFGH", "0001020304050607", 283686952306183),
        ("uint64", "GHEFCDAB", "0607040502030001", 283686952306183),
        ("uint64", "BADCFEHG", "0100030205040706", 283686952306183),
        ("uint64", "HGFEDCBA", "0706050403020100", 283686952306183),
        ("uint64", "EFGHABCD", "0405060700010203", 283686952306183),
        ("int64", "ABCDEFGH", "FFFFFFFFFFFFFF85", -123),
        ("int64", "HGFEDCBA", "85FFFFFFFFFFFFFF", -123),
    ],
)
def test_numbers_in_every_order(kind, order, wire, value):
    assert meant([tag(kind, order=order)], wire) == [value]


def test_bits_of_a_register_count_from_the_least_significant():
    bits = [tag("bool", bit=bit) for bit in range(16)]
    assert meant(bits, "8105") == [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]
    swapped = [tag("uint16", bit=bit, order="BADC") for bit in range(16)]
    assert meant(swapped, "0581") == [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_coils_of_the_example_of_the_standard():
    """Modbus Application Protocol V1.1b3, 6.1: outputs 20 to 38 (addresses 19 to 37)."""
    coils = [tag("bool", address=address, table="coil") for address in range(19, 38)]
    on = [1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]
    assert meant(coils, "CD6B05") == on
    assert meant(coils[::-1], "CD6B05") == on[::-1]


def test_discrete_inputs_of_the_example_of_the_standard():
    """V1.1b3, 6.2: inputs 197 to 218 (addresses 196 to 217)."""
    inputs = [tag("bool", address=address, table="discrete") for address in range(196, 218)]
    assert meant(inputs, "ACDB35") == [0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1]


def test_registers_of_the_examples_of_the_standard():
    """V1.1b3, 6.3: registers 108 to 110; 6.4: input register 9."""
    tags = [tag(address=address) for address in (107, 108, 109)] + [tag(address=8, table="input")]
    assert meant(tags, "022B00000064" + "000A") == [555, 0, 100, 10]


def test_registers_begin_behind_an_odd_number_of_bytes_of_bits():
    tags = [tag("float32", address=0), tag("bool", address=9, table="coil"), tag("bool", address=7, table="coil")]
    assert meant(tags, "04" + "4366199A") == [230.10000610351562, 1, 0]


def test_texts_in_both_orders_of_bytes():
    assert meant([tag("string", "product_id", length=5)], "502D31303000") == ["P-100"]
    assert meant([tag("string", "product_id", length=5, order="BADC")], "2D5030310030") == ["P-100"]


def test_a_power_of_ten_of_the_device():
    assert meant([tag("int16", scale_from=1), tag("uint32", address=2, scale_from=1)], "04D2FFFE0000000C") == [
        12.34,
        0.12,
    ]
    assert meant([tag("int16", scale_from=1, order="BADC")], "D2040100") == [12340]


@pytest.mark.parametrize(
    ("block", "wire", "words"),
    [
        (Block("holding", 0, 2, ()), "12340005", [0x1234, 5]),
        (Block("input", 9, 1, ()), "FFFF", [65535]),
        (Block("coil", 3, 9, ()), "0501", [1, 0, 1, 0, 0, 0, 0, 0, 1]),
        (Block("discrete", 3, 8, ()), "80", [0, 0, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_words_of_an_answer_and_back(block, wire, words):
    data = np.frombuffer(bytes.fromhex(wire), dtype=np.uint8)
    assert byte_count(block) == len(data)
    assert words_of(data, block).tolist() == words
    assert wire_of(np.array(words, dtype=np.uint16), block.is_bits).tobytes() == data.tobytes()
