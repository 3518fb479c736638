"""What a hostile or broken OPC UA server may send: too much, too little, nonsense; and what the reader says of it."""

from collections.abc import Callable, Iterator
from itertools import repeat

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from opcua_liar import PIECE, acknowledge, endless, frame, opened, part

BAD_RESPONSE_TOO_LARGE = 0x80B90000.to_bytes(4, "little")


def forged() -> Iterator[bytes]:
    """A CreateSessionResponse of 15 MB with a quarter of a million endpoints, in which every byte is 0."""
    begin = struct_to_binary(ua.CreateSessionResponse())[:-20] + (250_000).to_bytes(4, "little")
    yield part(2, begin)
    for number in range(3, 250):
        yield part(number, bytes(PIECE))
    yield part(250, bytes(PIECE), b"F")


FRAMES: dict[str, tuple[list[bytes], Callable[[], Iterator[bytes]], str]] = {
    "announces 2 GiB": (
        [],
        lambda: iter([frame(b"ACK", b"", size=2**31 - 1), *[bytes(PIECE)] * 2000]),
        "frame of 2147483647 bytes",
    ),
    "announces nothing": ([], lambda: repeat(frame(b"ACK", b"", size=0)), "frame of 0 bytes"),
    "speaks HTTP": ([], lambda: repeat(b"HTTP/1.1 400 Bad Request\r\n" * 1000), "is not OPC UA"),
    "takes one byte at once": ([], lambda: iter([acknowledge(receive=1)]), "takes frames of 1 bytes only"),
    "acknowledges for ever": ([], lambda: repeat(acknowledge()), "cannot be understood"),
    "states no limits and goes beyond ours": (
        [acknowledge(2**32 - 1, 2**32 - 1), opened()],
        lambda: iter([part(2, bytes(70_000), b"F")]),
        "frame of 70024 bytes",
    ),
    "sends chunks without end": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, bytes(PIECE))),
        "BadRequestTooLarge",
    ),
    "sends empty chunks without end": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, b"")),
        "BadRequestTooLarge",
    ),
    "answers what nobody asked": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, bytes(PIECE), b"F", request=77)),
        "never sent",
    ),
    "breaks an answer off": (
        [acknowledge(), opened()],
        lambda: iter([part(2, BAD_RESPONSE_TOO_LARGE + bytes(4), b"A")]),
        "BadResponseTooLarge",
    ),
    "breaks off what nobody asked": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, bytes(8), b"A", request=77)),
        "never sent",
    ),
    "states counts that make gigabytes of objects": (
        [acknowledge(), opened()],
        forged,
        "BadResponseTooLarge",
    ),
}
