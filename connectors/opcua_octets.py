"""How much memory may one message of a server take when asyncua makes objects of it?

asyncua trusts every count that a message states: 16 MiB of one-byte DataValues become 3 GiB of objects, the dimensions
of one empty array 64 MiB of lists. What is decoded here is paid for as it is read; a message that needs more than
MOST_OBJECT_BYTES is refused with BadResponseTooLarge, as a server would that may not send as much.
"""

import math
import struct
from typing import Any

from asyncua.common.utils import Buffer, NotEnoughData
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import BadResponseTooLarge

MOST_OBJECT_BYTES = 40 * 2**20

# what asyncua's objects take at most, measured
_BYTES_A_READ = 56
_BYTES_A_MASK = 200
"""A DataValue without anything in it is its mask alone."""
_BYTES_AN_ELEMENT = 48

_COUNT = struct.Struct("<i")
_ARRAY = 0x80
_ARRAY_OF_NOTHING = 0x80
_TYPE_AND_ARRAY = 0xBF
_MOST_DIMENSIONS = 16


class Octets(Buffer):
    """asyncua's buffer, which a negative length cannot wind back nor a forged count fill the memory from. paid: bytes
    of objects made so far, which the parts of one message share.
    """

    def __init__(self, data: bytes, start_pos: int = 0, size: int = -1, paid: list[int] | None = None) -> None:
        super().__init__(data, start_pos, size)
        self._paid = [0] if paid is None else paid
        self._kind = 0  # the byte before: it may say of what an array follows
        self._count: int | None = None  # the four bytes before
        self._is_array = False

    def read(self, size: int) -> bytes:
        """Raises NotEnoughData, and BadResponseTooLarge when the message makes too many objects."""
        if size < 0:
            raise NotEnoughData(f"a length of {size}")
        octets = super().read(size)
        self._pay(self._price(size))
        count = _COUNT.unpack(octets)[0] if size == _COUNT.size else None
        self._is_array = count is not None and bool(self._kind & _ARRAY)
        if count is not None and self._kind & _TYPE_AND_ARRAY == _ARRAY_OF_NOTHING:
            if count > len(self):
                raise NotEnoughData("an array of nothing, longer than the message")
            self._pay(_BYTES_AN_ELEMENT * abs(count))
        self._kind, self._count = octets[0] if size == 1 else 0, count
        return octets

    def copy(self, size: int = -1) -> Buffer:
        return Octets(self._data, self._cur_pos, len(self) if size == -1 else min(size, len(self)), self._paid)

    def _price(self, size: int) -> int:
        """Of what is made of the next bytes: elements where the count before is not the length of a text."""
        if self._count and size > 2 * _COUNT.size and (self._is_array or size != self._count):
            return _BYTES_AN_ELEMENT * min(size, abs(self._count))
        return _BYTES_A_MASK if size == 1 else _BYTES_A_READ

    def _pay(self, price: int) -> None:
        self._paid[0] += price
        if self._paid[0] > MOST_OBJECT_BYTES:
            raise BadResponseTooLarge


def _shaped(flat: list[Any], dims: list[int]) -> list[Any]:
    """An array in its dimensions; as it came where they are not its own (OPC 10000-6 5.2.2.16): asyncua makes as many
    empty lists as they say."""
    is_sound = dims and len(dims) <= _MOST_DIMENSIONS and min(dims) > 0
    if not is_sound or math.prod(dims) != len(flat):
        return flat
    return _asyncuas_reshape(flat, dims)


_asyncuas_reshape = ua_binary._reshape
ua_binary._reshape = _shaped
