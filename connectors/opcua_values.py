"""How does what an OPC UA server says become columns of readings? (OPC 10000-4 7.11 DataValue, 7.39 StatusCode)"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from config.tags import OpcUaTag
from connectors.opcua_part import Part
from connectors.opcua_text import kept_text
from plant.instant import instant
from plant.reading import F64, I64, U32, Batch, sound
from plant.status_code import BAD_NO_DATA, is_bad, parse_status
from plant.tag import Kind

ABSENT = np.iinfo(np.int64).min
"""Stands for a timestamp that the server did not give."""

BAD_OUT_OF_RANGE = parse_status("BadOutOfRange")
BAD_TYPE_MISMATCH = parse_status("BadTypeMismatch")

OVERFLOW = 0x0480
"""Information bits of a DataValue that say that values before it were dropped from the server's queue."""
INFO_BITS = 0x03FF

_LARGEST_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class TagValues:
    """How values of one tag are understood: numbers to the unit of storage, names of states to their numbers.

    texts: of the numbers of an enumeration, for a text tag; what the server says of them comes with each link.
    """

    kind: Kind
    scale: float
    offset: float
    factor: float
    unit_offset: float
    states: Mapping[str, int]
    texts: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: OpcUaTag) -> "TagValues":
        tag = settings.tag()
        unit = tag.to_storage()
        states = {name: number for number, name in tag.states.items()}
        return cls(tag.kind, settings.scale, settings.offset, unit.factor, unit.offset, states)

    def understand(self, value: Any, status: int) -> tuple[float, int, str | None]:
        """Value in the unit of storage (NaN: none), StatusCode, and text of a text tag.

        What cannot be understood becomes Bad: BadOutOfRange for an integer beyond 2^53, a number that is not finite
        or an unknown state, BadTypeMismatch for another type, BadNoData for null.
        """
        if is_bad(status):
            return math.nan, status, None
        if isinstance(value, ua.LocalizedText):
            value = value.Text
        elif isinstance(value, ua.QualifiedName):
            value = value.Name
        if value is None:
            return math.nan, BAD_NO_DATA, None
        if self.kind is Kind.TEXT:
            return self._text(value, status)
        if isinstance(value, str):
            return self._state(value, status)
        if isinstance(value, bool | int | float):
            return self._number(value, status)
        return math.nan, BAD_TYPE_MISMATCH, None

    def _text(self, value: Any, status: int) -> tuple[float, int, str | None]:
        if isinstance(value, bool) or not isinstance(value, str | int):
            return math.nan, BAD_TYPE_MISMATCH, None
        text = self.texts.get(value, str(value)) if isinstance(value, int) else value
        return 0.0, status, kept_text(text)

    def _state(self, name: str, status: int) -> tuple[float, int, str | None]:
        if self.kind is not Kind.STATE:
            return math.nan, BAD_TYPE_MISMATCH, None
        if name not in self.states:
            return math.nan, BAD_OUT_OF_RANGE, None
        return float(self.states[name]), status, None

    def _number(self, number: float, status: int) -> tuple[float, int, str | None]:
        if isinstance(number, int) and abs(number) > _LARGEST_EXACT:
            return math.nan, BAD_OUT_OF_RANGE, None
        stored = (number * self.scale + self.offset) * self.factor + self.unit_offset
        if not math.isfinite(stored):
            return math.nan, BAD_OUT_OF_RANGE, None
        return stored, status, None


@dataclass(frozen=True, slots=True)
class Sample:
    """One value as the server gave it: row of its tag, timestamps (UTC us or ABSENT), what was understood.

    first: the first value of its monitored item, which is a reading again and no event. overflowed: values before it
    were dropped from the server's queue.
    """

    row: int
    source_us: int
    server_us: int
    value: float
    status: int
    text: str | None
    first: bool
    overflowed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples as columns of one length, as in `Sample`. texts: by position."""

    rows: U32
    source_us: I64
    server_us: I64
    values: F64
    status: U32
    overflowed: NDArray[np.bool_]
    texts: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Samples":
        return cls(
            rows=np.array([one.row for one in samples], dtype=np.uint32),
            source_us=np.array([one.source_us for one in samples], dtype=np.int64),
            server_us=np.array([one.server_us for one in samples], dtype=np.int64),
            values=np.array([one.value for one in samples], dtype=np.float64),
            status=np.array([one.status for one in samples], dtype=np.uint32),
            overflowed=np.array([one.overflowed for one in samples], dtype=np.bool_),
            texts={at: one.text for at, one in enumerate(samples) if one.text is not None},
        )

    def __getitem__(self, wanted: NDArray[np.bool_]) -> "Samples":
        texts = {}
        if self.texts:
            places = np.cumsum(wanted) - 1
            texts = {int(places[at]): text for at, text in self.texts.items() if wanted[at]}
        return Samples(
            self.rows[wanted],
            self.source_us[wanted],
            self.server_us[wanted],
            self.values[wanted],
            self.status[wanted],
            self.overflowed[wanted],
            texts,
        )


def joined(parts: Sequence[Samples]) -> Samples:
    """All parts behind one another."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Samples.of([])
    begins = np.cumsum([0] + [len(part) for part in parts]).tolist()
    return Samples(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.source_us for part in parts]),
        np.concatenate([part.server_us for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.status for part in parts]),
        np.concatenate([part.overflowed for part in parts]),
        {begin + at: text for begin, part in zip(begins, parts, strict=False) for at, text in part.texts.items()},
    )


def sample(row: int, values: TagValues, data: ua.DataValue, first: bool) -> Sample:
    """A DataValue understood as a value of the tag in this row."""
    given = int(data.StatusCode.value) if data.StatusCode is not None else 0
    overflowed = given & OVERFLOW == OVERFLOW
    if overflowed:  # says something of the queue, not of the value: the same sample read again must be the same
        given &= ~(OVERFLOW & INFO_BITS)
        if not given & INFO_BITS:
            given &= ~OVERFLOW
    variant = data.Value
    raw = variant.Value if variant is not None else None
    value, status, text = values.understand(raw, given)
    source_us, server_us = timestamp(data.SourceTimestamp), timestamp(data.ServerTimestamp)
    if data.SourcePicoseconds is not None:
        server_us = ABSENT  # asyncua reads the bytes of both in the wrong order (OPC 10000-6 5.2.2.17)
    return Sample(row, source_us, server_us, value, status, text, first, overflowed)


def timestamp(given: datetime | None) -> int:
    """UTC us of a timestamp; ABSENT for none and for the ends of DateTime's range, which mean none."""
    if given is None or not 1601 < given.year < 9999:
        return ABSENT
    return instant(given)


def kpi_times(
    source_us: I64, server_us: I64, first: NDArray[np.bool_], received_us: int, since_us: int, max_error_us: int
) -> tuple[I64, I64]:
    """KPI times, and source time minus KPI time where the server's clock is not believed (contract section 4).

    A ServerTimestamp is honest between since_us (the message before this one) and received_us; only a first value may
    be as old as it likes, since servers keep the time at which it last changed. Beyond that by more than max_error_us
    the clock is off and the time of receipt counts.
    """
    has_server = server_us != ABSENT
    ahead = server_us > received_us + max_error_us
    behind = ~first & (server_us < since_us - max_error_us)
    off = has_server & (ahead | behind)
    claimed = np.where(source_us != ABSENT, source_us, np.where(has_server, server_us, received_us))
    return np.where(off, received_us, claimed), np.where(off, claimed - received_us, 0)


class Decoder:
    """Samples of a device's tags to batches. parts: of tags that are a part of what their node holds, by row."""

    def __init__(self, device: str, tags: tuple[OpcUaTag, ...], max_clock_error_s: float) -> None:
        self.names = tuple(tag.name for tag in tags)
        self.values = tuple(TagValues.of(tag) for tag in tags)
        self.parts = {row: part for row, part in enumerate(map(Part.of, tags)) if part is not None}
        self._device = device
        self._max_error_us = round(max_clock_error_s * 1_000_000)

    def sample(self, row: int, data: ua.DataValue, first: bool) -> Sample:
        part = self.parts.get(row)
        return sample(row, self.values[row], data if part is None else part.picked_from(data), first)

    def bad(self, row: int, status: int) -> Sample:
        """A value that could not be had, and why."""
        return Sample(row, ABSENT, ABSENT, math.nan, status, None, True, False)

    def batch(self, samples: Iterable[Sample], received_us: int, since_us: int, snapshot: bool) -> Batch:
        """The batch of samples received at once, in the order given; since_us as in `kpi_times`."""
        rows = list(samples)
        first = np.array([row.first for row in rows], dtype=np.bool_)
        return self.batch_of(Samples.of(rows), first, received_us, since_us, snapshot)

    def batch_of(
        self, samples: Samples, first: NDArray[np.bool_], received_us: int, since_us: int, snapshot: bool
    ) -> Batch:
        """As `batch`; first: which are the first values of their items."""
        times_us, source_offset_us = kpi_times(
            samples.source_us, samples.server_us, first, received_us, since_us, self._max_error_us
        )
        values, status = sound(samples.values, samples.status)
        return Batch(
            device=self._device,
            names=self.names,
            tags=samples.rows,
            times_us=times_us,
            values=values,
            status=status,
            received_us=received_us,
            source_offset_us=source_offset_us,
            snapshot=snapshot,
            texts=samples.texts,
        )
