"""What does an energy meter show? Energy that follows the states of the machines behind it, and a base load.

Energy is a whole number of Wh from a closed form, power its derivative, so that both always agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plant.instant import US_PER_S
from plant.reading import F64, I64
from simulators.press_line import Machine
from simulators.working_time import EPOCH_US

_HOUR_MS = 3_600_000
_US_PER_MS = 1000
# Share of the base load by hour of the day [%]: lighting, air, heating.
_BY_HOUR = (40, 40, 40, 40, 45, 55, 75, 90, 100, 100, 100, 98, 92, 100, 100, 98, 95, 90, 80, 70, 60, 50, 45, 40)

# Reactive power over active power: motors under load, in setup, standing, off, and the base load.
_VAR_PER_KW = (480, 620, 1100, 1100)
_VAR_PER_KW_BASE = 210


@dataclass(frozen=True, slots=True)
class EnergyMeter:
    """A meter before these machines and a base load [W at its hour of day with most]; day_shift_us: local minus UTC."""

    machines: Sequence[Machine]
    base_w: int
    day_shift_us: int = 0

    def energy_kwh(self, times_us: I64) -> F64:
        """Energy taken since the plant began [kWh], in steps of 1 Wh; never falls."""
        work = self._base_w_ms(times_us)
        for machine in self.machines:
            for watts, time_ms in self._by_state(machine, times_us):
                work = work + watts * time_ms
        return np.asarray((work // _HOUR_MS) / 1000)

    def reactive_kvarh(self, times_us: I64) -> F64:
        """Reactive energy taken since the plant began [kvarh], in steps of 1 varh; never falls."""
        work = self._base_w_ms(times_us) * _VAR_PER_KW_BASE // 1000
        for machine in self.machines:
            for (watts, time_ms), var_per_kw in zip(self._by_state(machine, times_us), _VAR_PER_KW, strict=True):
                work = work + watts * var_per_kw // 1000 * time_ms
        return np.asarray((work // _HOUR_MS) / 1000)

    def power_kw(self, times_us: I64) -> F64:
        """Power taken at these instants [kW]."""
        hour = (times_us + self.day_shift_us) // (3600 * US_PER_S) % 24
        watts = self.base_w * np.array(_BY_HOUR, dtype=np.int64)[hour] // 100
        for machine in self.machines:
            watts = watts + self._watts(machine, times_us)
        return np.asarray(np.where(times_us >= EPOCH_US, watts, 0) / 1000)

    def _watts(self, machine: Machine, times_us: I64) -> I64:
        kind, now = machine.kind, machine.time.at(times_us)
        by_state = np.array([kind.standing_w, kind.executing_w, kind.setup_w, kind.standing_w], dtype=np.int64)
        return np.asarray(np.where(now.is_planned, by_state[now.state], kind.off_w))

    def _by_state(self, machine: Machine, times_us: I64) -> list[tuple[int, I64]]:
        """Power and total time [W, ms]: executing, in setup, standing in planned time, outside of it."""
        kind, total = machine.kind, machine.time.at(times_us)
        standing_us = total.planned_us - total.executing_us - total.setup_us
        off_us = total.since_us - total.planned_us
        return [
            (kind.executing_w, total.executing_us // _US_PER_MS),
            (kind.setup_w, total.setup_us // _US_PER_MS),
            (kind.standing_w, standing_us // _US_PER_MS),
            (kind.off_w, off_us // _US_PER_MS),
        ]

    def _base_w_ms(self, times_us: I64) -> I64:
        begin = (EPOCH_US + self.day_shift_us) // _US_PER_MS
        local_ms = (np.maximum(times_us, EPOCH_US) + self.day_shift_us) // _US_PER_MS
        return _daily(local_ms, self.base_w) - _daily(np.array([begin], dtype=np.int64), self.base_w)


def _daily(local_ms: I64, most_w: int) -> I64:
    hours = np.array([most_w * percent // 100 * _HOUR_MS for percent in _BY_HOUR], dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(hours)])
    hour = local_ms // _HOUR_MS
    whole = hour // 24 * before[-1] + before[hour % 24]
    return np.asarray(whole + hours[hour % 24] // _HOUR_MS * (local_ms % _HOUR_MS))
