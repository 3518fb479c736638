"""How did a tag run over a time? A line with its range, or bands of states, and when and why it was not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from sqlalchemy import Connection

from collector.store import gaps
from collector.store.aggregates import QUARTER_US, Aggregates, joined_aggregates, of_readings
from collector.store.code_changes import Changes, changes_of, joined_changes
from collector.store.tags import StoredTag
from collector.trend_bands import Band, bands, held_s, longest_of_each, runs_of
from collector.trend_line import Line, Unknown, held_too_long, line, merged, not_good
from collector.trend_readings import Store, Window
from plant.instant import US_PER_S
from plant.reading import F64, I64, Readings
from plant.tag import Kind

BANDS_A_PIXEL = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """What a number amounted to: of the readings with a value, None where there is none; how many were Good and Bad."""

    lowest: float | None
    highest: float | None
    mean: float | None
    last: float | None
    readings: int
    bad: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A tag over a window. width_us: of the stretches that the line or the bands are made of; 0: of each reading.

    line, figures: of a number. bands, held: of a state or text; held: text and how long in all [s], the longest first.
    unknown: when it was not known.
    """

    stored: StoredTag
    window: Window
    width_us: int
    unknown: tuple[Unknown, ...]
    line: Line | None = None
    figures: Figures | None = None
    bands: tuple[Band, ...] = ()
    held: tuple[tuple[str, float], ...] = ()

    def json(self) -> dict[str, Any]:
        """The form that goes to a browser; times in UTC us, None where nothing is known."""
        tag = self.stored.tag
        found: dict[str, Any] = {
            "tag": tag.name,
            "work_unit": tag.work_unit,
            "unit": tag.storage_unit,
            "kind": tag.kind.value,
            "from_us": self.window.start_us,
            "to_us": self.window.end_us,
            "resolution_s": self.width_us / US_PER_S,
            "gaps": [[one.start_us, one.end_us, one.cause] for one in self.unknown],
        }
        if self.line is None:
            found["bands"] = [[band.start_us, band.end_us, band.text] for band in self.bands]
            return found
        found |= {"times_us": self.line.times_us.tolist(), "values": _numbers(self.line.value)}
        if self.width_us:
            found |= {"low": _numbers(self.line.low), "high": _numbers(self.line.high)}
        return found


def trend(
    connection: Connection, stored: StoredTag, window: Window, now_us: int, texts: Mapping[int, str] | None = None
) -> Trend:
    """How a tag ran over a window, as finely as its pixels show. texts: by id, for a text tag."""
    if stored.first_us is None or stored.known_until_us is None or stored.first_us >= window.end_us:
        return Trend(stored, window, 0, ())
    store = Store(connection, stored)
    plan = store.plan(window)
    until_us = max(window.start_us, min(window.end_us, stored.known_until_us, now_us))
    declared = _declared(connection, stored, window, now_us)
    if stored.tag.kind in (Kind.STATE, Kind.TEXT):
        width_us = QUARTER_US if plan.summarised else 0
        changes = joined_changes([changes_of(_leading(store, window)), store.changes(window, plan)])
        return _banded(stored, window, changes, declared, until_us, (width_us, plan.width_us), texts or {})
    rows, width_us = store.numbers(window, plan)
    figures = _figures(rows)
    if not len(rows) or rows.start_us[0] > window.start_us:
        rows = joined_aggregates([of_readings(_leading(store, window)), rows])
    return _drawn(stored, window, rows, declared, until_us, width_us, figures)


def _drawn(
    stored: StoredTag,
    window: Window,
    rows: Aggregates,
    declared: list[Unknown],
    until_us: int,
    width_us: int,
    figures: Figures,
) -> Trend:
    unknown = [*declared, *not_good(rows, width_us, until_us)]
    if stored.tag.max_hold_s is not None:
        unknown += held_too_long(rows, width_us, int(stored.tag.max_hold_s * US_PER_S), until_us)
    unknown = merged(unknown, width_us)
    value: F64 = rows.last if stored.tag.kind is Kind.COUNTER else rows.mean
    drawn = line(rows, value, unknown, width_us, until_us)
    return Trend(stored, window, width_us, tuple(unknown), drawn, figures)


def _banded(
    stored: StoredTag,
    window: Window,
    changes: Changes,
    declared: list[Unknown],
    until_us: int,
    widths_us: tuple[int, int],
    texts: Mapping[int, str],
) -> Trend:
    """widths_us: of the stretches that changes were summed up in (0: they are exact), and that can be drawn."""
    width_us, drawn_us = widths_us
    unknown = merged([*declared, *_without_value(changes, until_us)], width_us)
    runs = runs_of(changes, unknown, until_us)
    shown = runs
    if len(runs) > BANDS_A_PIXEL * window.pixels:
        shown, width_us = longest_of_each(runs, drawn_us), drawn_us

    def text(code: float) -> str:
        if stored.tag.kind is Kind.TEXT:
            return texts.get(int(code), "")
        return stored.tag.states.get(int(code), f"{code:g}")

    held = tuple((text(code), seconds) for code, seconds in held_s(runs))
    return Trend(stored, window, width_us, tuple(unknown), bands=tuple(bands(shown, text)), held=held)


def _leading(store: Store, window: Window) -> Readings:
    """The last reading before the window, as if it had been read at its start."""
    found = store.before(window.start_us)
    start: I64 = np.full(len(found), window.start_us, dtype=np.int64)
    return Readings(start, found.values, found.status, found.received_us, found.source_offset_us)


def _declared(connection: Connection, stored: StoredTag, window: Window, now_us: int) -> list[Unknown]:
    found = []
    for gap in gaps.overlapping(connection, window.start_us, window.end_us):
        if gap.device == stored.device and gap.tag in (None, stored.tag.name):
            start_us = max(gap.start_us, window.start_us)
            end_us = min(window.end_us, now_us if gap.end_us is None else gap.end_us)
            if start_us < end_us:
                found.append(Unknown(start_us, end_us, gap.cause))
    return found


def _without_value(changes: Changes, until_us: int) -> list[Unknown]:
    ends = np.append(changes.start_us[1:], until_us)[: len(changes)]
    bad = np.isnan(changes.code) & (changes.start_us < ends)
    rows = zip(changes.start_us[bad].tolist(), ends[bad].tolist(), strict=True)
    return [Unknown(start_us, end_us, "Bad") for start_us, end_us in rows]


def _figures(rows: Aggregates) -> Figures:
    read, bad = int(rows.count.sum()), int(rows.bad.sum())
    if not read:
        return Figures(None, None, None, None, 0, bad)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float((rows.total / read).sum())
    last = float(rows.last[rows.count > 0][-1])
    return Figures(float(np.nanmin(rows.minimum)), float(np.nanmax(rows.maximum)), mean, last, read, bad)


def _numbers(column: F64) -> list[float | None]:
    """A column for JSON: None where there is no value."""
    return [value if isfinite(value) else None for value in column.tolist()]
