"""Which model stands behind each tag of a site? Any site file becomes a plant: its work units become machines."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.site import Site
from config.tags import ModbusTag, OpcUaTag
from plant.instant import US_PER_S, moment
from plant.reading import I64
from plant.tag import PIECE_ROLES, PLANT, Kind, MachineState, Role, kind_of
from simulators.chance import key_of
from simulators.energy_meter import EnergyMeter
from simulators.gauge import KINDS, Gauge
from simulators.press_line import ASSEMBLY_CELL, PRESS, Machine, MachineKind
from simulators.scaling import scaling_of
from simulators.working_time import EPOCH_US, OUT_OF_SERVICE, PlannedTime

Column = NDArray[Any]
"""float64 for numbers, str for texts."""
Values = Callable[[I64], Column]
"""Values in the unit of storage at instants [UTC us]; a pure function."""

_BASE_W = {True: 14_000, False: 400}  # of the plant as a whole, and of one work unit
_ALARM = "E17 hydraulic pressure low"
_FIRST_ORDER = 4700


class Source:
    """What a device has to say for one tag. tag: its settings; plain values come from `model`."""

    def __init__(self, tag: ModbusTag | OpcUaTag, model: Values) -> None:
        self.tag = tag
        self._model = model
        self._scaling = None if kind_of(tag.role) is Kind.TEXT else scaling_of(tag)

    @property
    def number_type(self) -> str:
        """Type of the device's number; `string` for a text."""
        return self._scaling.number_type if self._scaling else "string"

    def given(self, times_us: I64) -> Column:
        """The device's numbers (whole ones as floats) or texts at these instants."""
        values = self._model(times_us)
        if self._scaling is not None:
            return self._scaling.numbers(values)
        length = self.tag.length if isinstance(self.tag, ModbusTag) else None
        return values.astype(f"<U{length}") if length else values

    def read(self, given: Column) -> Column:
        """What a perfect reader makes of the device's numbers or texts, in the unit of storage."""
        return given if self._scaling is None else self._scaling.values(given)


class Scene:
    """The machines and meters of a site, for a seed. One scene gives every tag of it the same plant."""

    def __init__(self, site: Site, seed: int) -> None:
        self._seed = seed
        self._products = list(site.products) or ["P-100", "P-200", "P-300"]
        self._day_shift_us = _day_shift_us(site)
        names = site.work_unit_names() or [PLANT]
        planned = _planned(site, names)
        self._machines = {name: Machine(seed, name, _kind(site, name), planned[name]) for name in names}
        marked = [name for name in names if name in site.work_units and site.work_units[name].output]
        self._output = [self._machines[name] for name in marked or names]

    def source(self, tag: ModbusTag | OpcUaTag) -> Source:
        """What stands behind a tag, as its device gives it."""
        return Source(tag, self.model(tag))

    def model(self, tag: ModbusTag | OpcUaTag) -> Values:
        """The values of a tag in the unit of storage."""
        role, machine = tag.role, self._machine(tag.work_unit)
        if role in PIECE_ROLES:
            return _summed(self._output if tag.work_unit == PLANT else [machine], role)
        if role is Role.STATE:
            return _states(machine, tag.tag().states)
        if kind_of(role) is Kind.TEXT:
            return self._texts(machine, role)
        if role is Role.CYCLE_TIME:
            return machine.cycle_time_s
        if role in KINDS:
            return Gauge(self._seed, tag.name, KINDS[role], machine).values
        return self._metered(tag.work_unit, machine, role)

    def _machine(self, work_unit: str) -> Machine:
        return self._machines.get(work_unit) or next(iter(self._machines.values()))

    def _metered(self, work_unit: str, machine: Machine, role: Role) -> Values:
        is_plant = work_unit == PLANT
        machines = list(self._machines.values()) if is_plant else [machine]
        meter = EnergyMeter(machines, _BASE_W[is_plant], self._day_shift_us)
        match role:
            case Role.POWER:
                return meter.power_kw
            case Role.ENERGY_IMPORT:
                return meter.energy_kwh
            case Role.REACTIVE_IMPORT:
                return meter.reactive_kvarh
            case Role.FUEL:
                # Gas for the furnace goes with the work done: 0.9 MJ to the kWh of electricity.
                return lambda times_us: np.round(0.9 * meter.energy_kwh(times_us), 1)
            case _:  # nothing in this plant feeds back
                return lambda times_us: np.zeros(len(times_us))

    def _texts(self, machine: Machine, role: Role) -> Values:
        names = np.array(self._products)
        first = key_of(self._seed, machine.name, "product") % len(names)

        def order(times_us: I64) -> Column:
            return np.asarray((machine.time.at(times_us).setups + _FIRST_ORDER).astype("<U20"))

        def product(times_us: I64) -> Column:
            return np.asarray(names[(machine.time.at(times_us).setups + first) % len(names)])

        def alarm(times_us: I64) -> Column:
            return np.where(machine.time.at(times_us).state == OUT_OF_SERVICE, _ALARM, "")

        return {Role.ORDER_ID: order, Role.PRODUCT_ID: product}.get(role, alarm)


def _summed(machines: Sequence[Machine], role: Role) -> Values:
    def counted(machine: Machine, times_us: I64) -> I64:
        if role is Role.TRIAL_COUNT:
            return machine.trial_pieces(times_us)
        pieces = machine.pieces(times_us)
        match role:
            case Role.GOOD_COUNT:
                return pieces.good
            case Role.SCRAP_COUNT:
                return pieces.scrap
            case Role.REWORK_COUNT:
                return pieces.rework
            case _:  # every piece produced is inspected
                return pieces.produced

    def values(times_us: I64) -> Column:
        total = np.zeros(len(times_us), dtype=np.int64)
        for machine in machines:
            total = total + counted(machine, times_us)
        return total.astype(np.float64)

    return values


def _states(machine: Machine, names: Any) -> Values:
    """State numbers as the tag names them; a state without a number shows as NotExecuting, or as the first number."""
    number_of = {name: number for number, name in names.items()}
    otherwise = number_of.get(MachineState.NOT_EXECUTING.value, next(iter(names), 0))
    numbers = np.array([number_of.get(state.value, otherwise) for state in MachineState], dtype=np.float64)
    return lambda times_us: numbers[machine.time.at(times_us).state]


def _kind(site: Site, name: str) -> MachineKind:
    kind = ASSEMBLY_CELL if any(word in name.lower() for word in ("assembly", "cell")) else PRESS
    settings = site.work_units.get(name)
    planned_s = settings.planned_run_time_s if settings else None
    # A real machine is a little slower than planned.
    cycle_us = int(planned_s * 1.06 * US_PER_S) if planned_s else kind.cycle_us
    return MachineKind(
        max(cycle_us, 1000), kind.defect_share, kind.executing_w, kind.setup_w, kind.standing_w, kind.off_w
    )


def _planned(site: Site, names: Sequence[str]) -> dict[str, PlannedTime]:
    """Planned time of each work unit; without shifts of its own, all time is."""
    calendar = site.shift_calendar()
    found = {}
    for name in names:
        # A work unit by the name of the plant stands for all: any shift plans it.
        unit = None if name == PLANT else name
        found[name] = PlannedTime(partial(calendar.planned, unit) if calendar.has_shifts(unit) else None)
    return found


def _day_shift_us(site: Site) -> int:
    offset = moment(EPOCH_US, site.zone).utcoffset()
    return int(offset.total_seconds()) * US_PER_S if offset is not None else 0
