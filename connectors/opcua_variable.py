"""What is known of one variable of an OPC UA server: where it is, of which type, and what it is worth now?"""

import math
from dataclasses import dataclass, field
from typing import Any

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from connectors.opcua_structure import Enumeration, Structure, Type
from plant.status_code import status_name

_MOST_LEVELS = 3
_DURATION = ua.NodeId(ua.Int32(ObjectIds.Duration))


@dataclass(slots=True)
class Variable:
    """A variable: NodeId (with the namespace's index), the same by URI, names from the top, type, value now and unit.

    value is a number, text, bool or None; kind is number, whole, text, bool or other; status is a StatusCode's name.
    texts: of an enumeration's numbers. elements: of an array. fields: of a structure, those within others as in
    Motor.Speed.
    """

    node: str
    node_by_uri: str
    path: tuple[str, ...]
    type: str = ""
    kind: str = "other"
    value: float | int | str | bool | None = None
    status: str = ""
    unit: str = ""
    texts: dict[int, str] = field(default_factory=dict)
    elements: int = 0
    fields: tuple[str, ...] = ()

    def understand(self, data: ua.DataValue) -> None:
        """Take over what a Read of the value gave."""
        self.status = status_name(int(data.StatusCode.value)) if data.StatusCode is not None else "Good"
        variant = data.Value
        if variant is None:
            return
        self.type = variant.VariantType.name if isinstance(variant.VariantType, ua.VariantType) else ""
        value = variant.Value
        if isinstance(value, list):
            self.elements = len(value)
        if isinstance(value, ua.LocalizedText):
            value = value.Text
        match value:
            case bool():
                self.kind, self.value = "bool", value
            case int():
                self.kind, self.value = "whole", int(value)
            case float():
                self.kind, self.value = "number", value if math.isfinite(value) else None
            case str():
                self.kind, self.value = "text", value

    def is_of(self, data_type: Any, kind: Type) -> None:
        """Take over what its data type says."""
        if isinstance(kind, Enumeration):
            self.texts = self.texts or dict(kind.texts)
        elif isinstance(kind, Structure):
            self.fields = tuple(_leaves(kind))
        elif data_type == _DURATION:  # OPC 10000-3 8.13
            self.unit = self.unit or "ms"


def _leaves(structure: Structure, levels: int = _MOST_LEVELS) -> list[str]:
    names = []
    for one in structure.fields:
        below = _leaves(one.type, levels - 1) if isinstance(one.type, Structure) and levels else []
        names += [f"{one.name}{'[0]' * bool(one.dimensions)}.{name}" for name in below] or [one.name]
    return names
