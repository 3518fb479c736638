"""When is work of the background due? APScheduler wakes it up; what is due is decided from data, not from timers."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

log = logging.getLogger(__name__)

TICK_S = 1.0
STEP_S = 2.0

Work = Callable[[], Awaitable[None]]


class Pace(IntervalTrigger):  # type: ignore[misc]
    """Every so many seconds, and what was missed once. APScheduler collects each time that passed meanwhile: after a
    clock was set from 1970 to today these are hundreds of millions."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The next time, which is always to come."""
        found: datetime = super().get_next_fire_time(previous_fire_time, now)
        return found if found > now else now + self.interval


@dataclass(slots=True)
class Schedule:
    """Work that is woken up every so many seconds, late rather than never, and never twice at once; not while it
    may not be done.

    clock_offset_s: how far the wall clock stepped against the monotonic one since the start. faults: how often each
    work failed. failing: what those said that failed the last time they ran. done_us: when each was done last.
    clock_stepped_us: when the clock stepped last.
    """

    on_clock_step: Callable[[float], Awaitable[None]]
    may_work: Callable[[], bool] = lambda: True
    clock_offset_s: float = 0.0
    clock_stepped_us: int | None = None
    faults: dict[str, int] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    done_us: dict[str, int] = field(default_factory=dict)
    _jobs: list[tuple[str, Work, float]] = field(default_factory=list)

    def every(self, seconds: float, name: str, work: Work) -> None:
        """Add work to be woken up."""

        async def noting_faults() -> None:
            if not self.may_work():
                return
            try:
                await work()
                self.failing.pop(name, None)
                self.done_us[name] = time.time_ns() // 1000
            except Exception as error:
                log.exception("%s failed", name)
                self.faults[name] = self.faults.get(name, 0) + 1
                self.failing[name] = f"{type(error).__name__}: {error}"

        self._jobs.append((name, noting_faults, seconds))

    async def run(self) -> None:
        """Wake work up until cancelled. A step of the wall clock starts the timers anew: without that, one backwards
        would silence them for its length."""
        while True:
            scheduler = self._started()
            try:
                step_s = await self._until_clock_steps()
            finally:
                scheduler.shutdown(wait=False)
            log.warning("the wall clock stepped by %.1f s", step_s)
            self.clock_offset_s += step_s
            self.clock_stepped_us = time.time_ns() // 1000
            await self.on_clock_step(step_s)

    def _started(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(timezone=UTC)
        for name, work, seconds in self._jobs:
            scheduler.add_job(
                work,
                Pace(seconds=seconds, timezone=UTC),
                name=name,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        scheduler.start()
        return scheduler

    async def _until_clock_steps(self) -> float:
        offset = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            step_s = time.time() - time.monotonic() - offset
            if abs(step_s) > STEP_S:
                return step_s
