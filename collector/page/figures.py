"""How do pages have KPI values at once? Worked out in one background thread, kept, and worked out again when old."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from collector.evaluation import Evaluation
from collector.page.source import Source, within

T = TypeVar("T")

FRESH_S = 20.0
PATIENCE_S = 0.12
LIMIT_S = 120.0
_MOST_KEPT = 200
_MOST_IN_WORK = 20
_SHORTEST_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Figure(Generic[T]):
    """What was worked out, and as of when [UTC us]. refreshing: a newer one is on its way."""

    value: T
    as_of_us: int
    refreshing: bool = False


@dataclass(slots=True)
class _Kept:
    value: Any = None
    as_of_us: int | None = None
    took_s: float = 0.0
    began_s: float = 0.0
    work: "asyncio.Future[None] | None" = None


@dataclass(slots=True)
class Figures:
    """Keeps what pages ask for, the least recently asked for forgotten first."""

    source: Source
    _kept: "OrderedDict[Hashable, _Kept]" = field(default_factory=OrderedDict)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "figures"))

    async def of(
        self, key: Hashable, work: Callable[[Evaluation], T], fresh_s: float = FRESH_S, patience_s: float = PATIENCE_S
    ) -> Figure[T] | None:
        """What `work` finds, as kept under a key that names the work with all that it depends on.

        An old figure, of more than fresh_s, is given at once and replaced in the background. None while the first one
        is being worked out longer than anybody waits; ask again. Raises StoreError, and whatever the work raises.
        """
        key = key, self.source.site.plant.id, self.source.edition
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        self._forget_the_least_asked_for()
        if kept.work is not None and kept.work.cancelled():
            kept.work = None
        if kept.work is None and kept.as_of_us is None and self._in_work() >= _MOST_IN_WORK:
            return None
        # What takes long is not worked out again as often, so that the thread has time for the rest.
        longest_s = max(fresh_s, _SHORTEST_WAIT * kept.took_s)
        if kept.work is None and (kept.as_of_us is None or time.time() - kept.as_of_us / 1e6 > longest_s):
            kept.work, kept.began_s = asyncio.ensure_future(self._worked_out(kept, work)), time.monotonic()
        working = kept.work
        if working is not None and (kept.as_of_us is None or working.done()):
            if not working.done():
                # Whoever comes later waits for the rest only: all of it was waited in vain already.
                await asyncio.wait([working], timeout=max(0.0, kept.began_s + patience_s - time.monotonic()))
            if working.done():
                if kept.work is working:  # nobody else who waited for it was here before
                    kept.work = None
                working.result()
        if kept.as_of_us is None:
            return None
        return Figure(kept.value, kept.as_of_us, kept.work is not None)

    def _in_work(self) -> int:
        return sum(one.work is not None and not one.work.done() for one in self._kept.values())

    def _forget_the_least_asked_for(self) -> None:
        idle = [key for key, one in self._kept.items() if one.work is None or one.work.done()]
        for key in idle[: max(0, len(self._kept) - _MOST_KEPT)]:
            del self._kept[key]

    def forget(self) -> None:
        """Forget everything: the next who asks has it worked out from what is known now."""
        self._kept.clear()

    async def _worked_out(self, kept: _Kept, work: Callable[[Evaluation], T]) -> None:
        site, store = self.source.site, self.source.store

        def done() -> tuple[T, int, float]:
            started_s, now_us = time.monotonic(), time.time_ns() // 1000
            value = within(store, lambda connection: work(Evaluation(connection, site, site.clock(), now_us)), LIMIT_S)
            return value, now_us, time.monotonic() - started_s

        loop = asyncio.get_running_loop()
        kept.value, kept.as_of_us, kept.took_s = await loop.run_in_executor(self._thread, done)
