"""What runs now: which work unit is in which state since when, on which product and order, and what it made today?"""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from collector.evaluation import Evaluation
from collector.store.latest import LatestReading, latest
from collector.store.readings import series
from collector.store.tags import StoredTag, stored_tags, texts
from config.site import Site
from plant.instant import US_PER_S
from plant.kpi_id import KpiId
from plant.period import PeriodKind, periods
from plant.status_code import BAD
from plant.tag import PLANT, Role

_LOOK_BACK_US = 24 * 3600 * US_PER_S


@dataclass(frozen=True, slots=True)
class RunningUnit:
    """A work unit now. state None: it has no state tag, or that is Bad. power_kw: drawn now. as_of_us: time of the
    newest of these readings."""

    work_unit: str
    state: str | None
    product: str | None
    order: str | None
    power_kw: float | None
    as_of_us: int | None


@dataclass(frozen=True, slots=True)
class UnitToday:
    """A work unit since the production day began. state_since_us: when it came into the state it was last in (None:
    not known, or longer ago than a day)."""

    work_unit: str
    good: float | None
    produced: float | None
    state: str | None
    state_since_us: int | None


def running(connection: Connection, site: Site) -> tuple[RunningUnit, ...]:
    """The work units of the site file, as their newest readings say."""
    stored, newest, named = stored_tags(connection), latest(connection), texts(connection)
    of_unit: dict[str, dict[Role, tuple[StoredTag, LatestReading]]] = {}
    for device in site.devices:
        for tag in device.tags:
            if tag.name in stored and stored[tag.name].id in newest:
                read = of_unit.setdefault(tag.work_unit, {})
                read.setdefault(tag.role, (stored[tag.name], newest[stored[tag.name].id]))
    found = []
    for unit in site.work_unit_names():
        read = of_unit.get(unit, {})
        good = {role: one.value for role, (_, one) in read.items() if one.value is not None}
        state = good.get(Role.STATE)
        found.append(
            RunningUnit(
                unit,
                None if state is None else _state_name(read[Role.STATE][0], state),
                _text(named, good.get(Role.PRODUCT_ID)),
                _text(named, good.get(Role.ORDER_ID)),
                good.get(Role.POWER),
                max((one.time_us for _, one in read.values()), default=None),
            )
        )
    return tuple(found)


def _text(named: dict[int, str], number: float | None) -> str | None:
    return None if number is None else named.get(int(number))


def today(evaluation: Evaluation) -> tuple[UnitToday, ...]:
    """What each work unit did since the production day began."""
    units = [unit for unit in evaluation.scopes() if unit != PLANT]
    now_us = evaluation.now_us
    asked = [KpiId.GOOD_QUANTITY, KpiId.PRODUCED_QUANTITY]
    day = periods(PeriodKind.DAY, now_us, now_us + 1, evaluation.clock)
    counted = {(one.scope, one.id): one.outcome.value for one in evaluation.values(day, units, asked)}
    states = {one.tag.work_unit: one for one in evaluation.tags if one.tag.role is Role.STATE and one.id >= 0}
    found = []
    for unit in units:
        state, since_us = (None, None)
        if unit in states:
            state, since_us = _since(evaluation, states[unit])
        good, produced = (counted.get((unit, kpi)) for kpi in asked)
        found.append(UnitToday(unit, good, produced, state, since_us))
    return tuple(found)


def _since(evaluation: Evaluation, stored: StoredTag) -> tuple[str | None, int | None]:
    readings = series(evaluation.connection, stored.id, evaluation.now_us - _LOOK_BACK_US, evaluation.now_us)
    if not len(readings) or readings.status[-1] & BAD:
        return None, None
    values = np.nan_to_num(readings.values, nan=-1.0)
    other = np.flatnonzero(values != values[-1])
    since_us = int(readings.times_us[other[-1] + 1]) if len(other) else None
    return _state_name(stored, float(values[-1])), since_us


def _state_name(stored: StoredTag, number: float) -> str:
    return stored.tag.states.get(int(number), f"{number:g}")
