"""How do the bytes of a structure become values by name? (OPC 10000-3 8.48 StructureDefinition; OPC 10000-6 5.2.6)

A reader of its own, since asyncua makes Python classes of a server's types, for the whole process and for good.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary


class StructureError(Exception):
    """The bytes are not what the definition says."""


class UnknownTypeError(StructureError):
    """The server does not say how a field is made up."""


class Layout(IntEnum):
    """How fields follow each other (OPC 10000-3 8.49 StructureType)."""

    PLAIN = 0
    OPTIONAL_FIELDS = 1
    UNION = 2


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A type whose values are whole numbers with texts; empty where the server gives none."""

    texts: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a structure. dimensions: 0 for a single value, 1 for an array, more for a matrix."""

    name: str
    type: "Type"
    dimensions: int = 0
    is_optional: bool = False


@dataclass(slots=True, eq=False)
class Structure:
    """A type with fields; they are put in when all are known, since a type may hold itself."""

    layout: Layout = Layout.PLAIN
    fields: list[Field] = field(default_factory=list)

    def field(self, name: str) -> Field | None:
        """The field with this name."""
        return next((one for one in self.fields if one.name == name), None)


Type = ua.VariantType | Enumeration | Structure | type | None
"""A built-in type, an enumeration, a structure, a class of asyncua's for one of namespace 0, or one not known."""


def decoded(structure: Structure, body: bytes) -> dict[str, Any]:
    """Values of a structure by field, None for what is absent. Raises StructureError, UnknownTypeError."""
    data = Buffer(body)
    try:
        values = _fields(structure, data)
    except StructureError:
        raise
    except Exception as error:
        raise StructureError(f"cannot be read: {error}") from error
    if len(data):
        raise StructureError(f"{len(data)} bytes are left over")
    return values


def _fields(structure: Structure, data: Buffer) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(one.name for one in structure.fields)
    if structure.layout is Layout.UNION:
        chosen = ua_binary.Primitives.UInt32.unpack(data)
        if chosen:
            one = structure.fields[chosen - 1]
            values[one.name] = _value(one, data)
        return values
    given, bit = -1, 0
    if structure.layout is Layout.OPTIONAL_FIELDS:
        given = ua_binary.Primitives.UInt32.unpack(data)
    for one in structure.fields:
        if one.is_optional:
            bit += 1
            if not given & 1 << bit - 1:
                continue
        values[one.name] = _value(one, data)
    return values


def _value(one: Field, data: Buffer) -> Any:
    if not one.dimensions:
        return _single(one.type, data)
    lengths = [_length(data)]
    if one.dimensions > 1:  # the lengths of all dimensions as an array, then the values (OPC 10000-6 5.2.5)
        lengths = [_length(data) for _ in range(lengths[0])]
    if -1 in lengths:
        return None
    if math.prod(lengths) > len(data):
        raise StructureError(f"{one.name}: more values than bytes")
    return _array(one.type, lengths, data)


def _array(kind: Type, lengths: list[int], data: Buffer) -> list[Any]:
    if len(lengths) == 1:
        return [_single(kind, data) for _ in range(lengths[0])]
    return [_array(kind, lengths[1:], data) for _ in range(lengths[0])]


def _length(data: Buffer) -> int:
    return max(-1, int(ua_binary.Primitives.Int32.unpack(data)))


def _single(kind: Type, data: Buffer) -> Any:
    if isinstance(kind, Structure):
        return _fields(kind, data)
    if isinstance(kind, Enumeration):
        return ua_binary.Primitives.Int32.unpack(data)
    if isinstance(kind, ua.VariantType):
        value = ua_binary.unpack_uatype(kind, data)
        return value.Value if isinstance(value, ua.Variant) else value
    if kind is None:
        raise UnknownTypeError
    return ua_binary.from_binary(kind, data)
