"""What does a tag stand for: which role on which work unit, of which kind, in which unit, under which counter rules?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from plant.unit import IDENTITY, Conversion, conversion

PLANT = "plant"
"""The work unit of tags and quantities that stand for the whole plant, and the scope of its KPIs."""


class Kind(StrEnum):
    """How readings of a tag are to be understood."""

    COUNTER = "counter"
    GAUGE = "gauge"
    STATE = "state"
    TEXT = "text"


class Role(StrEnum):
    """What a tag measures on its work unit (closed list)."""

    PRODUCED_COUNT = "produced_count"
    GOOD_COUNT = "good_count"
    SCRAP_COUNT = "scrap_count"
    REWORK_COUNT = "rework_count"
    TRIAL_COUNT = "trial_count"
    INSPECTED_COUNT = "inspected_count"
    STATE = "state"
    CYCLE_TIME = "cycle_time"
    ENERGY_IMPORT = "energy_import"
    ENERGY_EXPORT = "energy_export"
    REACTIVE_IMPORT = "reactive_import"
    REACTIVE_EXPORT = "reactive_export"
    FUEL = "fuel"
    POWER = "power"
    TEMPERATURE = "temperature"
    PRESSURE = "pressure"
    FLOW = "flow"
    SPEED = "speed"
    TORQUE = "torque"
    LEVEL = "level"
    CURRENT = "current"
    VOLTAGE = "voltage"
    VIBRATION = "vibration"
    OTHER = "other"
    ORDER_ID = "order_id"
    PRODUCT_ID = "product_id"
    ALARM = "alarm"


PIECE_ROLES = frozenset(role for role in Role if role.value.endswith("_count"))
ENERGY_ROLES = frozenset(
    {Role.ENERGY_IMPORT, Role.ENERGY_EXPORT, Role.REACTIVE_IMPORT, Role.REACTIVE_EXPORT, Role.FUEL}
)

STORAGE_UNITS: dict[Role, str] = {
    **dict.fromkeys(PIECE_ROLES, "1"),
    Role.CYCLE_TIME: "s",
    Role.ENERGY_IMPORT: "kWh",
    Role.ENERGY_EXPORT: "kWh",
    Role.REACTIVE_IMPORT: "kvarh",
    Role.REACTIVE_EXPORT: "kvarh",
    Role.FUEL: "MJ",
    Role.POWER: "kW",
    Role.TEMPERATURE: "Cel",
    Role.PRESSURE: "bar",
    Role.FLOW: "m3/h",
    Role.SPEED: "1/min",
}
"""Unit in which readings of a role are stored; a role that is not here is stored as given."""


def kind_of(role: Role) -> Kind:
    """The kind that follows from the role."""
    if role in PIECE_ROLES or role in ENERGY_ROLES:
        return Kind.COUNTER
    if role is Role.STATE:
        return Kind.STATE
    if role in (Role.ORDER_ID, Role.PRODUCT_ID, Role.ALARM):
        return Kind.TEXT
    return Kind.GAUGE


class MachineState(StrEnum):
    """Machine states of OPC 40001-1 (OPC UA for Machinery), as KPIs know them."""

    NOT_EXECUTING = "NotExecuting"
    EXECUTING = "Executing"
    SETUP = "Setup"
    OUT_OF_SERVICE = "OutOfService"


STANDARD_STATES: dict[int, str] = {number: state.value for number, state in enumerate(MachineState)}
"""State numbers of a tag that names none itself: 0 NotExecuting, 1 Executing, 2 Setup, 3 OutOfService."""


class Restarts(StrEnum):
    """When a drop of a counter may be believed to be a restart from zero."""

    NEVER = "never"
    ANY = "any"
    SHIFT = "shift"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class CounterRules:
    """What is known of a counter, in the unit of storage.

    modulus: value at which it returns to 0. max_rate_per_h: largest believable increase an hour. swap_tolerance:
    largest drop that is taken for swapped readings. one_count: its resolution.
    """

    restarts: Restarts
    modulus: float | None = None
    max_rate_per_h: float | None = None
    swap_tolerance: float = 0.0
    one_count: float = 1.0


@dataclass(frozen=True, slots=True)
class Tag:
    """One thing that is read: its name, the work unit and role it has there, and how to understand its readings.

    unit is the unit as the device gives it; storage_unit that of stored values. max_hold_s: how long a reading
    stays known without another [s]; None: until the next.
    """

    name: str
    work_unit: str
    role: Role
    unit: str
    max_hold_s: float | None = None
    use_uncertain: bool = False
    states: Mapping[int, str] = field(default_factory=lambda: STANDARD_STATES)
    counter: CounterRules | None = None

    @property
    def kind(self) -> Kind:
        return kind_of(self.role)

    @property
    def storage_unit(self) -> str:
        return STORAGE_UNITS.get(self.role, self.unit)

    def to_storage(self, unit: str | None = None) -> Conversion:
        """The way from `unit` (default: the tag's) to the unit of storage. Raises ValueError if there is none."""
        storage_unit = STORAGE_UNITS.get(self.role)
        if storage_unit is None:
            if unit not in (None, "", self.unit):
                raise ValueError(f"must be {self.unit or 'empty'}")
            return IDENTITY
        return conversion(unit or self.unit, storage_unit)
