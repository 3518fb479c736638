"""Does the ledger come to the same, in whatever order, batches and copies reports arrive?"""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_reports import chain, day, key_of, unsigned
from sqlalchemy import Connection, text

from kpi.report import Event, checked, event_sha256, sign, to_payload
from programme import rejections
from programme.ledger import take
from programme.rejections import MOST_UNPROVEN
from programme.repeats import Repeats
from programme.standing import standings
from programme.store import ProgrammeStoreError, reading, writing
from programme.verify import Accepted, Refusal, Rejected

KEY = key_of(1)
PLANT = "kr-ansan-0421"
EVENTS = chain(9, KEY)
URL = "sqlite:///programme.db"


@contextmanager
def ledger() -> Iterator[Connection]:
    with tempfile.TemporaryDirectory() as folder, writing(URL, Path(folder)) as connection:
        yield connection


def accepted(event: Event) -> Accepted:
    return Accepted(checked(event), to_payload(event), event_sha256(event))


def state(connection: Connection) -> list[list[tuple[object, ...]]]:
    queries = (
        "select id, sha256, sequence from report order by sequence",
        "select label, revision, value from kpi_value order by label",
        "select * from epoch",
        "select * from chain_break",
    )
    found = [[tuple(row) for row in connection.execute(text(query))] for query in queries]
    connection.rollback()
    return found


with ledger() as _connection, _connection.begin():
    take(_connection, [accepted(event) for event in EVENTS], 1)
    WHOLE = [[tuple(row) for row in _connection.execute(text("select id, sha256, sequence from report"))]]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_order_batches_and_copies_change_nothing(seed: int, most: int) -> None:
    order = [*range(9), *range(9), *random.Random(seed).choices(range(9), k=5)]
    random.Random(seed + 1).shuffle(order)
    with ledger() as connection:
        while order:
            batch, order = order[:most], order[most:]
            with connection.begin():
                acks = take(connection, [accepted(EVENTS[at]) for at in batch], 1)
            assert all(ack is not None and ack.result == "accepted" for ack in acks)
        reports, values, epochs, breaks = state(connection)
        assert ack_of_last(acks) == (9, ())
    assert reports == sorted(WHOLE[0], key=lambda row: int(str(row[2])))
    assert (len(values), epochs, breaks) == (9, [(PLANT, 1, 9, 9)], [])


def ack_of_last(acks: list) -> tuple[int, tuple[tuple[int, int], ...]]:  # type: ignore[type-arg]
    return acks[-1].received_to, acks[-1].missing


def test_what_is_not_committed_was_never_there() -> None:
    with ledger() as connection:
        transaction = connection.begin()
        take(connection, [accepted(EVENTS[0])], 1)
        transaction.rollback()
        assert state(connection) == [[], [], [], []]


def test_a_new_epoch_counts_from_one_and_lists_show_it() -> None:
    fresh = sign(unsigned(day(date(2026, 3, 1)), epoch=2, sequence=2, previous="1" * 64), KEY)
    with ledger() as connection:
        with connection.begin():
            take(connection, [accepted(EVENTS[3]), accepted(fresh)], 1_000_000)
        found = standings(connection)[PLANT]
    assert (found.received_to, found.missing) == (2, ((1, 1),))
    assert found.last_report == "1970-01-01T09:00:01+09:00"


def test_refusals_can_never_fill_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "MOST_UNPROVEN", 5)
    assert MOST_UNPROVEN == 1000
    refused = [Rejected(PLANT, True, None, f"{at:064}", Refusal.FORM, "x") for at in range(20)]
    strangers = [Rejected("kr-nobody-1", False, None, f"{at:064}", Refusal.UNKNOWN_PLANT, "x") for at in range(20)]
    with ledger() as connection:
        for _ in range(2):
            with connection.begin():
                take(connection, [*refused, *strangers], 1)
        found = [tuple(row) for row in connection.execute(text("select plant, copies from rejection"))]
    assert found == [(PLANT, 2)] * 5


def test_a_store_in_use_or_newer_is_refused(tmp_path: Path) -> None:
    with (
        writing(URL, tmp_path),
        pytest.raises(ProgrammeStoreError, match="in use"),
        writing(URL, tmp_path),
    ):
        pass
    with writing(URL, tmp_path) as connection, connection.begin():
        connection.execute(text("update alembic_version set version_num = '9999'"))
    for opened in (writing, reading):
        with pytest.raises(ProgrammeStoreError, match="newer"), opened(URL, tmp_path):
            pass


def test_the_log_says_the_first_and_then_one_a_minute() -> None:
    now_s = 0.0
    repeats = Repeats(lambda: now_s)
    assert [repeats.said("x") for _ in range(3)] == [0, None, None]
    assert repeats.said("y") == 0
    now_s = 61.0
    assert repeats.said("x") == 2
