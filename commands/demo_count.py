"""Did every piece that the simulated machines produced arrive in the KPIs? The machines' own count against ours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from plant.kpi_id import KpiId
from plant.tag import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from collector.store.tags import StoredTag
    from config.site import Site
    from config.tags import ModbusTag, OpcUaTag
    from simulators.scene import Scene

# Whose numerator is what was counted of a role: what `smartwings kpi` prints, not a sum of our own.
_KPI_OF_ROLE = {
    Role.PRODUCED_COUNT: KpiId.PRODUCED_QUANTITY,
    Role.GOOD_COUNT: KpiId.GOOD_QUANTITY,
    Role.SCRAP_COUNT: KpiId.SCRAP_RATIO,
    Role.REWORK_COUNT: KpiId.REWORK_RATIO,
}


@dataclass(frozen=True, slots=True)
class PieceLine:
    """Pieces of one role of a work unit since its first stored reading: by the machine itself, and by the KPIs."""

    work_unit: str
    role: Role
    produced: int
    counted: int

    @property
    def difference(self) -> int:
        return self.produced - self.counted


class Machines:
    """The simulated machines behind a site's piece counters, standing still since an instant."""

    def __init__(self, site: "Site", seed: int, frozen_us: int) -> None:
        self._site, self._seed, self._frozen_us = site, seed, frozen_us

    def produced(self, stored: "StoredTag") -> int:
        """Pieces that a counter's machine made from the counter's first stored reading until it stood still."""
        if stored.first_us is None:
            return 0
        first, last = self._count(stored.tag.name, min(stored.first_us, self._frozen_us), self._frozen_us)
        return round(last - first)

    def all_arrived(self, connection: "Connection") -> bool:
        """Whether the newest stored reading of every counter is what its machine shows."""
        from collector.store.latest import latest
        from collector.store.tags import stored_tags

        stored, newest = stored_tags(connection), latest(connection)
        return all(
            name in stored
            and stored[name].id in newest
            and newest[stored[name].id].value == self._count(name, self._frozen_us)[0]
            for name in self.counters
        )

    @cached_property
    def counters(self) -> "dict[str, OpcUaTag | ModbusTag]":
        """Settings of every piece counter, by name."""
        tags = [tag for device in self._site.devices for tag in device.tags]
        return {tag.name: tag for tag in tags if tag.role in _KPI_OF_ROLE}

    @cached_property
    def _scene(self) -> "Scene":
        from simulators.scene import Scene

        return Scene(self._site, self._seed)

    def _count(self, name: str, *times_us: int) -> list[float]:
        values = self._scene.model(self.counters[name])(np.array(times_us, dtype=np.int64))
        return [float(value) for value in values.tolist()]


def piece_lines(connection: "Connection", site: "Site", machines: Machines, now_us: int) -> list[PieceLine]:
    """A line for every role of every work unit that has counters of pieces."""
    from collector.store.tags import stored_tags

    stored = stored_tags(connection)
    groups: dict[tuple[str, Role], list[StoredTag]] = {}
    for name, settings in machines.counters.items():
        group = groups.setdefault((settings.work_unit, settings.role), [])
        if name in stored:
            group.append(stored[name])
    first = [found.first_us for group in groups.values() for found in group if found.first_us is not None]
    counted = dict(_counted(connection, site, list(groups), min(first, default=now_us - 1), now_us))
    return [
        PieceLine(*key, sum(machines.produced(found) for found in group), counted[key]) for key, group in groups.items()
    ]


def _counted(
    connection: "Connection", site: "Site", wanted: Sequence[tuple[str, Role]], start_us: int, end_us: int
) -> "Iterator[tuple[tuple[str, Role], int]]":
    from collector.evaluation import Evaluation
    from plant.period import range_period

    clock = site.clock()
    evaluation = Evaluation(connection, site, clock, end_us)
    for work_unit in dict.fromkeys(unit for unit, _ in wanted):
        roles = [role for unit, role in wanted if unit == work_unit]
        kpis = [_KPI_OF_ROLE[role] for role in roles]
        values = evaluation.values([range_period(start_us, end_us, clock)], [work_unit], kpis)
        for role, value in zip(roles, values, strict=True):
            yield (work_unit, role), round(value.outcome.numerator or 0.0)


def total_difference(lines: Sequence[PieceLine]) -> int:
    """How many pieces were lost or counted twice: differences never make up for one another."""
    return sum(abs(line.difference) for line in lines)
