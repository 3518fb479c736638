"""What was lost, and what is asked of the server."""

import pytest

from connectors.opcua_continuity import (
    Backoff,
    MessageNumbers,
    Outage,
    keep_alive_count,
    lifetime_count,
    queue_size,
)
from plant.gap import Gap

LAST = 2**32 - 1


def after(*taken: int) -> MessageNumbers:
    numbers = MessageNumbers()
    for number in taken:
        numbers.take(number)
    return numbers


def test_messages_in_order_miss_nothing() -> None:
    numbers = MessageNumbers()
    for number in range(1, 5):
        assert list(numbers.missing(number)) == []
        assert not numbers.is_repeat(number)
        numbers.take(number)


def test_a_keep_alive_does_not_swallow_the_message_that_takes_its_number() -> None:
    numbers = after(1, 2)
    assert list(numbers.missing(3)) == []  # keep-alive: carries the next number, and is not taken
    assert list(numbers.missing(4)) == [3], "message 3 was lost after the keep-alive"


def test_a_keep_alive_tells_of_a_message_that_never_came() -> None:
    assert list(after(1, 2).missing(4)) == [3]


def test_a_repeat_is_known_and_misses_nothing() -> None:
    numbers = after(1, 2, 3)
    assert numbers.is_repeat(3)
    assert list(numbers.missing(2)) == []


def test_numbers_start_again_after_the_last() -> None:
    numbers = after(LAST - 1)
    assert list(numbers.missing(LAST)) == []
    assert list(numbers.missing(2)) == [LAST, 1]
    numbers.take(LAST)
    assert not numbers.is_repeat(1)
    assert numbers.is_repeat(LAST)


def test_a_jump_is_counted_without_being_spelled_out() -> None:
    assert len(after(1).missing(2**30)) == 2**30 - 2


def test_an_outage_is_one_gap_however_often_it_is_tried() -> None:
    outage = Outage("press")
    assert outage.end(5) == ()
    assert outage.begin(10, "no answer in time") == (Gap("press", None, 10, None, "no answer in time"),)
    assert outage.begin(12, "connection refused") == ()
    assert outage.end(20) == (Gap("press", None, 10, 20, "no answer in time"),)
    assert outage.end(30) == ()


def test_an_outage_never_ends_before_it_began() -> None:
    outage = Outage("press")
    outage.begin(10, "clock was set back")
    assert outage.end(8) == (Gap("press", None, 10, 10, "clock was set back"),)


def test_backoff_grows_to_its_cap_with_jitter() -> None:
    backoff = Backoff(first_s=0.25, cap_s=5.0)
    waits = [backoff.wait_s() for _ in range(200)]
    assert 0.125 <= waits[0] <= 0.25
    assert all(2.5 <= wait <= 5.0 for wait in waits[5:])
    assert len(set(waits)) > 100
    backoff.reset()
    assert backoff.wait_s() <= 0.25


@pytest.mark.parametrize(
    ("sampling_ms", "publishing_ms", "outage_s", "size"),
    [(100, 500, 60, 610), (10, 500, 60, 6100), (1000, 500, 0, 2), (10, 500, 3600, 10_000), (1000, 100, 0, 2)],
)
def test_queues_hold_two_intervals_and_the_outage(
    sampling_ms: float, publishing_ms: float, outage_s: float, size: int
) -> None:
    assert queue_size(sampling_ms, publishing_ms, outage_s) == size


@pytest.mark.parametrize("publishing_ms", [1, 50, 333, 500, 7000, 10_000, 60_000])
def test_a_keep_alive_comes_every_ten_seconds_and_the_subscription_outlives_three(publishing_ms: float) -> None:
    count = keep_alive_count(publishing_ms)
    assert count * publishing_ms <= max(10_000, publishing_ms)
    assert lifetime_count(publishing_ms, outage_s=0) >= 3 * count
    assert lifetime_count(publishing_ms, outage_s=600) * publishing_ms >= 600_000


def test_how_many_are_missing_is_counted_without_naming_them() -> None:
    assert after(LAST - 1).skipped(2**30) == 2**30
    assert [after(LAST - 1).skipped(number) for number in (LAST - 2, LAST, 1, 2)] == [0, 0, 1, 2]
