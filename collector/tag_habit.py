"""How long does a tag usually stay as it is? What the last week says, so that one that is stuck can be told from one
that rests."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from collector.store.aggregates import QUARTER_US, Aggregates
from collector.store.tags import StoredTag
from collector.trend_plan import TrendPlan
from collector.trend_readings import Store, Window
from plant.tag import Kind

LOOK_BACK_US = 7 * 96 * QUARTER_US
LEAST_KNOWN_US = 96 * QUARTER_US


@dataclass(frozen=True, slots=True)
class Habit:
    """changed_us: when the tag last changed, at most a quarter hour late; None: not within the week. longest_pause_us:
    the longest time of the week in which it did not change, to the quarter hour; None: not known well enough."""

    changed_us: int | None = None
    longest_pause_us: int | None = None


def habit(connection: Connection, stored: StoredTag, now_us: int) -> Habit:
    """The habit of a tag; of a state or text only when it last changed."""
    store, window = Store(connection, stored), Window(now_us - LOOK_BACK_US, now_us, 672)
    plan = TrendPlan(QUARTER_US, summarised=True)
    if stored.tag.kind in (Kind.STATE, Kind.TEXT):
        starts = store.changes(window, plan).start_us
        return Habit(int(starts[-1]) if len(starts) else None)
    rows, _ = store.numbers(window, plan)
    return habit_of(rows[rows.count > 0])


def habit_of(rows: Aggregates) -> Habit:
    """The habit that quarter hours with a value show. Less than a day of them says nothing of pauses."""
    if not len(rows):
        return Habit()
    moved = rows.minimum != rows.maximum
    moved[1:] |= rows.last[1:] != rows.last[:-1]
    starts = rows.start_us[moved]
    if not len(starts):
        return Habit()
    known_us = int(rows.start_us[-1] - rows.start_us[0])
    pause_us = int(np.diff(starts).max()) if len(starts) > 1 and known_us >= LEAST_KNOWN_US else None
    return Habit(int(starts[-1]) + QUARTER_US, pause_us)
