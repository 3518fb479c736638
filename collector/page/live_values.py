"""How do values reach whoever looks at them, as they come? One watch over the store, for all listeners together."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from collector.page.live_rows import LiveRow, Memory, Newest, WatchedTag, live_rows, newest, watched_tags
from collector.page.source import Source
from collector.store.store import StoreError, reading
from collector.store.tags import StoredTag, stored_tags
from collector.tag_habit import Habit, habit
from plant.instant import US_PER_S

log = logging.getLogger(__name__)

LOOK_S = 0.5
JUDGE_S = 2.0
"""How often tags are looked at whose readings are what they were: time alone makes them silent or frozen."""
HEARTBEAT_S = 5.0
TAGS_FRESH_S = 30.0
HABITS_FRESH_S = 3600.0
LISTEN_S = 600.0
"""For how long a listener is served before it must ask again, and thereby be let in again."""


class StoreWatch:
    """Looks at the newest readings through one connection that is kept, from one thread.

    The same connection is needed to notice that nothing changed (PRAGMA data_version), which is what most looks find.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._connection: Connection | None = None
        self._opened: tuple[Path, int, float] | None = None
        self._version = -1
        self._tags: dict[str, StoredTag] = {}

    def look(self, store: Path) -> Newest | None:
        """What the store knows; None where that is what it knew at the last look. Raises StoreError."""
        try:
            connection = self._connected(store)
            version = int(connection.exec_driver_sql("pragma data_version").scalar_one())
            found = None if version == self._version else newest(connection, self._tags)
            connection.rollback()
        except StoreError:
            self.close()
            raise
        self._version = version
        return found

    def close(self) -> None:
        """Let go of the store."""
        self._connection, self._version = None, -1
        self._open.close()

    def _connected(self, store: Path) -> Connection:
        """The connection, opened again from time to time: the tags may be others, the file may be a restored one."""
        inode = store.stat().st_ino if store.exists() else 0
        opened = self._opened
        fresh = opened is not None and opened[:2] == (store, inode) and time.monotonic() - opened[2] < TAGS_FRESH_S
        if self._connection is None or not fresh:
            self.close()
            self._connection = self._open.enter_context(reading(store))
            self._opened = (store, inode, time.monotonic())
            self._tags = stored_tags(self._connection)
        return self._connection


@dataclass(slots=True, eq=False)
class Listener:
    """One page that is looked at. Rows that it has not taken yet are replaced by newer ones: it may be slow."""

    waiting: dict[str, LiveRow] = field(default_factory=dict)
    something: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, rows: list[LiveRow]) -> None:
        """Put rows into the way of the listener."""
        self.waiting.update({row.tag.name: row for row in rows})
        self.something.set()

    async def rows(self) -> list[LiveRow]:
        """What has changed since it was asked last; waits for it."""
        await self.something.wait()
        found = list(self.waiting.values())
        self.waiting.clear()
        self.something.clear()
        return found


class LiveValues:
    """The newest value of every tag, watched while somebody listens."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._thread = ThreadPoolExecutor(1, "live")
        self._watch = StoreWatch()
        self._memory = Memory()
        self._listeners: set[Listener] = set()
        self._watching: asyncio.Task[None] | None = None
        self._learning: asyncio.Future[None] | None = None
        self._learnt_s = -HABITS_FRESH_S
        self._newest: Newest | None = None
        self._judged_s = -JUDGE_S
        self._rows: dict[str, LiveRow] = {}
        self._watched: tuple[int, list[WatchedTag]] = (0, [])

    async def now(self) -> list[LiveRow]:
        """All rows as they are now. Raises StoreError."""
        await self._look()
        self._learn()
        return list(self._rows.values())

    async def events(self, language: str) -> AsyncIterator[str]:
        """All rows, then those that change, as JSON texts in a language; ends by itself after a time."""
        listener = Listener()
        self._listeners.add(listener)
        end_s = time.monotonic() + LISTEN_S
        try:
            listener.tell(await self.now())
            if self._watching is None or self._watching.done():
                self._watching = asyncio.create_task(self._watch_on())
            while time.monotonic() < end_s:
                rows: list[LiveRow] = []  # nothing new is said as well, so that a silent line is noticed
                with suppress(TimeoutError):
                    rows = await asyncio.wait_for(listener.rows(), HEARTBEAT_S)
                told = {"now_us": time.time_ns() // 1000, "rows": [row.json(language) for row in rows]}
                yield json.dumps(told, ensure_ascii=False, allow_nan=False)
        finally:
            self._listeners.discard(listener)

    async def _watch_on(self) -> None:
        """Look again and again while anybody listens."""
        while self._listeners:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
                self._learn()
            except StoreError:  # said by every page that is asked for; the next look may find it well again
                continue
            except Exception:
                log.exception("the newest readings could not be looked at")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._watch.close)

    async def _look(self) -> None:
        """Look at the store, and tell all listeners which rows are not what they were."""
        source = self._source
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._watch.look, source.store)
        if found is None and time.monotonic() - self._judged_s < JUDGE_S:
            return
        if found is not None:
            self._note_changes(found)
            self._newest = found
        if self._newest is None:
            return
        self._judged_s = time.monotonic()
        if self._watched[0] != source.edition:
            self._watched = (source.edition, watched_tags(source.site))
        rows = live_rows(self._newest, self._watched[1], self._memory, source.site.zone, time.time_ns() // 1000)
        changed = [row for row in rows if self._rows.get(row.tag.name) != row]
        self._rows = {row.tag.name: row for row in rows}
        if changed:
            for listener in self._listeners:
                listener.tell(changed)

    def _note_changes(self, found: Newest) -> None:
        if self._newest is None:
            return
        for name, stored in found.tags.items():
            before, after = self._newest.readings.get(stored.id), found.readings.get(stored.id)
            if before is not None and after is not None and before.value != after.value:
                self._memory.changed_us[name] = after.time_us

    def _learn(self) -> None:
        """Find out the habits of tags, in the background and once an hour."""
        busy = self._learning is not None and not self._learning.done()
        if busy or self._newest is None or time.monotonic() - self._learnt_s < HABITS_FRESH_S:
            return
        self._learnt_s = time.monotonic()
        self._learning = asyncio.ensure_future(self._learn_from(self._source.store, dict(self._newest.tags)))

    async def _learn_from(self, store: Path, tags: dict[str, StoredTag]) -> None:
        def work() -> dict[str, Habit]:
            now_us = time.time_ns() // 1000 // US_PER_S * US_PER_S
            with reading(store) as connection:
                return {name: habit(connection, stored, now_us) for name, stored in tags.items()}

        self._memory.habits = await asyncio.to_thread(work)
        self._judged_s = -JUDGE_S
