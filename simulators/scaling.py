"""Which number does a device give for a value, and which value does a perfect reader make of that number?

The way down is the inverse of what the tag's settings say: unit of storage, unit of the tag, modulus, offset, scale.
"""

from dataclasses import dataclass

import numpy as np

from config.tags import ModbusTag, OpcUaTag
from plant.reading import F64
from plant.tag import PIECE_ROLES, Kind, kind_of

TEN_TO_THE = -1
"""The power of ten that a device shows in the register a tag names with `scale_from`."""

# Registers and OPC UA types of whole numbers: where they begin and how many numbers they have.
_RANGES = {
    "bool": (0, 2),
    "int16": (-(2**15), 2**16),
    "uint16": (0, 2**16),
    "int32": (-(2**31), 2**32),
    "uint32": (0, 2**32),
    "int64": (-(2**63), 2**64),
    "uint64": (0, 2**64),
    "bcd16": (0, 10**4),
    "bcd32": (0, 10**8),
}


@dataclass(frozen=True, slots=True)
class Scaling:
    """How one tag's value and its device's number belong together. number_type: float64 for any number."""

    factor: float
    shift: float
    scale: float
    offset: float
    number_type: str
    counts: bool
    modulus: float | None = None

    def numbers(self, values: F64) -> F64:
        """The device's numbers for values in the unit of storage, as its type can hold them.

        A counter that its type cannot hold begins again at 0; anything else stops at the end of its range.
        """
        given = (values - self.shift) / self.factor
        if self.modulus:
            given = np.mod(given, self.modulus)
        return self._held((given - self.offset) / self.scale)

    def values(self, numbers: F64) -> F64:
        """The values in the unit of storage that a perfect reader makes of the device's numbers."""
        return np.asarray((numbers * self.scale + self.offset) * self.factor + self.shift)

    def _held(self, numbers: F64) -> F64:
        if self.number_type == "float32":
            return np.asarray(numbers.astype(np.float32).astype(np.float64))
        if self.number_type == "float64":
            return numbers
        low, size = _RANGES[self.number_type]
        whole = np.rint(numbers)
        if self.counts:
            return np.asarray(np.mod(whole, low + size))
        # The largest float below the end, since 2^64 - 1 itself is none.
        most = low + size - 1 if size < 2**53 else float(np.nextafter(float(low + size), 0.0))
        return np.asarray(np.clip(whole, low, most))


def scaling_of(tag: ModbusTag | OpcUaTag) -> Scaling:
    """The scaling of a tag that holds a number."""
    plain = tag.tag()
    way = plain.to_storage()
    counts = kind_of(tag.role) is Kind.COUNTER
    if isinstance(tag, OpcUaTag):
        whole = tag.role in PIECE_ROLES and (tag.scale, tag.offset, way.factor) == (1.0, 0.0, 1.0)
        number_type = "uint32" if whole else "int32" if tag.role.value == "state" else "float64"
        scale = tag.scale
    else:
        number_type = "bool" if tag.bit is not None else tag.type
        scale = tag.scale * 10.0**TEN_TO_THE if tag.scale_from is not None else tag.scale
    return Scaling(way.factor, way.offset, scale, tag.offset, number_type, counts, tag.modulus)
