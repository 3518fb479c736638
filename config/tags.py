"""What may be said of a tag? Keys that all protocols share, and those of OPC UA and of Modbus."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.model import Name, Number, Settings, Switch, Text, Whole
from plant.tag import (
    ENERGY_ROLES,
    PIECE_ROLES,
    STANDARD_STATES,
    STORAGE_UNITS,
    CounterRules,
    Kind,
    Restarts,
    Role,
    kind_of,
)
from plant.tag import Tag as PlantTag

_COUNTER_KEYS = ("modulus", "max_rate", "restarts", "swap_tolerance")

# 16-bit words a value of each type takes; a string takes one for every two characters of its length
WORDS = {
    "bool": 1,
    "int16": 1,
    "uint16": 1,
    "bcd16": 1,
    "int32": 2,
    "uint32": 2,
    "float32": 2,
    "bcd32": 2,
    "int64": 4,
    "uint64": 4,
    "float64": 4,
}


def states_cell(value: Any) -> Any:
    """`0=NotExecuting;1=Executing`, as a cell of a tag list has it."""
    if not isinstance(value, str):
        return value
    pairs = [_STATE.fullmatch(part) for part in value.split(";") if part.strip()]
    found = [(int(pair[1]), pair[2]) for pair in pairs if pair]
    if not found or not all(pairs):
        raise ValueError("must look like 0=NotExecuting;1=Executing")
    if len(dict(found)) < len(found):
        raise ValueError("must name every number once")
    return dict(found)


_STATE = re.compile(r"\s*(-?[0-9]{1,18})\s*=\s*(.*?)\s*")


def list_cell(value: Any) -> Any:
    """`65535;32768`, as a cell of a tag list has it."""
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


class TagSettings(Settings):
    """One tag: what it measures, and how its readings are to be understood."""

    name: Name
    """Name of the tag, unique in the plant."""
    work_unit: Name
    """Work unit that it belongs to; `plant` for the plant as a whole."""
    role: Role
    """What it measures there."""
    unit: Text = ""
    """Unit in which the device gives it, after `scale` and `offset`. Default: the unit of storage of the role."""
    scale: Number = 1.0
    """Factor from the device's number to `unit`."""
    offset: Number = 0.0
    """Added after `scale`, in `unit`."""
    states: Annotated[Mapping[int, Text] | None, BeforeValidator(states_cell)] = None
    """Names of the numbers of a state. Default: 0 NotExecuting, 1 Executing, 2 Setup, 3 OutOfService."""
    max_hold_s: Annotated[Number, Field(gt=0)] | None = None
    """How long a reading stays known without another [s]. Default: until the next."""
    use_uncertain: Switch = False
    """Whether KPIs use readings with an Uncertain status (then flagged `suspect`)."""
    modulus: Annotated[Number, Field(gt=0)] | None = None
    """Counter: value at which it returns to 0, in `unit`."""
    max_rate: Annotated[Number, Field(gt=0)] | None = None
    """Counter: largest believable increase an hour, in `unit`."""
    restarts: Restarts | None = None
    """Counter: when a drop may be a restart from 0. Default: `any` for pieces, `never` for energy."""
    swap_tolerance: Annotated[Number, Field(ge=0)] = 0.0
    """Counter: largest drop taken for swapped readings, in `unit`."""

    @model_validator(mode="after")
    def _keys_fit_the_role(self) -> Self:
        kind = kind_of(self.role)
        if kind is not Kind.COUNTER:
            given = [key for key in _COUNTER_KEYS if key in self.model_fields_set]
            if given:
                raise ValueError(f"{', '.join(given)}: only for counters, and {self.role} is a {kind}")
        if self.states is not None and kind is not Kind.STATE:
            raise ValueError(f"states: only for role state, and the role is {self.role}")
        if self.scale == 0:
            raise ValueError("scale: must not be 0")
        try:
            self.tag()
        except ValueError as error:
            raise ValueError(f"unit: {error}") from None
        return self

    def tag(self) -> PlantTag:
        """The tag as the store and the KPIs know it, counter rules in the unit of storage."""
        unit = self.unit or STORAGE_UNITS.get(self.role, "")
        plain = PlantTag(self.name, self.work_unit, self.role, unit)
        factor = plain.to_storage().factor
        return PlantTag(
            name=self.name,
            work_unit=self.work_unit,
            role=self.role,
            unit=unit,
            max_hold_s=self.max_hold_s,
            use_uncertain=self.use_uncertain,
            states=dict(self.states) if self.states is not None else STANDARD_STATES,
            counter=self._counter_rules(factor) if plain.kind is Kind.COUNTER else None,
        )

    def _counter_rules(self, factor: float) -> CounterRules:
        default = Restarts.NEVER if self.role in ENERGY_ROLES else Restarts.ANY
        return CounterRules(
            restarts=self.restarts or default,
            modulus=self.modulus * factor if self.modulus else None,
            max_rate_per_h=self.max_rate * factor if self.max_rate else None,
            swap_tolerance=self.swap_tolerance * factor,
            one_count=max(1.0, abs(self.scale)) if self.role in PIECE_ROLES else abs(self.scale) * factor,
        )


_NODE = re.compile(r"(ns=\d+;|nsu=[^;]+;)?[isgb]=.+")
_INDEX = re.compile(r"[0-9]{1,9}(,[0-9]{1,9})*")
_FIELD = re.compile(r"(\[[0-9]{1,9}(,[0-9]{1,9})*\]\.?)?[^.\[\]]+(\[[0-9]{1,9}(,[0-9]{1,9})*\]|\.[^.\[\]]+)*")


class OpcUaTag(TagSettings):
    """A tag of an OPC UA server."""

    node: Text
    """NodeId: `ns=2;s=Press1.Good`, or by namespace URI `nsu=urn:press;s=Good`."""
    index: Text | None = None
    """Element of the node's array that is meant: `3`, of a matrix `1,2`; the first is 0."""
    field: Text | None = None
    """Field of the node's structure that is meant, as in `Motor.Speed` or `[0].AccCount`."""
    events: Switch = False
    """The node is a notifier: the texts of its events and alarms are read, for role alarm and mode `subscribe`."""

    @model_validator(mode="after")
    def _node_is_a_node_id(self) -> Self:
        if not _NODE.fullmatch(self.node):
            raise ValueError("node: must be a NodeId, as in ns=2;s=Press1.Good or nsu=urn:press;s=Good")
        if self.index is not None and not _INDEX.fullmatch(self.index):
            raise ValueError("index: must be a position in an array, as in 3, or in a matrix, as in 1,2")
        if self.field is not None and not _FIELD.fullmatch(self.field):
            raise ValueError("field: must name a field of a structure, as in Motor.Speed or [0].AccCount")
        if self.events and self.role is not Role.ALARM:
            raise ValueError(f"events: only for role alarm, and the role is {self.role}")
        if self.events and (self.index is not None or self.field is not None):
            raise ValueError("events: not together with index or field; an event is no value of the node")
        return self


class ModbusTag(TagSettings):
    """A tag of a Modbus device: where it lies and how it is coded."""

    register_: Annotated[Text | None, Field(alias="register")] = None
    """Register of the device's `profile`, by its name there. It gives every key that the tag does not say itself."""
    table: Literal["holding", "input", "coil", "discrete"]
    """Table that holds it."""
    address: Annotated[Whole, Field(ge=0, le=65535)]
    """Zero-based address of its first register or bit."""
    type: Literal[
        "bool",
        "int16",
        "int32",
        "int64",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "bcd16",
        "bcd32",
        "string",
    ] = "bool"
    """How it is coded. Required for registers; a coil or discrete input is a bool."""
    bit: Annotated[Whole, Field(ge=0, le=15)] | None = None
    """Bit of the register that is meant; 0 is the least significant."""
    order: Text = "ABCD"
    """Order of its bytes on the wire: ABCD, CDAB, BADC, DCBA; eight letters for 64 bits."""
    length: Annotated[Whole, Field(ge=1, le=250)] | None = None
    """Characters of a string."""
    scale_from: Annotated[Whole, Field(ge=0, le=65535)] | None = None
    """Address of a register (int16, same table) with a power of ten that scales the value."""
    bad_values: Annotated[tuple[Number, ...], BeforeValidator(list_cell)] = ()
    """Numbers by which the device says that it has no value, before `scale`."""

    @model_validator(mode="after")
    def _coding_fits(self) -> Self:
        registers = self.table in ("holding", "input")
        if registers and "type" not in self.model_fields_set and self.bit is None:
            raise ValueError("type: is required for a register")
        if not registers and self.type != "bool":
            raise ValueError(f"type: must be bool for a {self.table}")
        if self.bit is not None and not (registers and self.type in ("bool", "uint16")):
            raise ValueError("bit: only for a register of type bool or uint16")
        if registers and self.type == "bool" and self.bit is None:
            raise ValueError("bit: is required for a bool in a register")
        if self.scale_from is not None and (self.bit is not None or self.type in ("bool", "string")):
            raise ValueError("scale_from: only for a number in a register")
        if (self.type == "string") != (self.length is not None):
            raise ValueError("length: is required for a string, and only there")
        if (self.type == "string") != (kind_of(self.role) is Kind.TEXT):
            raise ValueError("type: string goes with the roles order_id, product_id and alarm, and only with them")
        if self.address + self.words > 65536:
            raise ValueError(f"address: the value's {self.words} registers must end at 65535")
        self._order_fits()
        return self

    def _order_fits(self) -> None:
        if self.words == 4 and self.type != "string":
            if "order" in self.model_fields_set and sorted(self.order) != list("ABCDEFGH"):
                raise ValueError("order: must have the eight letters A to H for 64 bits, as in ABCDEFGH")
        elif self.order not in ("ABCD", "CDAB", "BADC", "DCBA"):
            raise ValueError("order: must be ABCD, CDAB, BADC or DCBA")

    @property
    def words(self) -> int:
        """Registers (or bits of a coil or discrete input) that the value takes."""
        return (self.length + 1) // 2 if self.length else WORDS[self.type]
