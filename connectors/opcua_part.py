"""Which part of what a node holds is a tag's value? An element of an array, a field of a structure, or both."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asyncua import ua

from config.tags import OpcUaTag
from connectors.opcua_structure import Enumeration, Structure, StructureError, Type, UnknownTypeError, decoded
from plant.status_code import is_bad, parse_status

_STEP = re.compile(r"\[([0-9,]+)\]|([^.\[\]]+)")
_SINGLE = (str, int, float, ua.LocalizedText, ua.QualifiedName)

_NO_ELEMENT = parse_status("BadIndexRangeNoData")
_NO_FIELD = parse_status("BadNoMatch")
_NO_TYPE = parse_status("BadDataTypeIdUnknown")
_NOT_SUCH = parse_status("BadTypeMismatch")
_UNREADABLE = parse_status("BadDecodingError")

Step = str | tuple[int, ...]


class PartError(Exception):
    """There is no such part. status: the StatusCode that says why."""

    def __init__(self, status: int) -> None:
        super().__init__(hex(status))
        self.status = status


@dataclass(frozen=True, slots=True)
class Part:
    """A way into a value: names of fields and positions in arrays, in order.

    is_ranged: the server itself picks the element of the first step (IndexRange); what comes has one. root: type of the
    node; structures: types by NodeId of their binary encoding, as far as the server says them.
    """

    steps: tuple[Step, ...]
    is_ranged: bool = False
    root: Type = None
    structures: Mapping[ua.NodeId, Structure] = field(default_factory=dict)

    @classmethod
    def of(cls, tag: OpcUaTag) -> "Part | None":
        """The part of its node that a tag's `index` and `field` name; None for the whole.

        >>> tag = {"name": "t", "work_unit": "w", "role": "other", "node": "i=1", "index": "2", "field": "Motor.Speed"}
        >>> Part.of(OpcUaTag.model_validate(tag)).steps
        ((2,), 'Motor', 'Speed')
        """
        steps = [_position(tag.index)] if tag.index else []
        steps += [_position(at) if at else name for at, name in _STEP.findall(tag.field or "")]
        return cls(tuple(steps)) if steps else None

    def picked(self, value: Any) -> Any:
        """The part of a node's value; None where it is absent. Raises PartError."""
        for number, step in enumerate(self.steps):
            if value is None:
                return None
            if isinstance(step, str):
                value = self._field(value, step, is_root=not any(isinstance(one, str) for one in self.steps[:number]))
            else:
                value = _element(value, step, may_be_alone=self.is_ranged and number == 0)
        if value is not None and not isinstance(value, _SINGLE):
            raise PartError(_NOT_SUCH)
        return value

    def picked_from(self, data: ua.DataValue) -> ua.DataValue:
        """A DataValue with this part of its value, or with the StatusCode that says why there is none."""
        given = int(data.StatusCode.value) if data.StatusCode is not None else 0
        if is_bad(given) or data.Value is None:
            return data
        try:
            value, status = self.picked(data.Value.Value), data.StatusCode
        except PartError as error:
            value, status = None, ua.StatusCode(ua.UInt32(error.status))
        variant = ua.Variant(value) if value is not None else ua.Variant()
        return dataclasses.replace(data, Value=variant, StatusCode=status)

    def texts(self) -> Mapping[int, str]:
        """Texts of the numbers that the part may have, where its type is an enumeration."""
        kind = self.root
        for step in self.steps:
            if isinstance(step, str):
                found = kind.field(step) if isinstance(kind, Structure) else None
                kind = found.type if found is not None else None
        return kind.texts if isinstance(kind, Enumeration) else {}

    def _field(self, value: Any, name: str, is_root: bool) -> Any:
        if isinstance(value, ua.ExtensionObject):
            # a server that does not say the encoding's id means the type of the node
            kind = self.structures.get(value.TypeId, self.root if is_root else None)
            if not isinstance(kind, Structure):
                raise PartError(_NO_TYPE)
            try:
                value = decoded(kind, value.Body or b"")
            except UnknownTypeError:
                raise PartError(_NO_TYPE) from None
            except StructureError:
                raise PartError(_UNREADABLE) from None
        if dataclasses.is_dataclass(value) and name in {one.name for one in dataclasses.fields(value)}:
            return getattr(value, name)
        if not isinstance(value, dict):
            raise PartError(_NO_FIELD if dataclasses.is_dataclass(value) else _NOT_SUCH)
        if name not in value:
            raise PartError(_NO_FIELD)
        return value[name]


def _position(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _element(value: Any, position: tuple[int, ...], may_be_alone: bool) -> Any:
    if may_be_alone:
        alone = value
        for _ in position:
            if not isinstance(alone, list):
                return alone  # some servers give the element itself
            if len(alone) != 1:
                break
            alone = alone[0]
        else:
            return alone
    for at in position:
        if not isinstance(value, list):
            raise PartError(_NOT_SUCH)
        if at >= len(value):
            raise PartError(_NO_ELEMENT)
        value = value[at]
    return value
