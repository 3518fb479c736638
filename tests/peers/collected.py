"""What a connector hands over, collected while it runs, for a test to wait on and look at."""

import asyncio
import contextlib
import math


class Collected:
    """Runs a connector for as long as the block lasts."""

    def __init__(self, connector):
        self.connector = connector
        self.handovers = []
        self._changed = asyncio.Condition()

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        return self

    async def _run(self):
        async with contextlib.aclosing(self.connector.batches()) as batches:
            async for handover in batches:
                async with self._changed:
                    self.handovers.append(handover)
                    self._changed.notify_all()

    async def __aexit__(self, *_):
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def until(self, condition, within_s=20.0):
        """Wait until something handed over makes the condition true."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(condition)

    async def more_readings(self, count=3, within_s=20.0):
        """Wait for that many more readings with a value."""
        wanted = len(self.good()) + count
        await self.until(lambda: len(self.good()) >= wanted, within_s)

    def readings(self):
        """(tag, time, value, status) of all readings."""
        return [
            (batch.names[tag], time, value, status)
            for handover in self.handovers
            if (batch := handover.batch) is not None
            for tag, time, value, status in zip(
                batch.tags.tolist(),
                batch.times_us.tolist(),
                batch.values.tolist(),
                batch.status.tolist(),
                strict=True,
            )
        ]

    def good(self):
        return [reading for reading in self.readings() if not math.isnan(reading[2])]

    def gaps(self):
        return [gap for handover in self.handovers for gap in handover.gaps]

    def outages(self):
        """The gaps but for polls that a busy computer skipped."""
        return [gap for gap in self.gaps() if "skipped" not in gap.cause]
