"""Who sees to it that no part of the daemon ends unnoticed? A task that fails is logged, counted and started again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 30.0
RECENT_S = 60.0


@dataclass(slots=True)
class Supervisor:
    """Runs tasks for ever. faults: how often each failed."""

    faults: dict[str, int] = field(default_factory=dict)
    _last: dict[str, tuple[float, str]] = field(default_factory=dict)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        """Run work as a task that is started again, after a growing pause, whenever it fails or returns."""
        task = asyncio.create_task(self._keep(name, work), name=name)
        self._tasks.append(task)
        return task

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        pause_s, task = 0.5, asyncio.current_task()
        assert task is not None
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await work()
                fault = "ended by itself"
            except asyncio.CancelledError:
                if task.cancelling():
                    raise
                fault = "something that it waited for was cancelled"  # by whom else: it is not to end
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
                log.exception("%s failed", name)
            self.faults[name] = self.faults.get(name, 0) + 1
            now = asyncio.get_running_loop().time()
            self._last[name] = (now, fault)
            ran_well = now - started > LONGEST_PAUSE_S
            pause_s = 0.5 if ran_well else min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    def recent_faults(self) -> dict[str, str]:
        """What failed within the last minute, and what it said."""
        since = asyncio.get_running_loop().time() - RECENT_S
        return {name: fault for name, (at, fault) in self._last.items() if at >= since}

    async def stop(self, tasks: list["asyncio.Task[None]"] | None = None) -> None:
        """Cancel tasks (default: all) and wait for their end."""
        ending = self._tasks if tasks is None else tasks
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
