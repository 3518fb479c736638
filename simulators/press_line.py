"""What do the machines of a press line count? Presses and an assembly cell as pure models of time and seed."""

from dataclasses import dataclass

import numpy as np

from plant.instant import US_PER_S
from plant.reading import F64, I64
from simulators.chance import key_of, share, swing
from simulators.working_time import PlannedTime, WorkingTime

_TRIAL_US = 30 * US_PER_S  # a setter makes a trial piece that often
_REWORKED = (3, 10)  # of so many defects, that many can be reworked
_WAVES = (7_000, 90_000)  # pieces over which the share of defects rises and falls


@dataclass(frozen=True, slots=True)
class MachineKind:
    """What makes one kind of machine: time a piece takes [us], mean share of defects, and power by state [W]."""

    cycle_us: int
    defect_share: float
    executing_w: int
    setup_w: int
    standing_w: int
    off_w: int


PRESS = MachineKind(2_000_000, 0.021, 22_000, 7_500, 3_200, 250)
ASSEMBLY_CELL = MachineKind(4_500_000, 0.012, 5_200, 2_000, 1_100, 150)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Columns of pieces counted since the plant began [1]: produced = good + scrap + rework."""

    produced: I64
    good: I64
    scrap: I64
    rework: I64


class Machine:
    """One machine: pieces, states, setups and cycle time at any instant. Every count never falls."""

    def __init__(self, seed: int, name: str, kind: MachineKind, planned: PlannedTime) -> None:
        self.name = name
        self.kind = kind
        self.time = WorkingTime(seed, name, planned)
        self._phase = key_of(seed, name, "quality") % _WAVES[1]
        self._cycle_key = key_of(seed, name, "cycle")
        self._defects_at_start = self._wobble(np.zeros(1, dtype=np.int64))

    def pieces(self, times_us: I64) -> Pieces:
        """Pieces counted up to these instants."""
        produced = self.time.at(times_us).executing_us // self.kind.cycle_us
        # Both waves together are nowhere steeper than 0.8 of the mean share: a piece adds no or one defect, never -1.
        exact = self.kind.defect_share * produced.astype(np.float64) + self._wobble(produced) - self._defects_at_start
        defects = np.floor(exact).astype(np.int64)
        rework = defects * _REWORKED[0] // _REWORKED[1]
        return Pieces(produced, produced - defects, defects - rework, rework)

    def trial_pieces(self, times_us: I64) -> I64:
        """Pieces made while setting up [1]; they are not among those produced."""
        return np.asarray(self.time.at(times_us).setup_us // _TRIAL_US)

    def cycle_time_s(self, times_us: I64) -> F64:
        """Time that the last piece took [s]."""
        produced = self.pieces(times_us).produced
        seconds = self.kind.cycle_us / US_PER_S
        return np.asarray(np.round(seconds * (0.97 + 0.06 * share(self._cycle_key, produced)), 3))

    def _wobble(self, produced: I64) -> F64:
        waves = [period / 8 * swing(produced + self._phase, period) for period in _WAVES]
        return np.asarray(self.kind.defect_share * 0.4 * (waves[0] + waves[1]))
