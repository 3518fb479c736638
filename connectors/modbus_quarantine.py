"""Which requests does a device answer? A refused block is cut in two until the bad addresses are known. Pure.

What is refused alone is asked only now and then; its neighbours are read without it. Where two halves are answered
but not both at once, they are not asked for together again for a while: there lies a hole or a limit that no tag shows.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from connectors.modbus_check import Refused
from connectors.modbus_plan import Block, Limits, Span, blocks_of

RETRY_FIRST_S = 10.0
RETRY_MOST_S = 600.0
RETRIES_A_POLL = 4
SILENT_POLLS = 3
"""A block that stays silent in so many polls in a row, while others are answered, is cut in two."""

Place = tuple[str, int, int]
"""Table, first address and the one behind the last."""


@dataclass(slots=True)
class Trial:
    """What failed, and when it is tried again [s of a monotonic clock]; wait_s: how long was waited for that.

    why: how the device refused it; None where it did not answer.
    """

    why: Refused | None
    retry_s: float
    wait_s: float


@dataclass(slots=True)
class Quarantine:
    """What is known of a device's addresses.

    blocks: the requests of a poll as last planned; bad: the spans that fail even alone.
    """

    spans: Sequence[Span]
    limits: Limits
    blocks: tuple[Block, ...] = ()
    bad: dict[Place, Trial] = field(default_factory=dict)
    _boundaries: dict[tuple[str, int], Trial] = field(default_factory=dict)
    _active: set[tuple[str, int]] = field(default_factory=set)
    _silences: Counter[Place] = field(default_factory=Counter)
    _suspect: set[Place] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.spans = sorted(self.spans, key=lambda span: (span.table, span.start, span.end))
        self.plan(0.0)

    def plan(self, now_s: float) -> None:
        """Work out `blocks` anew: no request holds a bad span or reaches across a boundary that stands."""
        # None is given up while it is not yet known on which side of it somebody is silent.
        self._active = {at for at, trial in self._boundaries.items() if trial.retry_s > now_s or self._suspect}
        blocks: list[Block] = []
        segment: list[Span] = []
        for span in self.spans:
            bad = place(span) in self.bad
            if bad or (segment and (span.table != segment[-1].table or (span.table, span.start) in self._active)):
                blocks += blocks_of(segment, self.limits)
                segment = []
            if not bad:
                segment.append(span)
        self.blocks = (*blocks, *blocks_of(segment, self.limits))

    def is_stale(self, now_s: float) -> bool:
        """Whether the time of a boundary has come, so that it is worth planning anew."""
        return not self._suspect and any(self._boundaries[at].retry_s <= now_s for at in self._active)

    def trial(self, block: Block) -> Trial:
        """How a bad span failed, and when it is tried again."""
        return self.bad[place(block)]

    @property
    def bad_blocks(self) -> tuple[Block, ...]:
        """Every bad span as a request of its own."""
        places = dict.fromkeys(place(span) for span in self.spans if place(span) in self.bad)
        return tuple(
            block
            for at in places
            for block in blocks_of([span for span in self.spans if place(span) == at], self.limits)
        )

    def due(self, now_s: float) -> list[Block]:
        """The bad spans to be asked again now: few at a time, of the silent ones only one.

        Where nothing else is read there is always one, as a sign of life.
        """
        if not self.bad:
            return []
        waiting = sorted(self.bad_blocks, key=lambda block: self.bad[place(block)].retry_s)
        ripe = [block for block in waiting if self.bad[place(block)].retry_s <= now_s]
        silent = [block for block in ripe if self.bad[place(block)].why is None][:1]
        found = ([block for block in ripe if self.bad[place(block)].why is not None] + silent)[:RETRIES_A_POLL]
        return found or ([] if self.blocks else waiting[:1])

    def sample(self, turn: int) -> Block | None:
        """One span on its own, another at each turn; None where there is none."""
        if not self.spans:
            return None
        # Far from the one before: a device may leave a whole range unanswered.
        at = turn * (len(self.spans) // 2 + 1) % len(self.spans)
        return blocks_of([self.spans[at]], self.limits)[0]

    def halves(self, block: Block) -> tuple[Block, Block] | None:
        """A block cut in two between its spans; None where it is a single one."""
        table, first, end = place(block)
        own = [
            s for s in self.spans if s.table == table and first <= s.start and s.end <= end and place(s) not in self.bad
        ]
        starts = sorted({span.start for span in own if not any(o.start < span.start < o.end for o in own)})[1:]
        if not starts:
            return None
        middle = min(starts, key=lambda start: abs(2 * sum(span.start < start for span in own) - len(own)))
        before = blocks_of([span for span in own if span.start < middle], self.limits)
        behind = blocks_of([span for span in own if span.start >= middle], self.limits)
        return (before[0], behind[0]) if len(before) == len(behind) == 1 else None

    def part(self, second: Block, now_s: float) -> None:
        """Two halves are answered, but not both at once: a boundary stands before the second."""
        table, start, _ = place(second)
        at = (table, start)
        self._boundaries[at] = _next(self._boundaries.get(at), None, now_s)

    def put_away(self, block: Block, why: Refused | None, now_s: float) -> None:
        """A single span fails even alone."""
        self.bad[place(block)] = _next(self.bad.get(place(block)), why, now_s)

    def take_back(self, block: Block, now_s: float) -> None:
        """A bad span was answered: it is read again, and those that were refused alike are tried at once."""
        trial = self.bad.pop(place(block), None)
        if trial is not None and trial.why is not None:
            self._hasten(now_s, [trial.why])

    def hasten(self, now_s: float) -> None:
        """The device was away and is back: whatever failed before is asked again at once."""
        self._hasten(now_s, {trial.why for trial in self.bad.values()})

    def _hasten(self, now_s: float, reasons: Collection[Refused | None]) -> None:
        for trial in self.bad.values():
            if trial.why in reasons:
                trial.retry_s, trial.wait_s = now_s, RETRY_FIRST_S / 2

    @property
    def is_unsure(self) -> bool:
        """Whether a silent block has been cut and it is not yet known which part is at fault."""
        return bool(self._suspect)

    def heard(self, silent: Sequence[Block], now_s: float, certain: bool = False) -> bool:
        """Note which blocks of a poll stayed silent while others were answered; whether to plan anew for it.

        certain: no more such polls are needed to believe it.
        """
        if not silent and not self._silences and not self._suspect:
            return False
        places = {place(block) for block in silent}
        self._silences = Counter({at: self._silences[at] + 1 for at in places})
        self._suspect -= {at for at in self._suspect if at not in places}
        least = 1 if certain else SILENT_POLLS
        enough = [b for b in silent if self._silences[place(b)] >= least or place(b) in self._suspect]
        for block in enough:
            halves = self.halves(block)
            if halves is None:
                self.put_away(block, None, now_s)
            else:
                self.part(halves[1], now_s)
                self._suspect |= {place(half) for half in halves}
        return bool(enough)


def place(block: Block | Span) -> Place:
    """Where what is asked for lies; a request may begin before that."""
    if isinstance(block, Span):
        return (block.table, block.start, block.end)
    ends = [part.at + part.words for part in block.parts]
    return (block.table, block.address + min(part.at for part in block.parts), block.address + max(ends))


def _next(before: Trial | None, why: Refused | None, now_s: float) -> Trial:
    long_ago = before is None or now_s > before.retry_s + before.wait_s
    wait_s = RETRY_FIRST_S if before is None or long_ago else min(2 * before.wait_s, RETRY_MOST_S)
    return Trial(why, now_s + wait_s, wait_s)
