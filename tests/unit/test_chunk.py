import numpy as np
import pytest
from columns import NAN, any_readings, readings_of, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.chunk import ChunkError, decode, encode
from plant.reading import Readings
from plant.status_code import BAD, GOOD


def _milliseconds(readings: Readings) -> list[int]:
    return ((readings.received_us - readings.times_us) // 1000).tolist()


@settings(max_examples=60)
@given(any_readings())
def test_a_chunk_gives_back_what_was_put_in_and_the_receipt_to_the_millisecond(readings: Readings) -> None:
    back = decode(encode(readings))
    assert rows(back) == rows(readings)
    assert back.source_offset_us.tolist() == readings.source_offset_us.tolist()
    assert _milliseconds(back) == _milliseconds(readings)
    assert ((back.received_us - back.times_us) % 1000 == 0).all()


@settings(max_examples=60)
@given(any_readings())
def test_a_chunk_of_a_chunk_is_the_same_chunk(readings: Readings) -> None:
    blob = encode(readings)
    assert encode(decode(blob)) == blob


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("value", [1.0, 1.5, -0.0, 2.0**53, 1e300])
def test_a_chunk_may_hold_few_readings(n: int, value: float) -> None:
    readings = readings_of(range(n), [value] * n)
    assert rows(decode(encode(readings))) == rows(readings)


def test_a_single_bad_reading_comes_back_without_value() -> None:
    back = decode(encode(readings_of([7], [NAN], [BAD])))
    assert np.isnan(back.values).all()
    assert back.status.tolist() == [BAD]


def test_bad_readings_between_whole_numbers_come_back_without_value() -> None:
    readings = readings_of([1, 2, 3, 4], [NAN, 10, NAN, 11], [BAD, GOOD, BAD, GOOD])
    assert rows(decode(encode(readings))) == rows(readings)


def test_a_day_of_a_counter_takes_less_than_a_byte_a_reading() -> None:
    n = 86_400
    steady = readings_of(np.arange(n) * 1_000_000, (np.arange(n) // 2).astype(float))
    assert len(encode(steady)) < n / 10


@settings(max_examples=60)
@given(any_readings(), st.data())
def test_a_damaged_byte_anywhere_is_noticed(readings: Readings, data: st.DataObject) -> None:
    blob = bytearray(encode(readings))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ChunkError):
        decode(bytes(blob))


def test_every_damaged_bit_is_noticed() -> None:
    blob = encode(readings_of([10, 20, 35], [1.0, 2.0, 4.0], lag_us=[1000, 2000, 5000]))
    for at in range(len(blob)):
        for bit in range(8):
            damaged = bytearray(blob)
            damaged[at] ^= 1 << bit
            with pytest.raises(ChunkError):
                decode(bytes(damaged))


@settings(max_examples=60)
@given(any_readings(), st.data())
def test_a_cut_or_lengthened_chunk_is_noticed(readings: Readings, data: st.DataObject) -> None:
    blob = encode(readings)
    with pytest.raises(ChunkError):
        decode(blob[: data.draw(st.integers(0, len(blob) - 1))])
    with pytest.raises(ChunkError):
        decode(blob + data.draw(st.binary(min_size=1, max_size=8)))


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_chunk_error(blob: bytes) -> None:
    with pytest.raises(ChunkError):
        decode(blob)
