"""When does a session end, and can anybody else come by one?"""

from collector.page.access import Role
from collector.page.sessions import IDLE_S, MOST_SESSIONS, TOTAL_S, Sessions
from tests.page.guarded import Clock


def test_a_session_ends_after_a_quarter_of_an_hour_without_use() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    secret = sessions.begin("kim", Role.VIEWER)
    for _ in range(3):
        clock.now_s += IDLE_S - 1
        assert sessions.find(secret) is not None
    clock.now_s += IDLE_S
    assert sessions.find(secret) is None


def test_a_look_that_is_no_use_does_not_keep_a_session() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    secret = sessions.begin("kim", Role.VIEWER)
    clock.now_s += IDLE_S - 1
    assert sessions.find(secret, used=False) is not None
    clock.now_s += 1
    assert sessions.find(secret) is None


def test_a_session_ends_after_twelve_hours_whatever_is_done() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    secret, start_s = sessions.begin("kim", Role.ADMIN), clock.now_s
    while clock.now_s + 60 < start_s + TOTAL_S:
        clock.now_s += 60
        assert sessions.find(secret) is not None
    clock.now_s += 60
    assert sessions.find(secret) is None


def test_ids_are_random_and_kept_as_hashes_alone() -> None:
    sessions = Sessions(Clock())
    secrets = {sessions.begin("kim", Role.ADMIN) for _ in range(100)}
    assert len(secrets) == 100
    assert min(map(len, secrets)) == 43  # 256 bits
    assert [secret for secret in secrets if secret in repr(vars(sessions))] == []
    assert sessions.find("") is sessions.find("guess") is None


def test_there_are_no_more_than_so_many_and_the_longest_unused_gives_way() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    first, second = sessions.begin("kim", Role.ADMIN), sessions.begin("lee", Role.VIEWER)
    clock.now_s += 1
    assert sessions.find(first) is not None
    for _ in range(MOST_SESSIONS - 1):
        sessions.begin("many", Role.VIEWER)
    assert len(sessions) == MOST_SESSIONS
    assert sessions.find(first) is not None
    assert sessions.find(second) is None


def test_sessions_that_ended_give_way_first() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    for _ in range(MOST_SESSIONS):
        sessions.begin("many", Role.VIEWER)
    clock.now_s += IDLE_S
    sessions.begin("kim", Role.VIEWER)
    assert len(sessions) == 1
