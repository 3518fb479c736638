"""Which addresses of a refused block are refused? Found out in the same poll, half by half."""

import time

from connectors.device_health import Cause, DeviceHealth
from connectors.modbus_check import Refused
from connectors.modbus_connection import LinkError, Pace, SilentError, UnreachableLineError
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

    Ends early when the device stops answering; that is a fault of the poll only if nothing else was answered in it.
    """
    inquiry = _Inquiry(poll, quarantine, line, pace, unit, health)
    await inquiry.cut_refused()
    await inquiry.retry_bad()
    return inquiry.changed


class _Inquiry:
    def __init__(
        self, poll: Poll, quarantine: Quarantine, line: Line, pace: Pace, unit: int, health: DeviceHealth
    ) -> None:
        self.changed = False
        self._poll, self._quarantine, self._line, self._pace = poll, quarantine, line, pace
        self._unit, self._health = unit, health
        self._left = MOST_QUESTIONS
        self._is_silent = False

    async def cut_refused(self) -> None:
        for row, refused in self._poll.refused.items():
            if refused.meaning.lasting and self._left:
                self._poll.cut.add(row)
                await self._cut(self._poll.plan.blocks[row], refused)

    async def retry_bad(self) -> None:
        # What was put away a moment ago is none of the plan's; one that is answered makes others due.
        while due := [block for block in self._quarantine.due(time.monotonic()) if block in self._poll.plan.bad]:
            if not all([await self._is_back(block) for block in due]):
                return

    async def _is_back(self, block: Block) -> bool:
        asked = self._left > 0
        answer = await self._ask(block)
        if answer is None:
            if asked and self._is_silent:
                self._put_away(block, None)
            return False
        if isinstance(answer, Refused):
            self._put_away(block, answer)
            return False
        self._quarantine.take_back(block, time.monotonic())
        self._poll.pieces.append(Piece(block, answer, GOOD, self._poll.received_us))
        self.changed = True
        return True

    async def _cut(self, block: Block, refused: Refused) -> None:
        """Ask the halves of a block that was refused, and their halves."""
        halves = self._quarantine.halves(block) if self._left else None
        if halves is None:
            self._refuse(block, refused)
            if self._left:
                self._put_away(block, refused)
            return
        both = True
        for half in halves:
            answer = await self._ask(half)
            if answer is None:  # cut in two for the next poll, which then treats the halves as any silent block
                self._refuse(half, refused)
                both = self._is_silent
            elif not isinstance(answer, Refused):
                self._poll.pieces.append(Piece(half, answer, GOOD, self._poll.received_us))
            elif answer.meaning.lasting:
                await self._cut(half, answer)
                both = False
            else:
                self._refuse(half, answer)
                both = False
        if both:
            self._quarantine.part(halves[1], time.monotonic())
            self.changed = True

    async def _ask(self, block: Block) -> bytes | Refused | None:
        """None: there was no answer, or nothing more may be asked in this poll."""
        if not self._left:
            return None
        self._left -= 1
        try:
            answer = await self._line.ask(self._unit, block, self._pace)
        except LinkError as error:
            if not isinstance(error, UnreachableLineError):
                error.asked = self._poll.plan.named(block)
            self._health.failed(str(error), error.cause)
            self._left = 0
            self._is_silent = isinstance(error, SilentError) and self._poll.answered
            if not self._poll.answered:
                self._poll.fail(error)
            return None
        self._health.latency.add(answer.took_s)
        self._poll.received_us = answer.received_us
        return answer.data

    def _refuse(self, block: Block, refused: Refused) -> None:
        self._poll.pieces.append(Piece(block, None, refused.meaning.status, self._poll.received_us))

    def _put_away(self, block: Block, why: Refused | None) -> None:
        if why is not None:
            self._health.errors.note(f"{self._poll.plan.named(block)}: {why}", Cause.REFUSED, self._poll.received_us)
        self._quarantine.put_away(block, why, time.monotonic())
        self.changed = True
