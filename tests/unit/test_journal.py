import numpy as np
import pytest
from columns import any_readings, readings_of, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.chunk import ChunkError
from collector.store.journal import JournalEntry, pack, unpack
from plant.reading import Readings


@st.composite
def entries(draw: st.DrawFn) -> JournalEntry:
    readings = draw(any_readings(ascending=False))
    ids = draw(st.lists(st.integers(0, 2**32 - 1), min_size=len(readings), max_size=len(readings)))
    return JournalEntry(np.array(ids, dtype=np.uint32), readings)


def _columns(readings: Readings) -> list[list[int]]:
    return [column.tolist() for column in (readings.received_us, readings.source_offset_us)]


@settings(max_examples=60)
@given(entries())
def test_the_journal_gives_back_every_column_to_the_last_bit_in_order_of_arrival(entry: JournalEntry) -> None:
    back = unpack(pack(entry))
    assert back.tag_ids.tolist() == entry.tag_ids.tolist()
    assert rows(back.readings) == rows(entry.readings)
    assert _columns(back.readings) == _columns(entry.readings)


def test_readings_of_a_tag_keep_their_order_of_arrival() -> None:
    entry = JournalEntry(np.array([1, 2, 1, 2], dtype=np.uint32), readings_of([9, 8, 7, 9], [1, 2, 3, 4]))
    assert entry.of(1).times_us.tolist() == [9, 7]
    assert entry.of(2).values.tolist() == [2, 4]
    assert len(entry.of(3)) == 0


@settings(max_examples=60)
@given(entries(), st.data())
def test_a_damaged_byte_anywhere_is_noticed(entry: JournalEntry, data: st.DataObject) -> None:
    blob = bytearray(pack(entry))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ChunkError):
        unpack(bytes(blob))


def test_every_damaged_bit_is_noticed() -> None:
    blob = pack(JournalEntry(np.array([1, 2], dtype=np.uint32), readings_of([10, 20], [1.5, 2.0])))
    for at in range(len(blob)):
        for bit in range(8):
            damaged = bytearray(blob)
            damaged[at] ^= 1 << bit
            with pytest.raises(ChunkError):
                unpack(bytes(damaged))


@settings(max_examples=60)
@given(entries(), st.data())
def test_a_cut_or_lengthened_row_is_noticed(entry: JournalEntry, data: st.DataObject) -> None:
    blob = pack(entry)
    with pytest.raises(ChunkError):
        unpack(blob[: data.draw(st.integers(0, len(blob) - 1))])
    with pytest.raises(ChunkError):
        unpack(blob + data.draw(st.binary(min_size=1, max_size=8)))


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_chunk_error(blob: bytes) -> None:
    with pytest.raises(ChunkError):
        unpack(blob)
