"""Readings for tests: any columns that a tag may have, and what makes two series the same."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from plant.reading import Readings, sound
from plant.status_code import BAD, BAD_NO_DATA, GOOD, UNCERTAIN

NAN = float("nan")
DAY_US = 86_400_000_000

statuses = st.sampled_from(
    (GOOD, GOOD, GOOD, UNCERTAIN, BAD, BAD_NO_DATA, 0x00000400, 0xC0000000, 0x40920480, 0xFFFFFFFF)
)
numbers = st.one_of(
    st.integers(-(2**53) - 3, 2**53 + 3).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from((0.0, -0.0, 5e-324, -1.7976931348623157e308, 0.1)),
)


def readings_of(
    times_us: Sequence[int],
    values: Sequence[float],
    status: Sequence[int] | None = None,
    lag_us: Sequence[int] | None = None,
    offset_us: Sequence[int] | None = None,
) -> Readings:
    """Readings with Good status, received at once and from a believed clock, where nothing else is said."""
    n = len(times_us)
    times = np.array(times_us, dtype=np.int64)
    codes = np.array(status if status is not None else [GOOD] * n, dtype=np.uint32)
    kept, codes = sound(np.array(values, dtype=np.float64), codes)
    lag = np.array(lag_us if lag_us is not None else [0] * n, dtype=np.int64)
    offset = np.array(offset_us if offset_us is not None else [0] * n, dtype=np.int64)
    return Readings(times, kept, codes, times + lag, offset)


def rows(readings: Readings) -> list[tuple[int, bytes, int]]:
    """What identifies each reading: time, the bits of its value (so that -0.0 is not 0.0), status."""
    values = [np.float64(value).tobytes() if value == value else b"absent" for value in readings.values.tolist()]
    return list(zip(readings.times_us.tolist(), values, readings.status.tolist(), strict=True))


@st.composite
def any_readings(draw: st.DrawFn, most: int = 40, ascending: bool = True) -> Readings:
    """Readings of one tag, also of odd times, values, statuses, receipts and clocks."""
    n = draw(st.integers(0, most))
    times = draw(
        st.one_of(
            st.lists(st.integers(0, 3 * DAY_US), min_size=n, max_size=n),
            st.lists(st.integers(-(2**53), 2**53), min_size=n, max_size=n),
        )
    )
    several = {"min_size": n, "max_size": n}
    return readings_of(
        sorted(times) if ascending else times,
        draw(st.one_of(st.lists(numbers, **several), st.lists(st.integers(0, 100).map(float), **several))),
        draw(st.one_of(st.none(), st.lists(statuses, **several))),
        draw(st.one_of(st.none(), st.lists(st.integers(-(10**12), 10**12), **several))),
        draw(st.one_of(st.none(), st.lists(st.integers(-(2**55), 2**55), **several))),
    )
