"""Does the ledger come to the same, in whatever order, batches and copies reports arrive?"""

import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_reports import chain, day, key_of, kpi_json, unsigned
from sqlalchemy import Connection, Table, create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from kpi.report import Event, checked, event_sha256, sign, to_payload
from programme import rejections, schema
from programme.ledger import take
from programme.rejections import MOST_UNPROVEN
from programme.repeats import Repeats
from programme.standing import standings
from programme.store import MIGRATIONS, ProgrammeStoreError, reading, writing
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


def remade(label_day: int, revision: int, epoch: int, value: float, sequence: int = 1) -> Accepted:
    period = day(date(2026, 3, label_day))
    said = {"epoch": epoch, "revision": revision, "sequence": sequence, "previous": "1" * 64 if sequence > 1 else ""}
    return accepted(sign(unsigned(period, **said, values=[kpi_json(period, value=value)]), KEY))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (2, 1, 0)])
def test_a_report_made_again_after_a_restore_counts_however_late_those_of_before_come(order: tuple[int, ...]) -> None:
    lost = remade(1, 1, 1, 0.1), remade(1, 2, 1, 0.2, sequence=2)
    again = remade(1, 1, 1_795_000_000, 0.3)
    assert (lost[0].report.id, lost[0].sha256 != again.sha256) == (again.report.id, True)
    with ledger() as connection:
        for at in order:
            with connection.begin():
                (ack,) = take(connection, [(*lost, again)[at]], 1)
            assert ack is not None
            assert ack.result == "accepted"
        kept = connection.execute(text("select epoch, revision from report order by epoch, revision")).all()
        values = connection.execute(text("select revision, value from kpi_value")).all()
        connection.rollback()
        with connection.begin():
            (conflict,) = take(connection, [remade(1, 1, 1_795_000_000, 0.4)], 1)
    assert (kept, values) == ([(1, 1), (1, 2), (1_795_000_000, 1)], [(1, 0.3)])
    assert conflict is not None
    assert conflict.result == "rejected"


def test_a_ledger_of_before_epochs_counted_is_brought_up_to_date_with_all_it_has(tmp_path: Path) -> None:
    with ledger() as connection:
        with connection.begin():
            take(connection, [accepted(event) for event in EVENTS], 1)
        wanted = state(connection)
        tables = schema.metadata.sorted_tables
        _make_version_1(tmp_path, {table: [*connection.execute(table.select()).mappings()] for table in tables})
        connection.rollback()
    with writing(URL, tmp_path) as connection:
        with connection.begin():
            assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert state(connection) == wanted
        with connection.begin():
            acks = take(connection, [accepted(event) for event in EVENTS], 2)
        assert {ack.result for ack in acks if ack is not None} == {"accepted"}
        assert state(connection) == wanted


def test_on_postgresql_the_same_steps_make_the_same_tables() -> None:
    """As SQL, since there is no server here: what each step would say to one, and what the tables are in the end."""
    said = StringIO()
    options = {"as_sql": True, "output_buffer": said, "transactional_ddl": True, "transaction_per_migration": True}
    scripts = ScriptDirectory(str(MIGRATIONS))
    context = MigrationContext.configure(dialect_name="postgresql", opts=options)
    with Operations.context(context):
        for step in ("0001", "0002"):
            scripts.get_revision(step).module.upgrade()
    steps = [" ".join(one.split()) for one in said.getvalue().split(";") if one.strip()]
    after = steps[next(at for at, one in enumerate(steps) if "RENAME TO report_0001" in one) :]
    assert after[1] == "DROP INDEX report_by_period"
    created = next(one for one in after if one.startswith("CREATE TABLE report ("))
    wanted = " ".join(str(CreateTable(schema.report).compile(dialect=postgresql.dialect())).split())
    assert sorted(lines_of(created)) == sorted(lines_of(wanted))
    at = [next(n for n, one in enumerate(after) if one.startswith(start)) for start in
          ("CREATE TABLE report (", "insert into report (plant, epoch, id,", "DROP TABLE report_0001",
           "CREATE INDEX report_by_period ON report (plant, kind, label, revision)")]  # fmt: skip
    assert at == sorted(at)
    assert {one for one in after if "ALTER COLUMN" in one} == {
        f"ALTER TABLE {table} ALTER COLUMN epoch TYPE BIGINT" for table in ("epoch", "chain_break", "rejection")
    }


def lines_of(created: str) -> list[str]:
    """Columns and constraints of a table."""
    return re.split(r", (?![^(]*\))", created.split("(", 1)[1].rsplit(")", 1)[0].strip())


def _make_version_1(folder: Path, rows: Mapping[Table, Sequence[Any]]) -> None:
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"sqlite:///{folder}/programme.db")
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
    with engine.begin() as connection:
        for table, found in rows.items():
            for row in found:
                connection.execute(table.insert(), dict(row))
    engine.dispose()


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
