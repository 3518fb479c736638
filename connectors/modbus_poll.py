"""What has one poll brought so far? Answers, refusals and silence, request by request."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from config.devices import ModbusDevice
from config.tags import ModbusTag
from connectors.block_health import BlockHealth
from connectors.device_health import Cause, DeviceHealth, now_us
from connectors.modbus_check import Refused
from connectors.modbus_coding import U8
from connectors.modbus_connection import BAD_NO_COMMUNICATION, BAD_TIMEOUT, LinkError
from connectors.modbus_frame import Request, request_of
from connectors.modbus_plan import Block
from connectors.modbus_quarantine import Quarantine, Trial, place
from connectors.modbus_words import Decoder
from plant.instant import US_PER_S
from plant.reading import I64, U32
from plant.status_code import GOOD

NO_PATH = 10
UNREACHABLE_UNIT = (NO_PATH, 11)
"""With these exception codes a gateway says that it cannot reach the unit at all (V1.1b3, 7)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests of a poll. bad: spans that are not asked, with their status; they stand behind the blocks."""

    unit: int
    tags: Sequence[ModbusTag]
    blocks: tuple[Block, ...]
    requests: tuple[Request, ...]
    bad: tuple[Block, ...]
    bad_status: tuple[int, ...]
    decoder: Decoder
    health: tuple[BlockHealth, ...]

    @property
    def in_quarantine(self) -> tuple[BlockHealth, ...]:
        """What is known of the bad spans."""
        return self.health[len(self.blocks) :]

    def named(self, block: Block) -> str:
        """What a request asks for, in words."""
        return f"unit {self.unit}, {_health(block, self.tags)}"


def plan_of(device: ModbusDevice, quarantine: Quarantine, health: DeviceHealth) -> Plan:
    """The plan as the quarantine has it now; what is known of blocks that stay is kept."""
    blocks, bad = quarantine.blocks, quarantine.bad_blocks
    known = {(one.table, one.address, one.count, one.tags): one for one in health.blocks}
    made = (*(_health(block, device.tags) for block in blocks), *(_health(block, device.tags, True) for block in bad))
    found = tuple(known.get((one.table, one.address, one.count, one.tags), one) for one in made)
    health.blocks[:] = found
    for entry in found[: len(blocks)]:
        entry.taken_back()
    why = [_put_away(entry, quarantine.trial(block)) for entry, block in zip(found[len(blocks) :], bad, strict=True)]
    return Plan(
        device.unit,
        device.tags,
        blocks,
        tuple(request_of(device.unit, block) for block in blocks),
        bad,
        tuple(refused.meaning.status if refused else BAD_TIMEOUT for refused in why),
        Decoder(device.tags, (*blocks, *bad)),
        found,
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """A request that is not in the plan, and what came of it: data, or none and the status of its tags."""

    block: Block
    data: bytes | None
    status: int
    received_us: int


class Poll:
    """One poll, from row `first` on. waiting: rows of the plan's requests that are still to be asked, in this order.

    failed: rows that were asked in vain once; silent: blocks that were so twice. refused: how the device refused a row.
    pieces: what stands in the place of rows that were cut in two, and of bad spans that were tried again. fault: what
    ended the poll early. received_us: the last answer, 0 while there is none.
    """

    def __init__(self, plan: Plan, health: DeviceHealth, first: int = 0) -> None:
        self.plan, self._health = plan, health
        rows = range(len(plan.blocks))
        self.waiting = [*rows[first:], *rows[:first]]
        self._in_order = first == 0
        self.failed: set[int] = set()
        self.silent: list[Block] = []
        self.refused: dict[int, Refused] = {}
        self.pieces: list[Piece] = []
        self.cut: set[int] = set()
        self.fault: LinkError | None = None
        self.slowest_s = 0.0
        self.received_us = 0
        self.unreachable: Refused | None = None
        self._starts = plan.decoder.starts
        self._wire = np.zeros(plan.decoder.size, dtype=np.uint8)
        self._view = self._wire.data
        bad = len(plan.bad)
        self._status = [BAD_NO_COMMUNICATION] * len(plan.blocks) + list(plan.bad_status)
        self._received_us = [0] * (len(plan.blocks) + bad)
        self._took_s = [-1.0] * len(plan.blocks)  # not answered yet
        self._asked: list[int] = []

    @property
    def answered(self) -> bool:
        """Whether the device has said anything in this poll."""
        return self.received_us > 0

    def next_requests(self) -> Sequence[Request]:
        """What is to be asked in the next run; `take` then takes the answers."""
        self._asked = self.waiting.copy()
        requests = self.plan.requests
        as_planned = self._in_order and len(self._asked) == len(requests)
        return requests if as_planned else [requests[row] for row in self._asked]

    def take(self, at: int, data: "bytes | memoryview | Refused", received_us: int, took_s: float) -> bool:
        """Take the answer to a request of the run; whether to go on asking."""
        row = self._asked[at]
        self.received_us = self._received_us[row] = received_us
        self._took_s[row] = took_s
        if isinstance(data, Refused):
            self.refused[row] = data
            return self._refuse(row, data, received_us)
        self._view[self._starts[row] : self._starts[row + 1]] = data
        self._status[row] = GOOD
        return True

    def _refuse(self, row: int, refused: Refused, received_us: int) -> bool:
        self._status[row] = refused.meaning.status
        text = f"{self.named(row)}: {refused}"
        if refused.code not in UNREACHABLE_UNIT:
            self.plan.health[row].refused(refused.code, refused.meaning.name, received_us)
            self._health.errors.note(text, Cause.REFUSED, received_us)
            return True
        self.plan.health[row].failed(str(refused), received_us)
        self._health.failed(text, Cause.NO_PATH if refused.code == NO_PATH else Cause.SILENT)
        self.unreachable = refused
        return False

    def named(self, row: int) -> str:
        """What a request of the plan asks for, in words."""
        return f"unit {self.plan.unit}, {self.plan.health[row]}"

    def end_run(self) -> None:
        """Take stock after a run: what waits still, and what the answers say of the device's health."""
        came = [row for row in self._asked if self._took_s[row] >= 0]
        self.waiting = [row for row in self.waiting if self._took_s[row] < 0]
        times = [self._took_s[row] for row in came]
        self._health.latency.add(*times)
        self.slowest_s = max(self.slowest_s, 0.0, *times)
        for row, took_s in zip(came, times, strict=True):
            if row not in self.refused:
                self.plan.health[row].answered(took_s, self._received_us[row])

    def give_up_unreachable(self) -> None:
        """The gateway cannot reach the unit: what was not asked after that is as unreachable."""
        if self.unreachable is not None:
            for row in self.waiting:
                self._status[row], self._received_us[row] = self.unreachable.meaning.status, self.received_us
            self.waiting.clear()

    def fail_first(self, error: LinkError) -> None:
        """The first request that waited had no answer that can be believed: it comes last, and after that no more."""
        row = self.waiting.pop(0)
        self._in_order = False
        self.plan.health[row].failed(error.reason, now_us())
        if row in self.failed:
            self._status[row], self._received_us[row] = error.status, now_us()
            self.silent.append(self.plan.blocks[row])
        else:
            self.waiting.append(row)
        self.failed.add(row)

    def give_up(self, error: LinkError) -> None:
        """Too much was asked in vain, though the device is there: what still waits is Bad for now."""
        self.silent += [self.plan.blocks[row] for row in self.waiting if row in self.failed]
        for row in self.waiting:
            self._status[row], self._received_us[row] = error.status, now_us()
        self.waiting = []

    def fail(self, error: LinkError) -> None:
        """Nothing more is asked: what still waits has no answer."""
        self.fault = error
        for row in self.waiting:
            self._status[row] = error.status

    @property
    def span_us(self) -> tuple[int, int] | None:
        """When its first and last answer were received; None where there was none."""
        times = [at for at in (*self._received_us, self.received_us) if at]
        return (min(times), max(times)) if times else None

    def result(self) -> tuple[Decoder, U8, U32, I64]:
        """Decoder, bytes, status and time of receipt of each block, 0 for one that brought nothing."""
        received_us = self._received_us.copy()
        for row in range(len(self.plan.blocks), len(received_us)):
            received_us[row] = self.received_us
        if not self.pieces:
            return (
                self.plan.decoder,
                self._wire,
                np.array(self._status, dtype=np.uint32),
                np.array(received_us, dtype=np.int64),
            )
        return self._pieced_together(received_us)

    def _pieced_together(self, received_us: list[int]) -> tuple[Decoder, U8, U32, I64]:
        replaced = {place(piece.block) for piece in self.pieces}
        blocks = (*self.plan.blocks, *self.plan.bad)
        kept = [row for row, block in enumerate(blocks) if row not in self.cut and place(block) not in replaced]
        decoder = Decoder(self.plan.tags, [*(blocks[row] for row in kept), *(p.block for p in self.pieces)])
        wire = np.zeros(decoder.size, dtype=np.uint8)
        for at, row in enumerate(kept):
            wire[decoder.starts[at] : decoder.starts[at + 1]] = self._wire[self._starts[row] : self._starts[row + 1]]
        for at, piece in enumerate(self.pieces, len(kept)):
            if piece.data is not None:
                wire[decoder.starts[at] : decoder.starts[at + 1]] = np.frombuffer(piece.data, dtype=np.uint8)
        status = [self._status[row] for row in kept] + [piece.status for piece in self.pieces]
        times = [received_us[row] for row in kept] + [piece.received_us for piece in self.pieces]
        return decoder, wire, np.array(status, dtype=np.uint32), np.array(times, dtype=np.int64)


def _health(block: Block, tags: Sequence[ModbusTag], is_bad: bool = False) -> BlockHealth:
    """What is known of a request at first; is_bad: of what is wanted of it, which may begin further on."""
    served = tuple(dict.fromkeys(tags[part.tag].name for part in block.parts))
    table, start, end = place(block) if is_bad else (block.table, block.address, block.address + block.count)
    return BlockHealth(table, start, end - start, served)


def _put_away(entry: BlockHealth, trial: Trial) -> Refused | None:
    """Note when a bad span is tried again; how it is refused."""
    at_us = now_us()
    if trial.why is not None:
        entry.refused(trial.why.code, trial.why.meaning.name, at_us)
    entry.put_away(at_us + round((trial.retry_s - time.monotonic()) * US_PER_S), at_us)
    return trial.why
