"""How is a table read that is larger than memory? Page by page in the order of its key, each in its own transaction."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row


def pages(connection: Connection, query: str, after: tuple[int, ...], most: int) -> Iterator[Sequence[Row[Any]]]:
    """The rows of a query, at most so many at once; none for a table without rows.

    The query asks for rows whose key is larger than a first one (`after`, or what it has instead), in the order of the
    key, whose columns come first in a row; and for at most so many (`limit ?`). What is read while a page is looked at
    is of the same transaction.
    """
    while rows := connection.exec_driver_sql(query, (*after, most)).all():
        yield rows
        connection.rollback()
        after = tuple(rows[-1][: len(after)])
