"""Bodies of DataChangeNotifications, byte by byte as OPC 10000-6 says."""

import struct
from collections.abc import Iterable

FORMS = {1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d", 13: "q"}
STRING = 12


def variant(kind: int, value: object) -> bytes:
    if kind == 0:
        return b"\0"
    if kind == STRING:
        text = b"" if value is None else value
        assert isinstance(text, bytes)
        return struct.pack("<Bi", kind, -1 if value is None else len(text)) + text
    return struct.pack("<B" + FORMS[kind], kind, value)


def item(handle: int, mask: int, value: bytes, status: int = 0, source: int = 0, server: int = 0) -> bytes:
    """Parts that the mask does not name are left out; picoseconds are 77 and 88."""
    parts = [
        (0x01, value),
        (0x02, struct.pack("<I", status)),
        (0x04, struct.pack("<q", source)),
        (0x10, struct.pack("<H", 77)),
        (0x08, struct.pack("<q", server)),
        (0x20, struct.pack("<H", 88)),
    ]
    return struct.pack("<IB", handle, mask) + b"".join(octets for bit, octets in parts if mask & bit)


def body(items: Iterable[bytes]) -> bytes:
    every = list(items)
    return struct.pack("<i", len(every)) + b"".join(every) + b"\xff\xff\xff\xff"
