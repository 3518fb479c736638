"""Who writes? One thread, which opens the store, owns its one writing connection and does one change after another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from collector.store.store import transaction, writing

T = TypeVar("T")


class Writer:
    """The store's writer thread. Open it before use, close it at the end; both wait for the thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._stack = ExitStack()
        self._connection: Connection | None = None

    def open(self) -> None:
        """Open the store for writing. Raises StoreError."""

        def enter() -> Connection:
            return self._stack.enter_context(writing(self.path))

        self._connection = self._thread.submit(enter).result()

    def close(self) -> None:
        """Finish what was asked for and close the store."""
        self._thread.submit(self._stack.close).result()
        self._thread.shutdown()

    async def call(self, work: Callable[[Connection], T]) -> T:
        """Run work that makes its own transactions, and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._open_connection()))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads, seeing everything written before."""
        return await self.write(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in one transaction, which is durable when this returns."""

        def in_transaction(connection: Connection) -> T:
            with transaction(connection):
                return work(connection)

        return await self.call(in_transaction)

    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the store is not open")
        return self._connection
