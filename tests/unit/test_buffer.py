import pytest

from collector.buffer import Buffer, Outlook, buffer
from collector.store.growth import DAY_US, Growth

NOW = 20_000 * DAY_US + DAY_US // 2


def left(growth: Growth, free: int = 1000, keep_days: int | None = None) -> Buffer:
    return buffer(growth, free, keep_days, NOW)


def test_the_fullest_of_the_last_days_decides() -> None:
    found = left(Growth((50, 100, 10), 5, 0))
    assert (found.outlook, found.hours_left) == (Outlook.FILLS, 240.0)
    assert (found.bytes_per_day, found.whole_days, found.live) == (100.0, 3, False)


def test_what_devices_bring_now_decides_where_it_is_more() -> None:
    found = left(Growth((50,), 5, 0, live_bytes=100.0, live_s=6 * 3600.0))
    assert (found.hours_left, found.bytes_per_day, found.live) == (60.0, 400.0, True)
    assert left(Growth((500,), 5, 0, live_bytes=100.0, live_s=6 * 3600.0)).bytes_per_day == 500.0


@pytest.mark.parametrize("growth", [Growth((), 0, None), Growth((), 100, NOW, 50.0, 600.0), Growth((), 0, 0)])
def test_what_is_too_young_or_empty_says_nothing(growth: Growth) -> None:
    found = left(growth)
    assert (found.outlook, found.hours_left) == (Outlook.UNKNOWN, None)


def test_old_readings_that_go_keep_the_disk_from_filling() -> None:
    year_old = Growth((100,), 0, NOW - 360 * DAY_US)
    assert left(year_old, 1000, keep_days=365).outlook is Outlook.NEVER
    assert left(year_old, 500, keep_days=365).outlook is Outlook.FILLS
    assert left(year_old, 500, keep_days=365).hours_left == 120.0
    assert left(year_old, 10**9).outlook is Outlook.FILLS
