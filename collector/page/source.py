"""Where does the page have what it shows? From the store, query-only, and from the daemon by its control socket."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from collector.control import LONGEST_ANSWER_S, Answer, ask
from collector.store.store import StoreError, reading, store_path
from config.document import load_document
from config.fault import InputError
from config.load import load_site
from config.site import Site

T = TypeVar("T")

LIMIT_S = 2.0
MOST_READERS = 4
_LOOK_AGAIN_S = 1.0
_STEPS = 20_000  # of SQLite's machine between two looks at the clock: a few milliseconds


class TookTooLongError(Exception):
    """What was asked of the store takes longer than a page may."""


class Source:
    """The one way of the page to store and daemon.

    site_fault: why the site file as it is now cannot be used; the settings are then those from before. edition: how
    often the settings were read.
    """

    def __init__(self, site_file: Path) -> None:
        self.site_file = site_file
        self.site_fault: str | None = None
        self.edition = 1
        self._watched = _files(site_file)
        self._signature = _signature(self._watched)
        self._site = load_site(site_file)
        self._looked_s = time.monotonic()
        self._readers = asyncio.Semaphore(MOST_READERS)

    @property
    def site(self) -> Site:
        """The settings of the site file, read again when it has changed."""
        if time.monotonic() - self._looked_s > _LOOK_AGAIN_S:
            self._looked_s = time.monotonic()
            if _signature(self._watched) != self._signature:
                self._watched = _files(self.site_file)
                self._signature = _signature(self._watched)
                self._load()
        return self._site

    @property
    def store(self) -> Path:
        """The store's file."""
        return store_path(self.site.store.url, self.site_file.parent)

    async def read(self, work: Callable[[Connection, Site], T], limit_s: float = LIMIT_S) -> T:
        """What some work finds in the store, through a query-only connection of its own in a thread.

        Raises TookTooLongError when its queries are not done within the limit, StoreError for a store that cannot be
        read.
        """
        site = self.site
        async with self._readers:
            return await asyncio.to_thread(within, self.store, lambda connection: work(connection, site), limit_s)

    async def ask(self, request: Answer, longest_s: float = LONGEST_ANSWER_S) -> Answer | None:
        """What the daemon answers; None when none is running. Raises TimeoutError."""
        return await asyncio.to_thread(ask, self.store, request, longest_s)

    def _load(self) -> None:
        try:
            self._site = load_site(self.site_file)
            self.site_fault = None
            self.edition += 1
        except (InputError, OSError) as error:
            self.site_fault = str(error)


def within(store: Path, work: Callable[[Connection], T], limit_s: float) -> T:
    """What some work finds in a store, its queries cut off after so long. Raises TookTooLongError and StoreError."""
    end_s = time.monotonic() + limit_s
    try:
        with reading(store) as connection:
            _watched(connection, end_s)
            return work(connection)
    except StoreError:
        if time.monotonic() > end_s:
            raise TookTooLongError(f"takes longer than {limit_s:g} s; ask for less at once") from None
        raise


def _watched(connection: Connection, end_s: float) -> None:
    database = connection.connection.driver_connection
    assert isinstance(database, sqlite3.Connection)
    database.set_progress_handler(lambda: time.monotonic() > end_s, _STEPS)


def _files(site_file: Path) -> list[Path]:
    """The site file, the tag lists that it names, and the tables beside it; of one that cannot be read not all."""
    found = {site_file, *site_file.parent.glob("*.csv")}
    try:
        for device in load_document(site_file).data["devices"]:
            if isinstance(device.get("tags"), str):
                found.add(site_file.parent / device["tags"])
    except (InputError, OSError, LookupError, TypeError, AttributeError):
        pass
    return sorted(found)


def _signature(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Changes when one of the files does."""
    found = []
    for path in files:
        with suppress(OSError):
            state = path.stat()
            found.append((path.name, state.st_mtime_ns, state.st_size))
    return tuple(found)
