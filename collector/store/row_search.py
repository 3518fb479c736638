"""Which rows of a damaged table can be found? They are sought from both ends, then from the middle of what is left.

SQLite follows the pages of a tree as they are. One that cannot be read is an error; one that another took the place of
is none, but its keys are out of order.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

log = logging.getLogger(__name__)

UNREADABLE = (sqlite3.Error, UnicodeError, OverflowError)
MOST_SEARCHES = 20_000


def rows_around_damage(
    connection: sqlite3.Connection, query: str, bounds: tuple[int, int], unread: list[tuple[int, int]] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query that orders by an ascending key, its first column, between two bounds of it. A row may come more
    than once, and one whose key is out of order may come. unread: is given the bounds between which there may be rows
    that were not found."""
    left, unread = deque([bounds]), [] if unread is None else unread
    try:
        connection.execute(f"explain {query}", bounds)
    except UNREADABLE as error:
        log.error("the schema of a damaged file, or a table of it, cannot be read: %s", error)
        unread.append(bounds)
        return
    for _ in range(MOST_SEARCHES):
        if not left:
            return
        low, high = left.popleft()
        up = _Scan(connection, query, low, high, 1)
        yield from up
        if up.ended and (low, high) == bounds:
            continue
        down = _Scan(connection, query + " desc", low, high, -1)
        yield from down
        if up.ended and down.ended and up.count == down.count:
            continue  # within narrower bounds a row out of order would end a scan before its time, in one direction
        if up.ordered and down.ordered and not up.ended:
            low, high = up.reached + 1, down.reached - 1
        if low < high:
            middle = (low + high) // 2
            left += [(low, middle), (middle + 1, high)]
        elif low == high:
            unread.append((low, high))
    unread += left
    log.info("%d parts of a table of a damaged file are not looked into any further", len(left))


class _Scan:
    """One pass over rows. ended: without an error, and in order. reached: the last key before. direction: 1 or -1."""

    def __init__(self, connection: sqlite3.Connection, query: str, low: int, high: int, direction: int) -> None:
        self._connection, self._query, self._bounds = connection, query, (low, high)
        self._direction = direction
        self.reached = low - 1 if direction > 0 else high + 1
        self.count = 0
        self.ordered = self.ended = True

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        try:
            for row in self._connection.execute(self._query, self._bounds):
                self._note(row[0])
                yield row
        except UNREADABLE as error:
            log.debug("a part of a damaged file cannot be read: %s", error)
            self.ended = False
            yield from self._before_the_error()

    def _before_the_error(self) -> Iterator[tuple[Any, ...]]:
        """The row before an error, which Python's driver drops: it asks for the next before it hands one over."""
        low, high = self._bounds
        bounds = (self.reached + 1, high) if self._direction > 0 else (low, self.reached - 1)
        with suppress(*UNREADABLE):
            for row in self._connection.execute(self._query + " limit 1", bounds):
                self._note(row[0])
                yield row

    def _note(self, key: int) -> None:
        low, high = self._bounds
        self.count += 1
        if (key - self.reached) * self._direction <= 0 or not low <= key <= high:
            self.ordered = self.ended = False
        else:
            self.reached = key
