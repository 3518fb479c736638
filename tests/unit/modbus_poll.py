"""What would a device answer? The bytes of a poll from what its registers hold, for tests of decoding."""

import numpy as np

from config.tags import ModbusTag
from connectors.modbus_coding import wire_of
from connectors.modbus_plan import plan_blocks
from connectors.modbus_words import Decoder
from plant.status_code import GOOD, parse_status

BAD_DEVICE_FAILURE = parse_status("BadDeviceFailure")


def tag(kind="uint16", role="other", address=0, table="holding", name="t", **keys):
    return ModbusTag(name=name, work_unit="w", role=role, table=table, address=address, type=kind, **keys)


def on_the_wire(canonical, order):
    """Bytes of a value given most significant first, as a device with that order sends them."""
    if len(canonical) == 2:
        return canonical if order in ("ABCD", "CDAB") else canonical[::-1]
    return bytes(canonical[ord(letter) - ord("A")] for letter in order)


def words(data):
    """Registers that travel as these bytes."""
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def answers(blocks, registers):
    """The bytes of a poll of a device that holds {address: word} in each of its tables, and 0 elsewhere."""
    held = [np.array([registers.get(block.address + at, 0) for at in range(block.count)]) for block in blocks]
    data = [wire_of(words, block.is_bits) for words, block in zip(held, blocks, strict=True)]
    return np.concatenate([np.empty(0, dtype=np.uint8), *data])


def decode(tags, registers, bad_blocks=()):
    """Values, StatusCodes and texts of tags in registers {address: word}."""
    blocks = plan_blocks(tags)
    status = np.array([BAD_DEVICE_FAILURE if row in bad_blocks else GOOD for row in range(len(blocks))], np.uint32)
    return Decoder(tags, blocks).decode(answers(blocks, registers), status)


def decode_one(one, held, at=0):
    values, status, texts = decode([one], {at + i: word for i, word in enumerate(held)})
    return values[0], status[0], texts.get(0)
