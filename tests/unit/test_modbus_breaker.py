"""How soon is a silent unit asked again, and how long is it listened to?"""

from connectors.modbus_breaker import FULL_EVERY, MISSES, MOST_S, PROBE_S, Breaker


def silent(times: int) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.missed()
    return breaker


def test_a_unit_whose_neighbours_answer_is_only_probed_after_three_misses() -> None:
    assert all(silent(times).wait_s(spares_neighbours=True) < 1 for times in range(MISSES))
    assert {silent(times).wait_s(spares_neighbours=True) for times in range(MISSES, 50)} == {PROBE_S}


def test_a_device_alone_is_asked_again_within_seconds_however_long_it_is_silent() -> None:
    waits = [silent(times).wait_s(spares_neighbours=False) for times in range(1, 50)]
    assert waits == sorted(waits)
    assert waits[-1] == MOST_S


def test_an_answer_forgets_the_silence() -> None:
    breaker = silent(9)
    breaker.answered(0.1)
    assert breaker.wait_s(spares_neighbours=True) < 1
    assert breaker.answer_timeout_s(1.0, spares_neighbours=True) == 1.0


def test_a_silent_unit_keeps_its_neighbours_waiting_for_half_its_time_out_but_is_given_all_of_it_now_and_then() -> None:
    given = [silent(times).answer_timeout_s(1.0, spares_neighbours=True) for times in range(2 * FULL_EVERY)]
    assert given == [1.0, 0.5, 0.5, 0.5] * 2
    assert silent(1).answer_timeout_s(1.0, spares_neighbours=False) == 1.0


def test_a_slow_unit_is_not_given_less_than_it_once_took() -> None:
    breaker = Breaker()
    breaker.answered(0.4)
    breaker.missed()
    assert breaker.answer_timeout_s(1.0, spares_neighbours=True) == 0.8
    breaker.answered(0.9)
    breaker.missed()
    assert breaker.answer_timeout_s(1.0, spares_neighbours=True) == 1.0
