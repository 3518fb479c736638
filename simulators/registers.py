"""How do a number or a text lie in Modbus registers? Types and byte orders of the site file, from value to words.

Written from the contract and Modbus Application Protocol V1.1b3 4.2 (big-endian registers) alone, never from our
decoding, so that a mistake in one shows against the other.
"""

import struct

from config.tags import ModbusTag

_FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}
_BCD_DIGITS = {"bcd16": 4, "bcd32": 8}


def words_of(tag: ModbusTag, given: float | str) -> list[int]:
    """The registers that hold a device's number or text, first address first.

    The number must be one that the type can hold. A text is UTF-8, cut at the length, filled up with NUL.
    """
    if isinstance(given, str):
        plain = _text_bytes(given, tag.length or 0)
    elif tag.bit is not None:
        plain = struct.pack(">H", int(given) << tag.bit)
    elif tag.type in _BCD_DIGITS:
        plain = bytes.fromhex(f"{int(given):0{_BCD_DIGITS[tag.type]}d}")
    else:
        number = given if tag.type.startswith("float") else int(given)
        plain = struct.pack(_FORMATS[tag.type], number)
    wire = _ordered(plain, tag.order)
    return list(struct.unpack(f">{len(wire) // 2}H", wire))


def _text_bytes(text: str, length: int) -> bytes:
    # A character of several bytes is never cut in half.
    cut = text.encode()[:length].decode(errors="ignore").encode()
    return cut.ljust(length + length % 2, b"\0")


def _ordered(plain: bytes, order: str) -> bytes:
    """Bytes as they go over the wire: the letters of `order` name the bytes of the value, A the most significant."""
    letters = "".join(sorted(order))
    if len(plain) == len(letters):
        return bytes(plain[letters.index(letter)] for letter in order)
    # One register, a text, or 64 bits whose order was not given: of four letters only what they say of the bytes
    # within a register can hold.
    if order in ("BADC", "DCBA"):
        return b"".join(plain[at : at + 2][::-1] for at in range(0, len(plain), 2))
    return plain
