"""What lies in the registers of a measured device? Runs of values of one type, and values that move as live ones do."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDS = {"float32": 2, "uint32": 2, "uint16": 1}
FIRST = {"float32": 12.5, "uint32": 4_000_000_000.0, "uint16": 4711.0}
"""The first value of each type never changes, so that every reader can be asked for it."""
VERSIONS = 512
_WIRE = {"float32": ">f4", "uint32": ">u4", "uint16": ">u2"}
_LETTER = {"float32": "f", "uint32": "l", "uint16": "s"}


@dataclass(frozen=True, slots=True)
class Run:
    """`count` values of a type, one behind the other from a zero-based address on."""

    type: str
    address: int
    count: int

    @property
    def registers(self) -> int:
        """Registers that they take."""
        return WORDS[self.type] * self.count


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """Holding registers of a device. requests: (address, count) as somebody without a planner would ask."""

    runs: tuple[Run, ...]
    requests: tuple[tuple[int, int], ...]

    @property
    def values(self) -> int:
        """Values of a device."""
        return sum(run.count for run in self.runs)

    @property
    def registers(self) -> int:
        """Registers up to the last that is used."""
        return max(run.address + run.registers for run in self.runs)

    def addresses(self) -> list[tuple[str, int]]:
        """(type, address) of every value."""
        return [(run.type, run.address + WORDS[run.type] * n) for run in self.runs for n in range(run.count)]

    def plan(self) -> str:
        """What client.c reads."""
        lines = [f"r {at} {count}" for at, count in self.requests]
        return "\n".join([*lines, *(f"{_LETTER[run.type]} {run.address} {run.count}" for run in self.runs)]) + "\n"

    def write_image(self, path: Path) -> None:
        """Write what server.c serves: `VERSIONS` times all registers."""
        moving, at = live_values(self.runs, VERSIONS), 0
        image = np.zeros((VERSIONS, 2 * self.registers), dtype=np.uint8)
        for run in self.runs:
            wire = moving[:, at : at + run.count].astype(_WIRE[run.type])
            image[:, 2 * run.address : 2 * (run.address + run.registers)] = wire.view(np.uint8)
            at += run.count
        image.tofile(path)


def _laid(counts: list[tuple[str, int]], start: int = 0) -> tuple[Run, ...]:
    runs = []
    for kind, count in counts:
        runs.append(Run(kind, start, count))
        start += runs[-1].registers
    return tuple(runs)


def _whole(registers: int) -> tuple[tuple[int, int], ...]:
    return tuple((at, min(125, registers - at)) for at in range(0, registers, 125))


def by_type(values: int = 550) -> RegisterMap:
    """All float32, then all uint16, then all uint32, 7 to 2 to 2; 550 values take 1,000 registers."""
    few = round(values * 2 / 11)
    runs = _laid([("float32", values - 2 * few), ("uint16", few), ("uint32", few)])
    return RegisterMap(runs, _whole(sum(run.registers for run in runs)))


def in_blocks() -> RegisterMap:
    """350 float32, 100 uint32 and 100 uint16 laid so that 8 requests of 125 registers cut no value."""
    runs: list[Run] = []
    for block in range(8):
        short, long = (13 if block < 6 else 11), (13 if block < 4 else 12)
        wide = (125 - short) // 2
        runs += _laid([("float32", wide - long), ("uint32", long), ("uint16", short)], 125 * block)
    return RegisterMap(tuple(runs), _whole(1000))


def with_gaps() -> RegisterMap:
    """The same 550 values as 50 groups of 20 registers with 10 unused ones between."""
    groups = [_laid([("float32", 7), ("uint32", 2), ("uint16", 2)], 30 * group) for group in range(50)]
    return RegisterMap(tuple(run for group in groups for run in group), tuple((30 * n, 20) for n in range(50)))


def live_values(runs: tuple[Run, ...], versions: int, seed: int = 5) -> NDArray[np.float64]:
    """[version, value]: measurements with noise, slow states, counters that go up; the same for a seed."""
    chance, columns = np.random.default_rng(seed), []
    steps = np.arange(versions)[:, None]
    for run in runs:
        size = (versions, run.count)
        if run.type == "float32":
            wave = 50 + 30 * np.sin(steps / 40 + chance.uniform(0, 6, run.count))
            found = (wave + chance.normal(0, 0.2, size)).astype(np.float32).astype(np.float64)
        elif run.type == "uint32":
            found = chance.integers(0, 2**31, run.count) + np.cumsum(chance.poisson(2, size), axis=0).astype(np.float64)
        else:
            found = np.cumsum(chance.random(size) < 0.01, axis=0) % 17 + chance.integers(0, 900, run.count) * 1.0
        columns.append(found)
    whole = np.concatenate(columns, axis=1)
    starts = np.cumsum([0, *(run.count for run in runs)])
    for kind, first in FIRST.items():
        whole[:, starts[next(n for n, run in enumerate(runs) if run.type == kind)]] = first
    return whole


def rows_of_firsts(runs: tuple[Run, ...]) -> dict[str, int]:
    """Row of the first value of each type."""
    starts = np.cumsum([0, *(run.count for run in runs)]).tolist()
    return {kind: starts[next(n for n, run in enumerate(runs) if run.type == kind)] for kind in FIRST}
