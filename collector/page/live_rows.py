"""What is each tag now? A row a tag: value, unit, condition and why, time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.page import shown
from collector.page.words import said
from collector.page.words import text as _
from collector.store import gaps
from collector.store.latest import LatestReading, latest
from collector.store.tags import StoredTag, stored_tags
from collector.tag_condition import Condition, TagNow, condition
from collector.tag_habit import Habit
from collector.trouble import Said
from config.devices import Device, OpcUaDevice
from config.site import Site
from connectors.opcua_continuity import KEEP_ALIVE_S
from plant.tag import Kind, MachineState, Tag

EVER_US = 2**62
STATE_WORDS = {
    "Executing": _("Running"),
    "Setup": _("Setup"),
    "OutOfService": _("Out of service"),
    "NotExecuting": _("Idle"),
}
CONDITION_WORDS = {
    Condition.GOOD: _("good"),
    Condition.UNCERTAIN: _("uncertain"),
    Condition.BAD: _("bad"),
    Condition.FROZEN: _("frozen"),
    Condition.SILENT: _("silent"),
    Condition.GAP: _("cut off"),
    Condition.NEVER: _("no reading"),
}
TONES = {
    Condition.GOOD: "good",
    Condition.UNCERTAIN: "warn",
    Condition.FROZEN: "frozen",
    Condition.SILENT: "warn",
    Condition.BAD: "bad",
    Condition.GAP: "bad",
    Condition.NEVER: "none",
}


@dataclass(frozen=True, slots=True)
class Newest:
    """What the store knows of all tags at one moment.

    contact_us: last good poll or keep-alive of each device. gaps: start and cause of open ones, by device and tag.
    """

    tags: Mapping[str, StoredTag]
    readings: Mapping[int, LatestReading]
    texts: Mapping[int, str]
    contact_us: Mapping[str, int]
    gaps: Mapping[tuple[str, str | None], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class WatchedTag:
    """A tag of the site file, its device, and how often a device that is well is heard of [s]."""

    tag: Tag
    device: str
    contact_s: float


@dataclass(frozen=True, slots=True)
class LiveRow:
    """A tag now. value None where there is none; time_us: of its newest reading."""

    tag: Tag
    device: str
    value: float | str | None
    time_us: int | None
    condition: Condition
    why: Said

    def json(self, language: str) -> dict[str, Any]:
        """What changes in the row of a table, ready to be shown."""
        number, unit = self.written(language)
        return {
            "tag": self.tag.name,
            "value": number,
            "unit": unit,
            "condition": said(CONDITION_WORDS[self.condition], language),
            "tone": self.tone,
            "why": self.why.of(language),
            "time_us": self.time_us,
        }

    @property
    def tone(self) -> str:
        return TONES[self.condition]

    def written(self, language: str) -> tuple[str, str]:
        """The value as people read it, and its unit."""
        if isinstance(self.value, str):
            return said(STATE_WORDS.get(self.value, self.value), language), ""
        digits = 6 if self.value is not None and abs(self.value) >= 1000 else 4
        _, unit = shown.quantity(0.0 if self.value is None else self.value, self.tag.storage_unit)
        return shown.number(self.value, digits), unit


@dataclass(slots=True)
class Memory:
    """What is known of tags beyond their newest reading: habits of the week, and changes seen since."""

    habits: dict[str, Habit] = field(default_factory=dict)
    changed_us: dict[str, int] = field(default_factory=dict)

    def habit(self, name: str) -> Habit:
        """The habit of a tag, with the change that was seen last."""
        known = self.habits.get(name, Habit())
        seen_us = self.changed_us.get(name)
        if seen_us is None or (known.changed_us is not None and known.changed_us > seen_us):
            return known
        return Habit(seen_us, known.longest_pause_us)


def newest(connection: Connection, tags: Mapping[str, StoredTag] | None = None) -> Newest:
    """What the store knows now. tags: those of an earlier look, which need not be read again."""
    readings = latest(connection)
    tags = stored_tags(connection) if tags is None else tags
    of_text = {one.id for one in tags.values() if one.tag.kind is Kind.TEXT}
    ids = {int(one.value) for tag_id, one in readings.items() if tag_id in of_text and one.value is not None}
    texts = {}
    for text_id in ids:
        texts[text_id] = connection.exec_driver_sql("select text from text where id = ?", (text_id,)).scalar() or ""
    contacts = connection.exec_driver_sql("select name, known_until_us from device")
    open_gaps = [gap for gap in gaps.overlapping(connection, EVER_US - 1, EVER_US) if gap.end_us is None]
    return Newest(
        tags,
        readings,
        texts,
        {row.name: row.known_until_us for row in contacts},
        {(gap.device, gap.tag): (gap.start_us, gap.cause) for gap in open_gaps},
    )


def watched_tags(site: Site) -> list[WatchedTag]:
    """The tags of the site file, in its order."""
    return [
        WatchedTag(settings.tag(), device.id, _contact_s(device)) for device in site.devices for settings in device.tags
    ]


def live_rows(
    found: Newest, watched: Sequence[WatchedTag], memory: Memory, zone: ZoneInfo, now_us: int
) -> list[LiveRow]:
    """A row for each tag, in their order."""
    executing = _executing(found, memory)
    rows = []
    for one in watched:
        tag, stored = one.tag, found.tags.get(one.tag.name)
        reading = None if stored is None else found.readings.get(stored.id)
        now = TagNow(
            tag,
            one.device,
            None if reading is None else (reading.time_us, reading.status),
            found.contact_us.get(one.device),
            one.contact_s,
            found.gaps.get((one.device, None)) or found.gaps.get((one.device, tag.name)),
            memory.habit(tag.name),
            executing.get(tag.work_unit),
        )
        state, why = condition(now, now_us, lambda us: shown.clock_time(us, zone, now_us), shown.span)
        value, time_us = (None, None) if reading is None else (_value(tag, reading, found), reading.time_us)
        rows.append(LiveRow(tag, one.device, value, time_us, state, why))
    return rows


def _value(tag: Tag, reading: LatestReading, found: Newest) -> float | str | None:
    if reading.value is None or tag.kind in (Kind.COUNTER, Kind.GAUGE):
        return reading.value
    if tag.kind is Kind.TEXT:
        return found.texts.get(int(reading.value), "")
    return tag.states.get(int(reading.value), f"{reading.value:g}")


def _executing(found: Newest, memory: Memory) -> dict[str, int]:
    """Since when each work unit has been Executing; those that are not, or of which it is not known, left out."""
    since = {}
    for name, stored in found.tags.items():
        reading = found.readings.get(stored.id)
        if stored.tag.kind is not Kind.STATE or reading is None:
            continue
        changed_us = memory.habit(name).changed_us
        if changed_us is not None and _value(stored.tag, reading, found) == MachineState.EXECUTING:
            since[stored.tag.work_unit] = changed_us
    return since


def _contact_s(device: Device) -> float:
    return KEEP_ALIVE_S if isinstance(device, OpcUaDevice) and device.mode == "subscribe" else float(device.poll_s)
