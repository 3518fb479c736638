"""Chunks that an earlier program wrote are read for ever."""

import numpy as np
import pytest
from columns import NAN, readings_of, rows

from collector.store.chunk import ChunkError, decode, with_checksum

START_US = 1_790_000_000_000_000
TIMES = [START_US, START_US + 1_000_000, START_US + 1_000_000, START_US + 2_500_000]
WITH_ALL = (
    "010f000004000000ade0500b28b52ffd2090d50100c4020040c060e042bde3250ff016da00ff00fe00ff005b00ff000600ff000000ff000702"
    "0003008040050002fefc040042ddb25bc0d5550a024f"
)
WITH_LITTLE = (
    "0100000004000000ef8e09d228b52ffd20400102000040c060e042bde3250ff016da00ff00fe00ff005b00ff000600ff000000ff0000000"
    "09c0000007500000000000000880000003c000000e4f80002373f80407e"
)


def test_a_chunk_with_all_sections() -> None:
    expected = readings_of(
        TIMES,
        [7, 9, NAN, 12],
        [0, 0, 0x80000000, 0x40000000],
        [5000, 5000, 7000, 5000],
        [0, 0, -4, 0],
    )
    found = decode(bytes.fromhex(WITH_ALL))
    assert rows(found) == rows(expected)
    assert found.received_us.tolist() == expected.received_us.tolist()
    assert found.source_offset_us.tolist() == [0, 0, -4, 0]


def test_a_chunk_with_times_and_values_alone() -> None:
    found = decode(bytes.fromhex(WITH_LITTLE))
    assert rows(found) == rows(readings_of(TIMES, [1.5, -0.0, 2.25, 1e300]))
    np.testing.assert_array_equal(found.received_us, found.times_us)


def test_a_chunk_of_another_length_is_an_error() -> None:
    blob = bytes.fromhex(WITH_LITTLE)
    header = blob[:4] + (5).to_bytes(4, "little")
    with pytest.raises(ChunkError, match="length does not match"):
        decode(with_checksum(header, blob[12:]))


def test_a_chunk_of_a_version_to_come_is_an_error() -> None:
    blob = bytes.fromhex(WITH_LITTLE)
    with pytest.raises(ChunkError, match="format version 3, not 2"):
        decode(with_checksum(b"\3" + blob[1:8], blob[12:]))
