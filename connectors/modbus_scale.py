"""How does a number in a register become a value in the unit of storage? Power of ten, scale and offset, unit."""

from collections.abc import Sequence

import numpy as np

from config.tags import ModbusTag
from connectors.modbus_coding import BAD_OUT_OF_RANGE, U8, Place, Rows, byte_positions
from plant.reading import F64, U32
from plant.status_code import GOOD
from plant.unit import IDENTITY

LARGEST_POWER = 22
"""Powers of ten beyond it have no exact f64, and no register has a reason for one."""


class Powers:
    """Powers of ten that come from registers of their own (int16)."""

    def __init__(self, tags: Sequence[ModbusTag], places: Sequence[Place]) -> None:
        scaled = [row for row, tag in enumerate(tags) if tag.scale_from is not None]
        self._rows: Rows = np.array(scaled, dtype=np.intp)
        swapped = [byte_positions(tags[row].order, 1)[::-1] for row in scaled]
        at = [[places[row].byte + byte for byte in order] for row, order in zip(scaled, swapped, strict=True)]
        self._bytes_at: Rows = np.array(at, dtype=np.intp).ravel()

    def applied(self, wire: U8, raw: F64, status: U32) -> F64:
        """Raw values with their powers; a senseless power is written into status."""
        if not len(self._rows):
            return raw
        power = wire[self._bytes_at].view("<i2").astype(np.int32)
        senseless = np.abs(power) > LARGEST_POWER
        good = status[self._rows] == GOOD
        status[self._rows[senseless & good & np.isfinite(raw[self._rows])]] = BAD_OUT_OF_RANGE
        exact = np.power(10.0, np.where(senseless, 0, np.abs(power)))
        values = raw.copy()
        # Divided where the power is negative: 1234 / 100 is the f64 nearest to 12.34, 1234 * 0.01 need not be.
        values[self._rows] = np.where(power < 0, raw[self._rows] / exact, raw[self._rows] * exact)
        return values


class Conversion:
    """From numbers to the unit of storage: scale and offset of the tag, then those of its unit."""

    def __init__(self, tags: Sequence[ModbusTag]) -> None:
        units = [IDENTITY if tag.type == "string" else tag.tag().to_storage() for tag in tags]
        self._scale = np.array([tag.scale for tag in tags])
        self._offset = np.array([tag.offset for tag in tags]) + 0.0
        self._factor = np.array([unit.factor for unit in units])
        self._unit_offset = np.array([unit.offset for unit in units])
        # What changes no value of any tag is left out. The offset is always added: it turns -0.0 into 0.0.
        self._has_scale = bool((self._scale != 1).any())
        self._has_unit = any(unit != IDENTITY for unit in units)

    def in_storage_unit(self, raw: F64) -> F64:
        """The values of all tags; infinite where they overflow."""
        values: F64 = raw * self._scale + self._offset if self._has_scale else raw + self._offset
        return values * self._factor + self._unit_offset if self._has_unit else values
