"""What does a gauge on a machine show? A smooth curve that settles lower while the machine stands still."""

from dataclasses import dataclass

import numpy as np

from plant.instant import US_PER_S
from plant.reading import F64, I64
from plant.tag import Role
from simulators.chance import key_of, swing
from simulators.press_line import Machine
from simulators.working_time import EXECUTING


@dataclass(frozen=True, slots=True)
class GaugeKind:
    """Lowest and highest value in the unit of storage, period of the slow wave [s], what is left of it standing."""

    low: float
    high: float
    period_s: int
    standing_share: float = 1.0


KINDS = {
    Role.TEMPERATURE: GaugeKind(38.0, 62.0, 5400),
    Role.PRESSURE: GaugeKind(5.6, 6.4, 900),
    Role.FLOW: GaugeKind(3.0, 9.0, 1200, 0.2),
    Role.SPEED: GaugeKind(28.0, 32.0, 300, 0.0),
    Role.TORQUE: GaugeKind(180.0, 240.0, 200, 0.0),
    Role.LEVEL: GaugeKind(15.0, 95.0, 14_400),
    Role.CURRENT: GaugeKind(24.0, 36.0, 240, 0.15),
    Role.VOLTAGE: GaugeKind(392.0, 406.0, 3600),
    Role.VIBRATION: GaugeKind(1.2, 3.4, 400, 0.1),
    Role.OTHER: GaugeKind(0.0, 100.0, 1800),
}


class Gauge:
    """One gauge: a slow wave and a quick ripple, to two decimals."""

    def __init__(self, seed: int, name: str, kind: GaugeKind, machine: Machine) -> None:
        self._kind = kind
        self._machine = machine
        self._period_us = kind.period_s * US_PER_S
        self._phase_us = key_of(seed, name, "gauge") % self._period_us

    def values(self, times_us: I64) -> F64:
        """The curve at these instants, in the unit of storage."""
        kind = self._kind
        slow = swing(times_us + self._phase_us, self._period_us)
        ripple = swing(times_us + self._phase_us, 90 * US_PER_S)
        shown = (kind.low + kind.high) / 2 + (kind.high - kind.low) / 2 * (0.97 * slow + 0.03 * ripple)
        if kind.standing_share < 1.0:
            executing = self._machine.time.at(times_us).state == EXECUTING
            shown = np.where(executing, shown, shown * kind.standing_share)
        return np.asarray(np.round(shown, 2))
