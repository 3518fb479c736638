import numpy as np

from collector.clock_trust import ClockTrust
from collector.loop_lag import HOUR_S, MINUTE_S, LoopLag
from connectors.connector import Handover
from plant.credible_time import MOST_BEHIND_US, RELEASED_US, dated_by_source, earliest_credible_us
from plant.gap import Gap
from plant.reading import Batch

NOW_US = RELEASED_US + 100 * MOST_BEHIND_US
BOOT_US = 60_000_000


def batch(claimed_us: list[int], received_us: int = BOOT_US, texts: dict[int, str] | None = None) -> Batch:
    """Readings that were dated by receipt, though their server claimed something else."""
    count = len(claimed_us)
    received = np.full(count, received_us, dtype=np.int64)
    zeros = np.zeros(count, dtype=np.uint32)
    offset = np.array(claimed_us, dtype=np.int64) - received
    return Batch("m", ("n",), zeros, received, np.arange(count) * 1.0, zeros, received_us, offset, texts=texts or {})


def trust(is_led: bool, newest_us: int | None = NOW_US) -> ClockTrust:
    return ClockTrust(earliest_credible_us(newest_us), is_led=lambda: is_led)


def test_a_clock_is_held_to_the_release_and_to_the_newest_record() -> None:
    assert trust(False, None).is_trusted(RELEASED_US)
    assert not trust(False, None).is_trusted(RELEASED_US - 1)
    assert not trust(False).is_trusted(NOW_US - MOST_BEHIND_US - 1)
    assert trust(False).is_trusted(NOW_US - MOST_BEHIND_US)


def test_a_clock_led_by_a_time_server_or_set_while_running_is_held_to_the_release_alone() -> None:
    assert trust(True).is_trusted(RELEASED_US)
    assert not trust(True).is_trusted(BOOT_US)
    clock = trust(False)
    assert not clock.is_trusted(RELEASED_US)
    clock.was_set()
    assert clock.is_trusted(RELEASED_US)
    assert clock.doubt(BOOT_US) == "this machine's clock shows 1970-01-01, it cannot be before 2026-01-01"


def test_readings_with_a_credible_time_of_their_own_keep_it_and_the_others_go() -> None:
    found = dated_by_source(batch([BOOT_US, NOW_US, 5, NOW_US - 7], texts={0: "a", 3: "b"}), RELEASED_US)
    assert found is not None
    assert (found.times_us.tolist(), found.values.tolist()) == ([NOW_US, NOW_US - 7], [1.0, 3.0])
    assert (found.received_us, found.source_offset_us.tolist(), found.texts) == (NOW_US, [0, 0], {1: "b"})
    assert dated_by_source(batch([BOOT_US]), RELEASED_US) is None


def test_what_an_untrusted_clock_dated_is_counted_and_not_handed_on() -> None:
    clock = trust(False)
    gap = Gap("m", None, BOOT_US, None, "why")
    untold = clock.dated("m", Handover(batch([BOOT_US, NOW_US]), BOOT_US, (gap,), position="p"), BOOT_US)
    assert untold.batch is not None
    assert (len(untold.batch), untold.known_until_us, untold.gaps, untold.position) == (1, None, (), "p")
    assert clock.undated == {"m": 1}
    whole = Handover(batch([NOW_US], NOW_US), NOW_US, (gap,))
    assert clock.dated("m", whole, NOW_US) is whole


def test_the_worst_of_a_span_is_the_latest_tick_in_it() -> None:
    lag = LoopLag()
    assert lag.worst_s(0.0, HOUR_S) == 0.0
    for at_s, late_s in ((10.0, 2.5), (20.0, 0.1), (30.0, 0.4), (100.0, 0.0)):
        lag.note(at_s, late_s)
    assert [lag.worst_s(100.0, span_s) for span_s in (30.0, MINUTE_S, 75.0, HOUR_S)] == [0.0, 0.0, 0.4, 2.5]
    lag.note(10.0 + HOUR_S + 1, 0.0)
    assert lag.worst_s(10.0 + HOUR_S + 1, HOUR_S) == 0.4
