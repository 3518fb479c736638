"""The decoder against a slow reading of the contract: one tag, one value at a time, by `struct`."""

import math
import struct

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus_poll import tag

from connectors.modbus_coding import BAD_ENCODING, BAD_OUT_OF_RANGE, byte_count, wire_of
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
FOUR = ["ABCD", "CDAB", "BADC", "DCBA"]
UNITS = [("other", "", 1, 0), ("energy_import", "Wh", 0.001, 0), ("temperature", "K", 1, -273.15)]
LAST = 600


class Memory:
    """What a device holds: of each table LAST registers, half of them noise, half of what devices like to send."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.words = {}
        for table in ("holding", "input"):
            noise, small = random.integers(0, 65536, LAST), random.integers(-25, 25, LAST) & 0xFFFF
            decimals = np.array([int(str(number), 16) for number in random.integers(0, 10000, LAST)])
            letters = random.integers(0x41, 0x7A, LAST) << 8 | random.integers(0, 0x7A, LAST)
            floats = np.frombuffer(random.uniform(-1e3, 1e3, LAST // 2).astype(">f4").tobytes(), ">u2")
            nothing = random.choice([0xFFFF, 0x8000, 0x7FFF, 0x7FC0, 0], LAST)
            kinds = np.array([noise, small, decimals, letters, floats, nothing])
            self.words[table] = kinds[np.repeat(random.integers(0, len(kinds), LAST // 4), 4), np.arange(LAST)]
        for table in ("coil", "discrete"):
            self.words[table] = random.integers(0, 2, LAST)

    def bytes_from(self, table, address, count):
        return self.words[table][address : address + count].astype(">u2").tobytes()


@st.composite
def tags(draw):
    table = draw(st.sampled_from(["holding", "input", "holding", "coil", "discrete"]))
    address, keys = draw(st.integers(0, LAST - 8)), {}
    if draw(st.booleans()):
        keys |= {"scale": draw(st.sampled_from([1, 0.1, -2, 1e-3])), "offset": draw(st.sampled_from([0, 5, -0.25]))}
    if table in ("coil", "discrete"):
        return tag("bool", address=address, table=table, **keys)
    kind = draw(st.sampled_from([*FORMATS, "bcd16", "bcd32", "string", "bit"]))
    if not kind.endswith("64"):
        keys["order"] = draw(st.sampled_from(FOUR))
    elif draw(st.booleans()):
        keys["order"] = "".join(draw(st.permutations("ABCDEFGH")))
    if kind == "string":
        return tag(kind, "alarm", address, table, length=draw(st.integers(1, 9)), order=keys["order"])
    if kind == "bit":
        return tag(
            draw(st.sampled_from(["bool", "uint16"])), address=address, table=table, bit=draw(st.integers(0, 15))
        )
    if draw(st.booleans()):
        keys["scale_from"] = min(max(address + draw(st.integers(-200, 200)), 0), LAST - 1)
    keys["bad_values"] = draw(st.lists(st.sampled_from([0, 1, -1, 65535, -32768, 2**32 - 1, 2**64 - 1]), max_size=2))
    role, unit, _, _ = draw(st.sampled_from(UNITS))
    return tag(kind, role, address, table, unit=unit, **keys)


def reordered(data, order):
    """The bytes of a value, most significant first."""
    if len(data) == 2:
        return data if order.index("A") < order.index("B") else data[::-1]
    return data if len(order) != len(data) else bytes(data[order.index(letter)] for letter in sorted(order))


def number(one, data):
    """What registers say, and the status of what no number can be made of."""
    data = reordered(data, one.order)
    if one.bit is not None:
        return float(int.from_bytes(data, "big") >> one.bit & 1), GOOD
    if one.type.startswith("bcd"):
        digits = data.hex()
        return (float(digits), GOOD) if digits.isdecimal() else (math.nan, BAD_ENCODING)
    (found,) = struct.unpack(FORMATS[one.type], data)
    if not math.isfinite(found):
        return found, BAD_NO_DATA
    beyond = isinstance(found, int) and abs(found) > 2**53
    return float(found), BAD_OUT_OF_RANGE if beyond else GOOD


def text(one, data):
    in_order = b"".join(reordered(data[at : at + 2], one.order) for at in range(0, len(data), 2))
    characters = in_order[: one.length].split(b"\0")[0]
    for encoding in ("utf-8", "cp949"):
        try:
            return characters.decode(encoding).rstrip()
        except UnicodeDecodeError:
            continue
    return None


def meaning(one, memory):
    """Value (NaN where there is none), StatusCode and text of one tag."""
    if one.table in ("coil", "discrete"):
        return float(memory.words[one.table][one.address]) * one.scale + one.offset, GOOD, None
    data = memory.bytes_from(one.table, one.address, one.words)
    if one.type == "string":
        found = text(one, data)
        return math.nan, GOOD if found is not None else BAD_ENCODING, found
    found, status = number(one, data)
    if found in one.bad_values:
        status = BAD_NO_DATA
    if status == GOOD and one.scale_from is not None:
        (power,) = struct.unpack(">h", reordered(memory.bytes_from(one.table, one.scale_from, 1), one.order))
        if abs(power) > 22:
            return math.nan, BAD_OUT_OF_RANGE, None
        found = found / 10.0**-power if power < 0 else found * 10.0**power
    if status != GOOD:
        return math.nan, status, None
    (factor, offset), *_ = [(f, o) for role, unit, f, o in UNITS if (one.role, one.unit) == (role, unit)]
    found = (found * one.scale + one.offset) * factor + offset
    return (found, GOOD, None) if math.isfinite(found) else (math.nan, BAD_OUT_OF_RANGE, None)


def answered(blocks, memory):
    held = [(memory.words[block.table][block.address :][: block.count], block.is_bits) for block in blocks]
    return np.concatenate([wire_of(words, is_bits) for words, is_bits in held])


def decoded(planned, wire, blocks):
    values, status, texts = Decoder(planned, blocks).decode(wire, np.zeros(len(blocks), dtype=np.uint32))
    return [(value, int(code), texts.get(row)) for row, (value, code) in enumerate(zip(values, status, strict=True))]


def same(one, other):
    return one[1:] == other[1:] and (one[0] == other[0] or (math.isnan(one[0]) and math.isnan(other[0])))


@settings(deadline=None)
@given(st.lists(tags(), min_size=1, max_size=40), st.integers(0, 2**32))
def test_whatever_the_tags_and_registers_the_contract_says_what_they_mean(planned, seed):
    memory, blocks = Memory(seed), plan_blocks(planned)
    found = decoded(planned, answered(blocks, memory), blocks)
    for one, result in zip(planned, found, strict=True):
        assert same(result, meaning(one, memory)), (one, result, meaning(one, memory))


def covered(one, block):
    """Mask over the bytes of a block: 1 in each bit that the first tag looks at."""
    mask = np.zeros(byte_count(block), dtype=np.uint8)
    for part in (part for part in block.parts if part.tag == 0):
        if block.is_bits:
            mask[part.at // 8] |= 1 << part.at % 8
            continue
        looked_at = b"\xff" * (2 * part.words)
        if one.bit is not None:
            looked_at = reordered((1 << one.bit).to_bytes(2, "big"), one.order)
        elif one.type == "string" and one.length % 2:
            looked_at = looked_at[:-2] + reordered(b"\xff\0", one.order)
        mask[2 * part.at : 2 * (part.at + part.words)] |= np.frombuffer(looked_at, np.uint8)
    return mask


@settings(deadline=None)
@given(tags(), st.lists(tags(), max_size=10), st.integers(0, 2**32))
def test_nothing_but_the_bits_of_a_tag_matters_to_it(one, others, seed):
    planned = [one, *others]
    blocks = plan_blocks(planned)
    wire = answered(blocks, Memory(seed))
    mask = np.concatenate([covered(one, block) for block in blocks])
    noise = np.random.default_rng(seed).integers(0, 256, len(wire), dtype=np.uint8)
    before = decoded(planned, wire, blocks)[0]
    assert same(decoded(planned, (wire & mask) | (noise & ~mask), blocks)[0], before)


def bits(values):
    return np.asarray(values).view(np.uint64).tolist()


@settings(deadline=None, max_examples=20)
@given(st.lists(tags(), min_size=5, max_size=5), st.integers(0, 2**32))
def test_a_tag_alone_or_among_a_thousand_is_decoded_to_the_same_bit(drawn, seed):
    memory, random = Memory(seed), np.random.default_rng(seed)
    crowd = [tag(kind, address=int(random.integers(0, LAST - 4))) for kind in random.choice([*FORMATS], 1000)]
    for at, one in zip(random.integers(0, 1000, len(drawn)), drawn, strict=True):
        crowd.insert(at, one)
    blocks = plan_blocks(crowd)
    among = decoded(crowd, answered(blocks, memory), blocks)
    for one in drawn:
        alone_blocks = plan_blocks([one])
        (alone,) = decoded([one], answered(alone_blocks, memory), alone_blocks)
        found = among[next(row for row, other in enumerate(crowd) if other is one)]
        assert alone[1:] == found[1:]
        assert bits(alone[0]) == bits(found[0])
