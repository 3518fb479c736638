"""Which history is still to be asked of an OPC UA server so that a gap can be taken back, and what remains of it?

Nothing here talks to a server. OPC 10000-11 6.5.3 (ReadRawModifiedDetails): the server gives values in pieces, with a
continuation point while there are more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plant.gap import Gap
from plant.instant import US_PER_S

MOST_NODES_A_CALL = 10
MOST_VALUES_A_CALL = 2_000
MARGIN_US = 2 * US_PER_S
"""Asked for beyond both ends of a gap: what was sampled before it may have been on its way. It comes as a repeat."""
NO_HISTORY = "the server keeps no history of it"
_STARTED = "the server started at its end"

_MOST_IDLE = 3
_MOST_VALUES = 5_000_000


def is_settled(gap: Gap) -> bool:
    """Whether all that history has of a gap was read before, as its cause says (`Backfill.remaining`)."""
    why = gap.cause.rpartition("; ")[2]
    return why == _STARTED or "history" in why


@dataclass(frozen=True, slots=True)
class Slice:
    """One call: rows of tags, each with its continuation point or None for all; window [UTC us, server's clock]."""

    rows: tuple[int, ...]
    points: tuple[bytes | None, ...]
    start_us: int
    end_us: int
    values_a_node: int


@dataclass(slots=True)
class _Row:
    from_us: int
    point: bytes | None = None
    values: int = 0
    idle: int = 0
    problem: str | None = None
    done: bool = False


class Backfill:
    """The history of one time. gaps: of one device, all with the same start and end; names: of its tags, by row."""

    def __init__(self, gaps: Sequence[Gap], names: Sequence[str]) -> None:
        self.gaps = tuple(gaps)
        self._names = names
        self._rows: dict[int, _Row] = {}
        for gap in gaps:
            for row, name in enumerate(names):
                if gap.tag in (None, name):
                    self._rows[row] = _Row(gap.start_us)
        self._start_us, self._end_us = gaps[0].start_us, gaps[0].end_us or gaps[0].start_us

    @property
    def rows(self) -> list[int]:
        """Rows of the tags it is about."""
        return list(self._rows)

    @property
    def values(self) -> int:
        """Values that came."""
        return sum(row.values for row in self._rows.values())

    def begin(self, readable: set[int], offset_us: int) -> None:
        """A link is there. readable: rows with history. offset_us: the server's clock minus ours. What was read over
        an earlier link is not asked for again."""
        self._start_us = self.gaps[0].start_us + offset_us - MARGIN_US
        self._end_us = (self.gaps[0].end_us or 0) + offset_us + MARGIN_US
        for number, row in self._rows.items():
            row.point = None
            row.from_us = row.from_us if row.values else self._start_us
            if number not in readable:
                row.problem = NO_HISTORY

    def next_slice(self, most_nodes: int) -> Slice | None:
        """The next call; None when there is nothing more to ask."""
        left = [(number, row) for number, row in self._rows.items() if not row.done and row.problem is None]
        if not left:
            return None
        lead = left[0][1]
        alike = [
            (number, row.point)
            for number, row in left
            if (row.point is None) == (lead.point is None) and (row.point is not None or row.from_us == lead.from_us)
        ][: max(1, most_nodes)]
        start_us = lead.from_us if lead.point is None else self._start_us
        numbers, points = zip(*alike, strict=True)
        return Slice(numbers, points, start_us, self._end_us, MOST_VALUES_A_CALL // len(alike))

    def is_within(self, time_us: int) -> bool:
        """Whether a value's time [UTC us, server's clock] is one that was asked for."""
        return self._start_us <= time_us <= self._end_us

    def took(self, number: int, times_us: Sequence[int], point: bytes | None, full: bool) -> None:
        """Times of the values that came for a row, the continuation point if the server has more, and whether as many
        came as were asked for.

        A server that gives so many without a point is asked again from the last one on. One that has more, as it says
        or as so many show, and gives nothing new is not asked for ever, nor believed.
        """
        row = self._rows[number]
        last_us = max(times_us, default=row.from_us)
        row.idle = 0 if last_us > row.from_us else row.idle + 1
        more = bool(point) or full
        row.from_us = max(row.from_us, last_us)
        row.point = point or None
        row.values += len(times_us)
        row.done = not more
        if more and (row.idle > _MOST_IDLE or row.values > _MOST_VALUES):
            row.problem = "its history does not end"

    def lost_its_place(self, number: int) -> None:
        """The server does not know a row's continuation point any more, or had none to give: on from the last value."""
        row = self._rows[number]
        row.point = None
        row.idle += 1
        if row.idle > _MOST_IDLE:
            row.problem = "the server did not keep its place in its history"

    def refused(self, number: int, problem: str) -> None:
        """A row cannot be read to its end."""
        self._rows[number].problem = problem
        self._rows[number].point = None

    def points(self) -> Mapping[int, bytes]:
        """Continuation points that the server still holds for us, by row."""
        return {number: row.point for number, row in self._rows.items() if row.point is not None}

    def remaining(self, up_since_us: int) -> list[Gap]:
        """What is left of the gaps, as they are to be stored: one that is filled ends where it starts.

        up_since_us: when the server started [UTC us, our clock]: nothing is known to be whole before. Tags whose
        history was not read to its end keep gaps of their own. Empty: everything stays as it is.
        """
        found: list[Gap] = []
        for gap in self.gaps:
            rows = [number for number in self._rows if gap.tag in (None, self._names[number])]
            unread = [number for number in rows if not self._rows[number].done]
            end_us = gap.start_us if gap.end_us is None else gap.end_us
            start_us = max(gap.start_us, up_since_us)
            if len(unread) == len(rows) or start_us >= end_us:
                continue
            why = "filled from the server's history" if start_us == gap.start_us else _STARTED
            found.append(replace(gap, end_us=start_us, cause=f"{gap.cause}; {why}"))
            for number in unread:
                cause = f"{gap.cause}; {self._rows[number].problem}"
                found.append(Gap(gap.device, self._names[number], start_us, end_us, cause))
        return found
