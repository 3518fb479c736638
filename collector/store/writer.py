"""Who writes? One thread, which opens the store, owns its one writing connection and does one change after another.

Where a change finds the file damaged, a new one takes its place and the change is made there; a file that somebody
removed is written again.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from collector.store.open_file import WAS_CUT, Fate, OpenFile, note_what_happened, take_its_place, write_again
from collector.store.renewal import renew
from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.store import StoreError, transaction, writing
from collector.store.tags import StoredTag

log = logging.getLogger(__name__)

AGAIN_S = 60.0
T = TypeVar("T")


class Writer:
    """The store's writer thread. Open it before use, close it at the end; both wait for the thread.

    tags: known by heart, should the file be damaged. damaged: rows set aside of late, and readings in them. importing:
    whoever merges an import holds it, from before the check of what the store says otherwise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self._file: OpenFile | None = None
        self._was_open = False
        self._renewed_s: float | None = None
        self.tags: dict[str, StoredTag] = {}
        self.damaged = (0, 0)
        self.importing = asyncio.Lock()

    def open(self) -> None:
        """Open the store for writing. A file that was a store, and is damaged, is replaced. Raises StoreError."""
        self._thread.submit(self._enter).result()

    def close(self) -> None:
        """Finish what was asked for and close the store."""
        self._thread.submit(self._leave).result()
        self._thread.shutdown()

    async def call(self, work: Callable[[Connection], T]) -> T:
        """Run work that makes its own transactions, and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._done, work)

    async def renew(self, reason: str) -> None:
        """Put the file aside as damaged and begin a new one."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._renew, reason)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads, seeing everything written before."""
        return await self.write(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in one transaction, which is durable when this returns."""

        def in_transaction(connection: Connection) -> T:
            with transaction(connection):
                return work(connection)

        return await self.call(in_transaction)

    def _done(self, work: Callable[[Connection], T]) -> T:
        self._see_to_the_file()
        try:
            return work(self._open_connection())
        except Exception as error:
            if fault_of(error) is not SqliteFault.DAMAGED or self._was_just_renewed():
                raise
            self._renew(str(getattr(error, "orig", None) or error))
        return work(self._open_connection())

    def _enter(self) -> None:
        self._was_open = True
        was_ours = self.path.with_name(self.path.name + ".lock").exists()  # what never was a store is left alone
        try:
            self._begin()
        except StoreError as error:
            if not was_ours or fault_of(error) is not SqliteFault.DAMAGED:
                raise
            self._renew(str(error))

    def _leave(self) -> None:
        try:
            self._see_to_the_file()
        finally:
            self._stack.close()

    def _renew(self, reason: str) -> None:
        stack = self._let_go()
        self._renewed_s = time.monotonic()
        try:
            stack.close()
        except Exception as error:  # the last checkpoint may fail as well
            log.error("the damaged store could not be closed cleanly: %s", error)
        try:
            renew(self.path, self.tags.values(), reason)
        except Exception:
            with suppress(StoreError):  # what can still be done with the damaged one is done
                self._begin()
            raise
        self._begin()

    def _begin(self) -> None:
        self._connection = self._stack.enter_context(writing(self.path, with_imports=False))
        self._file = OpenFile(self.path)

    def _see_to_the_file(self) -> None:
        fate = self._file.fate() if self._file else Fate.SAME
        if fate is Fate.REMOVED:
            self._put_back()
        elif fate is Fate.CUT and not self._was_just_renewed():
            self._renew(WAS_CUT)

    def _put_back(self) -> None:
        connection = self._open_connection()
        what = take_its_place(self.path, write_again(connection, self.path))
        stack = self._let_go()
        log.error("the store was written again, since %s", what)
        with suppress(Exception):  # all of it was written again
            stack.close()
        self._begin()
        note_what_happened(self._open_connection(), what)

    def _let_go(self) -> ExitStack:
        """What is to be closed; nothing is open any more."""
        stack, self._stack = self._stack, ExitStack()
        self._connection = self._file = None
        return stack

    def _was_just_renewed(self) -> bool:
        """A disk that damages whatever is written is not filled with one store after another."""
        return self._renewed_s is not None and time.monotonic() - self._renewed_s < AGAIN_S

    def _open_connection(self) -> Connection:
        if self._connection is None and self._was_open:
            self._enter()  # it could not be opened when its file was to be replaced
        if self._connection is None:
            raise RuntimeError("the store is not open")
        return self._connection
