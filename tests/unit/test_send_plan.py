import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from collector.send_plan import FIRST_WAIT_S, LONGEST_WAIT_S, WINDOW, SendPlan

KEYS = [(1, sequence) for sequence in range(1, 101)]


def plan() -> SendPlan:
    return SendPlan(random.Random(1))


def send_due(sending: SendPlan, waiting, now_s: float):
    found = sending.due(waiting, now_s)
    for key in found:
        sending.sent(key, now_s)
    return found


def test_at_most_a_window_waits_for_answers_and_answers_make_room():
    sending = plan()
    assert send_due(sending, KEYS, 0.0) == KEYS[:WINDOW]
    assert send_due(sending, KEYS, 1.0) == []
    assert send_due(sending, KEYS[5:], 1.0) == KEYS[WINDOW : WINDOW + 5]


def test_without_answers_the_oldest_are_sent_again_and_the_rest_get_their_turn():
    sending = plan()
    sent = [send_due(sending, KEYS, float(second)) for second in range(120)]
    assert {key for found in sent for key in found} == set(KEYS)
    assert all(sum(map(len, sent[at : at + 3])) <= WINDOW for at in range(118))


def test_each_is_sent_ever_less_often_and_never_given_up():
    sending = plan()
    times = [tenth / 10 for tenth in range(40_000) if send_due(sending, KEYS[:1], tenth / 10)]
    pauses = [later - at for at, later in itertools.pairwise(times)]
    wanted = [min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S) for tries in range(len(pauses))]
    assert all(0.8 * want - 0.11 <= pause <= 1.2 * want + 0.11 for pause, want in zip(pauses, wanted, strict=True))
    assert len(pauses) > 12


def test_pauses_are_jittered_so_that_plants_do_not_send_in_step():
    seconds = set()
    for seed in range(20):
        sending = SendPlan(random.Random(seed))
        sending.sent((1, 1), 0.0)
        seconds.add(next(tenth for tenth in range(100) if sending.due([(1, 1)], tenth / 10)))
    assert len(seconds) > 5


def test_after_a_reconnect_everything_is_sent_again_at_once():
    sending = plan()
    for second in range(30):
        send_due(sending, KEYS[:3], float(second))
    assert send_due(sending, KEYS[:3], 30.5) == []
    sending.connected()
    assert send_due(sending, KEYS[:3], 30.5) == KEYS[:3]


def test_what_was_answered_and_is_asked_for_again_starts_anew():
    sending = plan()
    for second in range(60):
        send_due(sending, KEYS[:1], float(second))
    assert send_due(sending, [], 60.0) == []
    assert send_due(sending, KEYS[:1], 60.5) == KEYS[:1]
    assert send_due(sending, KEYS[:1], 60.5 + 1.2 * FIRST_WAIT_S) == KEYS[:1]


@given(st.lists(st.tuples(st.floats(0, 20), st.sets(st.sampled_from(KEYS[:40]))), max_size=30))
def test_whatever_is_answered_when_the_window_holds_and_order_is_kept(steps):
    sending, now_s, waiting, flying = plan(), 0.0, list(KEYS[:40]), {}
    for pause_s, answered in steps:
        now_s += pause_s
        waiting = [key for key in waiting if key not in answered]
        flying = {key: at for key, at in flying.items() if key in waiting and now_s - at < 0.8 * FIRST_WAIT_S}
        found = send_due(sending, waiting, now_s)
        assert found == sorted(found)
        assert set(found) <= set(waiting)
        assert not set(found) & flying.keys()
        flying.update(dict.fromkeys(found, now_s))
        assert len(flying) <= WINDOW
