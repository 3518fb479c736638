"""Which requests does a device answer? A refused block is cut in two until the bad addresses are known. Pure.

What is refused alone is asked only now and then; its neighbours are read without it. Where two halves are answered
but not both at once, they are never asked for together again: there lies a hole or a limit that no tag shows.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.modbus_check import Refused
from connectors.modbus_plan import Block, Limits, Span, blocks_of

RETRY_FIRST_S = 10.0
RETRY_MOST_S = 600.0
RETRIES_A_POLL = 4
SILENT_POLLS = 3
"""A block that stays silent in so many polls in a row, while others are answered, is cut in two."""

Place = tuple[str, int, int]


@dataclass(slots=True)
class Trial:
    """When something is asked again [s of a monotonic clock], and how long was waited for that. why: how it failed."""

    retry_s: float
    wait_s: float
    why: Refused | None = None


@dataclass(slots=True)
class Quarantine:
    """What is known of a device's addresses. blocks: the requests of a poll now; bad: spans that are refused alone."""

    spans: Sequence[Span]
    limits: Limits
    blocks: tuple[Block, ...] = ()
    bad: dict[Place, Trial] = field(default_factory=dict)
    _never_across: dict[tuple[str, int], Trial] = field(default_factory=dict)
    _silences: Counter[Place] = field(default_factory=Counter)
    _suspect: set[Place] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.plan()

    def plan(self) -> None:
        """Work out `blocks` anew: no request holds a bad span or reaches across a boundary that was learnt."""
        blocks: list[Block] = []
        segment: list[Span] = []
        ordered = sorted(self.spans, key=lambda span: (span.table, span.start, span.end))
        for span in ordered:
            if segment and self._must_part(segment[-1], span):
                blocks += blocks_of(segment, self.limits)
                segment = []
            if place(span) in self.bad:
                blocks += blocks_of(segment, self.limits) if segment else ()
                segment = []
            else:
                segment.append(span)
        self.blocks = (*blocks, *(blocks_of(segment, self.limits) if segment else ()))

    def _must_part(self, before: Span, after: Span) -> bool:
        return before.table != after.table or (after.table, after.start) in self._never_across

    def bad_blocks(self) -> tuple[Block, ...]:
        """Every bad span as a request of its own."""
        return tuple(block for span in self.spans if place(span) in self.bad for block in blocks_of([span], self.limits))

    def due(self, now_s: float) -> list[Block]:
        """The bad spans to be asked again now; few at a time, and of the silent ones only one."""
        found, silent = [], 0
        for block in self.bad_blocks():
            trial = self.bad[place(block)]
            silent += trial.why is None
            if trial.retry_s <= now_s and (trial.why is not None or silent == 1):
                found.append(block)
        return found[:RETRIES_A_POLL]

    def halves(self, block: Block) -> tuple[Block, Block] | None:
        """A block cut in two at a span's boundary; None where it is a single span."""
        own = sorted(self._within(block), key=lambda span: (span.start, span.end))
        starts = sorted({span.start for span in own if all(o.end <= span.start or o.start >= span.start for o in own)})
        if len(starts) < 2:
            return None
        middle = min(starts[1:], key=lambda start: abs(sum(span.start < start for span in own) - len(own) / 2))
        first = blocks_of([span for span in own if span.start < middle], self.limits)
        second = blocks_of([span for span in own if span.start >= middle], self.limits)
        return (first[0], second[0]) if len(first) == len(second) == 1 else None

    def _within(self, block: Block) -> list[Span]:
        end = block.address + block.count
        return [s for s in self.spans if s.table == block.table and block.address <= s.start and s.end <= end]

    def part(self, second: Block, now_s: float) -> None:
        """Two halves are answered, but not both at once: never ask across the start of the second, for now."""
        at = (second.table, second.address)
        self._never_across[at] = _next(self._never_across.get(at), now_s, None)

    def put_away(self, block: Block, why: Refused | None, now_s: float) -> None:
        """A span is refused, or silent (None), even alone."""
        self.bad[place(block)] = _next(self.bad.get(place(block)), now_s, why)

    def take_back(self, block: Block, now_s: float) -> None:
        """A bad span was answered: it is read again, and those that were bad for the same reason are tried at once."""
        trial = self.bad.pop(place(block), None)
        for other in self.bad.values():
            if trial is not None and trial.why is not None and other.why == trial.why:
                other.retry_s = now_s

    def retry_all(self, now_s: float) -> None:
        """The device was away and is back: whatever it refused before is asked again soon."""
        for trial in self.bad.values():
            if trial.why is not None:
                trial.retry_s = now_s

    def nothing_answers(self) -> None:
        """Nothing is left to read: the device as a whole refuses, so that what it refuses is asked again soon."""
        for trial in self.bad.values():
            trial.wait_s = min(trial.wait_s, RETRY_FIRST_S)

    def forget_boundaries(self, now_s: float) -> bool:
        """Try again to ask across boundaries whose time has come; whether there were any."""
        due = [at for at, trial in self._never_across.items() if trial.retry_s <= now_s]
        for at in due:
            self._never_across[at].retry_s = float("inf")
        return False if not due else self._without(due)

    def _without(self, due: Iterable[tuple[str, int]]) -> bool:
        for at in due:
            del self._never_across[at]
        return True


def place(block: Block | Span) -> Place:
    """Table, first address and the one behind the last."""
    if isinstance(block, Span):
        return (block.table, block.start, block.end)
    return (block.table, block.address, block.address + block.count)


def _next(before: Trial | None, now_s: float, why: Refused | None) -> Trial:
    wait_s = RETRY_FIRST_S if before is None else min(2 * before.wait_s, RETRY_MOST_S)
    return Trial(now_s + wait_s, wait_s, why)
