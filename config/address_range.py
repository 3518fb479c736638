"""Which addresses of a Modbus table are meant? One, or those from a first to a last, as in `holding 100-199`."""

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator


class AddressRange(NamedTuple):
    """Zero-based addresses of a table, first and last included."""

    table: Literal["holding", "input", "coil", "discrete"]
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.table} {self.first}" + (f"-{self.last}" if self.last > self.first else "")

    def overlaps(self, table: str, address: int, count: int) -> bool:
        """Whether one of `count` addresses of a table, from `address` on, is among these."""
        return table == self.table and address <= self.last and address + count > self.first


_RANGE = re.compile(r"(holding|input|coil|discrete)\s+([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")


def _address_range(value: Any) -> Any:
    if isinstance(value, AddressRange):
        return value
    found = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError("must look like holding 100-199 or input 5: a table and zero-based addresses")
    first, last = int(found[2]), int(found[3] or found[2])
    if not first <= last <= 65535:
        raise ValueError("must name its first address before its last, and none above 65535")
    return AddressRange(found[1], first, last)  # type: ignore[arg-type]  # the pattern knows the tables


Addresses = Annotated[AddressRange, BeforeValidator(_address_range)]
"""Addresses as a settings file has them."""
