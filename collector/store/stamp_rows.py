"""Which tags were read together? Their stamps are stored once, found by what they are."""

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from collector.store.chunk import Stamps, encode_stamps, stamps_of
from plant.reading import Readings

LEAST_SHARED = 64
"""Readings of a chunk from which on its stamps have a row of their own: what a row takes is nothing to so many."""


class KeptStamps(NamedTuple):
    """The id of a row and how many bytes it holds."""

    id: int
    size: int


class SharedStamps:
    """Puts stamps into rows, those that are there already into none. For one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: tuple[Stamps, KeptStamps] | None = None

    def kept(self, start_s: int, readings: Readings) -> KeptStamps | None:
        """Where the stamps of a chunk's readings are; None: there are so few that the chunk keeps them itself."""
        if len(readings) < LEAST_SHARED:
            return None
        stamps = stamps_of(readings)
        if self._last is not None and self._last[0].same_as(stamps):  # the tag before was read together with this one
            return self._last[1]
        payload = encode_stamps(stamps)
        kept = KeptStamps(self._row(start_s, payload), len(payload))
        self._last = stamps, kept
        return kept

    def _row(self, start_s: int, payload: bytes) -> int:
        digest = hashlib.blake2b(payload, digest_size=16).digest()
        row = self._connection.exec_driver_sql(
            "select id, payload = ? as sound from stamp where digest = ?", (payload, digest)
        ).first()
        found = None if row is None else row.id
        if row is not None and not row.sound:  # damaged: the digest says what was there
            self._connection.exec_driver_sql("update stamp set payload = ? where id = ?", (payload, found))
        if found is None:
            found = self._connection.exec_driver_sql(
                "insert into stamp (start_s, digest, payload) values (?, ?, ?)", (start_s, digest, payload)
            ).lastrowid
        return int(found)


def used_stamps(connection: Connection, keys: Sequence[tuple[int, int]]) -> list[int]:
    """Ids of the stamps of the chunks in ranges of keys [first, end)."""
    query = "select distinct stamp from chunk where key >= ? and key < ? and stamp is not null"
    return [int(id_) for bounds in keys for id_ in connection.exec_driver_sql(query, bounds).scalars()]


def delete_unused_stamps(connection: Connection, stamps: Sequence[int]) -> None:
    """Delete those of some stamps that no chunk has any more."""
    if stamps:
        connection.exec_driver_sql(
            "delete from stamp where id in (select value from json_each(?))"
            " and not exists (select 1 from chunk where chunk.stamp = stamp.id)",
            (json.dumps(stamps),),
        )
