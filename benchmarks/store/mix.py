"""What do the machines of a plant read? A thousand tags, fifty a device, read together a little late each time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.reading import Readings
from plant.tag import CounterRules, Restarts, Role, Tag

US_PER_S = 1_000_000
DAY_US = 86_400 * US_PER_S
START_US = 20_600 * DAY_US
TAGS_A_DEVICE = 50
JITTER_US, LAG_US = 200.0, 2_000.0
KINDS = ("state", "slow counter", "temperature", "power", "counter", "energy", "noise", "temperature", "state", "power")
RULES = CounterRules(Restarts.NEVER)
_ROLES = {
    "state": Role.STATE,
    "slow counter": Role.GOOD_COUNT,
    "counter": Role.GOOD_COUNT,
    "energy": Role.ENERGY_IMPORT,
    "temperature": Role.TEMPERATURE,
    "power": Role.POWER,
    "noise": Role.VIBRATION,
}


@dataclass(frozen=True, slots=True)
class Mix:
    """So many tags, each read every step_s."""

    tags: int
    step_s: float

    def registered(self) -> list[tuple[str, Tag]]:
        """The tags with their devices, as the store registers them."""
        return [
            (f"d{at // TAGS_A_DEVICE}", Tag(f"s{self.step_s:g}.t{at}", "unit", _ROLES[kind_of(at)], "", counter=RULES))
            for at in range(self.tags)
        ]

    def readings(self, tag: int, start_us: int, count: int) -> Readings:
        """What a tag reads from a time on; always the same for the same time."""
        begin = round((start_us - START_US) / US_PER_S / self.step_s)
        times, received = self._stamps(tag // TAGS_A_DEVICE, start_us, begin, count)
        values = _values(kind_of(tag), np.random.default_rng((tag, begin)), begin, count, self.step_s)
        return Readings(times, values, np.zeros(count, np.uint32), received, np.zeros(count, np.int64))

    def _stamps(self, device: int, start_us: int, begin: int, count: int) -> tuple[NDArray[np.int64], ...]:
        rng = np.random.default_rng((7, device, begin))
        late = np.minimum(np.abs(rng.normal(0, JITTER_US, count)), 9 * JITTER_US)
        times = start_us + (np.arange(count) * self.step_s * US_PER_S + late).astype(np.int64) + 997 * device
        return times, times + rng.gamma(2, LAG_US / 2, count).astype(np.int64)

    def polls(self, start_us: int, count: int) -> Iterator[tuple[int, Readings]]:
        """So many readings of each tag, tag by tag."""
        for tag in range(self.tags):
            yield tag, self.readings(tag, start_us, count)


def kind_of(tag: int) -> str:
    """What a tag reads."""
    return KINDS[tag % len(KINDS)]


def _values(kind: str, rng: np.random.Generator, begin: int, count: int, step_s: float) -> NDArray[np.float64]:
    at = (begin + np.arange(count)) * step_s
    if kind == "state":
        return (np.cumsum(rng.random(count) < 0.002 * step_s) % 5).astype(float)
    if kind == "slow counter":
        return np.floor(at / 97)
    if kind == "counter":
        return np.floor(at * 1.3 + rng.random(count))
    if kind == "energy":
        return np.round(12_345 + at * 0.0021 + 0.0005 * rng.random(count), 3)
    if kind == "temperature":
        return np.round(50 + 20 * np.sin(at / 13_750) + rng.normal(0, 0.3, count), 1)
    if kind == "power":
        return np.round(5000 + 2000 * np.sin(at / 2_865) + rng.normal(0, 30, count))
    return rng.normal(5, 0.3, count).astype(np.float32).astype(np.float64)
