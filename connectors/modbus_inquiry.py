"""Which addresses of a refused block are refused? Asked in the same poll, half by half, so that neighbours are on time."""

import time

from connectors.device_health import DeviceHealth
from connectors.modbus_check import Refused
from connectors.modbus_connection import LinkError, Pace
from connectors.modbus_frame import request_of
from connectors.modbus_line import Line
from connectors.modbus_plan import Block
from connectors.modbus_poll import Piece, Poll
from connectors.modbus_quarantine import Quarantine
from plant.status_code import GOOD

MOST_QUESTIONS = 64
"""Questions in one poll; what is not known then is found out in the next."""


async def look_closer(
    poll: Poll, quarantine: Quarantine, line: Line, pace: Pace, unit: int, health: DeviceHealth
) -> bool:
    """Cut what a poll was refused for good, and ask again what was bad before; whether the quarantine changed.

    Ends early, without a fault of the poll, when the device stops answering.
    """
    inquiry = _Inquiry(poll, quarantine, line, pace, unit, health)
    try:
        await inquiry.cut_refused()
        await inquiry.retry_bad()
    except LinkError as error:
        health.failed(str(error), error.cause)
    return inquiry.changed


class _Inquiry:
    def __init__(
        self, poll: Poll, quarantine: Quarantine, line: Line, pace: Pace, unit: int, health: DeviceHealth
    ) -> None:
        self.changed = False
        self._poll, self._quarantine, self._line, self._pace = poll, quarantine, line, pace
        self._unit, self._health = unit, health
        self._questions = 0

    async def cut_refused(self) -> None:
        for row, refused in self._poll.refused.items():
            if refused.meaning.lasting and self._questions < MOST_QUESTIONS:
                self._poll.cut.add(row)
                await self._cut(self._poll.plan.blocks[row], refused, self._poll.received_us)

    async def retry_bad(self) -> None:
        for block in self._quarantine.due(time.monotonic()):
            if block not in self._poll.plan.bad:
                continue  # put away a moment ago
            try:
                answer, received_us = await self._ask(block)
            except LinkError:
                self._put_away(block, None)
                raise
            if isinstance(answer, Refused):
                self._put_away(block, answer)
            else:
                self._quarantine.take_back(block, time.monotonic())
                self._poll.pieces.append(Piece(block, answer, GOOD, received_us))
                self.changed = True

    def _put_away(self, block: Block, why: Refused | None) -> None:
        self._quarantine.put_away(block, why, time.monotonic())
        self.changed = True

    async def _cut(self, block: Block, refused: Refused, received_us: int) -> bool:
        """Ask the halves of a block that was refused, and their halves; whether all of it was answered."""
        halves = self._quarantine.halves(block) if self._questions < MOST_QUESTIONS else None
        if halves is None:
            self._poll.pieces.append(Piece(block, None, refused.meaning.status, received_us))
            if self._questions < MOST_QUESTIONS:
                self._put_away(block, refused)
            return False
        whole = True
        for at, half in enumerate(halves):
            try:
                answer, received_us = await self._ask(half)
            except LinkError:
                for left in halves[at:]:
                    self._poll.pieces.append(Piece(left, None, refused.meaning.status, received_us))
                raise
            if not isinstance(answer, Refused):
                self._poll.pieces.append(Piece(half, answer, GOOD, received_us))
            elif answer.meaning.lasting:
                whole &= await self._cut(half, answer, received_us)
            else:
                self._poll.pieces.append(Piece(half, None, answer.meaning.status, received_us))
                whole = False
        if whole:
            self._quarantine.part(halves[1], time.monotonic())
            self.changed = True
        return whole

    async def _ask(self, block: Block) -> tuple[bytes | Refused, int]:
        answers: list[tuple[bytes | Refused, int]] = []

        def take(_: int, data: "bytes | memoryview | Refused", received_us: int, took_s: float) -> bool:
            self._health.latency.add(took_s)
            answers.append((data if isinstance(data, Refused) else bytes(data), received_us))
            return True

        self._questions += 1
        await self._line.run([request_of(self._unit, block)], take, self._pace)
        return answers[0]
