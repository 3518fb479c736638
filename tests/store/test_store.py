import hashlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from stored import HOUR_US, MONDAY_US, entry_of, make_store, some_readings, with_tags

from collector.store import gaps, gathering, orders, readings, store
from collector.store.latest import latest
from collector.store.merging import merge_days
from collector.store.readings import append, series
from collector.store.sealing import seal
from collector.store.store import (
    SCHEMA_VERSION,
    StoreError,
    migrate,
    reading,
    store_path,
    transaction,
    version,
    writing,
)
from collector.store.tags import stored_tags, text_ids, texts
from plant.gap import Gap

HOLDER = """
import sys, time
from pathlib import Path
from collector.store.store import writing
with writing(Path(sys.argv[1])):
    print("holding", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plant.db"


def _content(path: Path) -> dict[str, str]:
    """Hash of every file beside the store but the two in which SQLite coordinates (no data stays in them)."""
    aside = (path.name + "-wal", path.name + "-shm")
    kept = [file for file in path.parent.iterdir() if file.name not in aside or file.name.endswith("-wal")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in kept if file.stat().st_size}


def _sql(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_store_is_made_from_nothing_with_every_table(path: Path) -> None:
    with writing(path) as connection:
        assert version(connection) == SCHEMA_VERSION
        names = connection.exec_driver_sql("select name from sqlite_master where type = 'table'").scalars().all()
        connection.rollback()
    expected = {
        "tag",
        "text",
        "journal",
        "chunk",
        "latest",
        "gap",
        "order_line",
        "delivery",
        "quantity",
        "report",
        "device",
        "tally",
        "event",
        "change",
    }
    assert expected <= set(names)


def test_the_migrations_make_the_schema_that_the_code_describes(path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from collector.store.schema import metadata

    with writing(path) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        connection.rollback()


def test_migrating_again_changes_nothing(path: Path) -> None:
    make_store(path)
    with writing(path):  # gathers the journal
        pass
    before = _content(path)
    with writing(path) as connection:
        migrate(connection)
    assert _content(path)["plant.db"] == before["plant.db"]


def test_a_writer_syncs_every_commit_and_checks_references(path: Path) -> None:
    with writing(path) as connection:
        found = {
            name: connection.exec_driver_sql(f"pragma {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        connection.rollback()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_all_files_of_a_store_are_their_owners_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        with writing(path) as connection:
            with_tags(connection)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert len(modes) >= 3
    assert set(modes.values()) == {0o600}, modes


def test_a_store_that_was_opened_to_others_is_closed_again(path: Path) -> None:
    make_store(path)
    path.chmod(0o644)
    with writing(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_that_does_not_exist_reads_as_empty_and_is_not_made(path: Path) -> None:
    with reading(path) as connection:
        assert stored_tags(connection) == {}
        assert latest(connection) == {}
        assert len(series(connection, 1, 0, 2**60)) == 0
        assert list(readings.days_before(connection, 1, 2**60)) == []
        assert orders.order_lines(connection) == []
        assert orders.all_deliveries(connection) == []
        assert orders.all_quantities(connection) == []
        assert gaps.overlapping(connection, 0, 2**60) == []
    assert list(path.parent.iterdir()) == []


def test_reading_changes_no_byte_of_the_store(path: Path) -> None:
    tag_id = make_store(path)
    before, modified = _content(path), path.stat().st_mtime_ns
    for _ in range(3):
        with reading(path) as connection:
            assert len(series(connection, tag_id, 0, 2**60)) == 1
            stored_tags(connection)
    assert _content(path) == before
    assert path.stat().st_mtime_ns == modified


def test_reading_beside_a_writer_changes_nothing_and_sees_what_is_committed(path: Path) -> None:
    tag_id = make_store(path)
    with writing(path) as writer:
        with transaction(writer):
            append(writer, entry_of({tag_id: some_readings([MONDAY_US + 1], [5])}))
        before = _content(path)
        with reading(path) as reader:
            assert len(series(reader, tag_id, 0, 2**60)) == 2
            reader.rollback()
            with transaction(writer):
                append(writer, entry_of({tag_id: some_readings([MONDAY_US + 2], [6])}))
            assert len(series(reader, tag_id, 0, 2**60)) == 3
        assert _content(path)["plant.db"] == before["plant.db"]


def test_a_reader_sees_one_state_of_the_store_throughout_its_transaction(path: Path) -> None:
    tag_id = make_store(path)
    with writing(path) as writer, reading(path) as reader:
        assert len(series(reader, tag_id, 0, 2**60)) == 1
        with transaction(writer):
            append(writer, entry_of({tag_id: some_readings([MONDAY_US + 1], [5])}))
            seal(writer, MONDAY_US + HOUR_US)
        assert len(series(reader, tag_id, 0, 2**60)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "insert into text (text) values ('x')",
        "update tag set name = 'x'",
        "delete from journal",
        "drop table journal",
        "create table other (id integer)",
    ],
)
def test_a_reading_connection_cannot_write(path: Path, statement: str) -> None:
    make_store(path)
    before = _content(path)
    with pytest.raises(StoreError), reading(path) as connection:
        connection.exec_driver_sql(statement)
    assert _content(path) == before


def test_turning_query_only_off_still_does_not_let_a_reader_write(path: Path) -> None:
    make_store(path)
    with reading(path) as connection:
        connection.exec_driver_sql("pragma query_only = OFF")
        with pytest.raises(OperationalError, match="readonly"):
            connection.exec_driver_sql("delete from journal")


def test_a_second_writer_is_refused_and_the_first_named(path: Path) -> None:
    with writing(path), pytest.raises(StoreError, match=f"in use by process {os.getpid()}"), writing(path):
        pass


def test_a_writer_in_another_process_is_named_and_its_lock_ends_with_kill_9(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "holding\n"
        with pytest.raises(StoreError, match=f"in use by process {process.pid}"), writing(path):
            pass
        with reading(path) as connection:
            assert version(connection) == SCHEMA_VERSION
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    with writing(path) as connection:
        assert version(connection) == SCHEMA_VERSION


def test_the_lock_is_released_when_a_writer_fails(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(path):
        raise ZeroDivisionError
    with writing(path):
        pass


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    tag_id = make_store(path)
    with pytest.raises(ZeroDivisionError), writing(path) as connection, transaction(connection):  # noqa: PT012
        append(connection, entry_of({tag_id: some_readings([MONDAY_US + 1], [5])}))
        raise ZeroDivisionError
    with reading(path) as connection:
        assert len(series(connection, tag_id, 0, 2**60)) == 1
        assert stored_tags(connection)["tag0"].known_until_us == MONDAY_US


@pytest.mark.parametrize("opening", [reading, writing])
def test_a_newer_store_is_refused_and_left_as_it_is(path: Path, opening: object) -> None:
    make_store(path)
    _sql(path, "update alembic_version set version_num = '9999'")
    before = _content(path)
    with pytest.raises(StoreError, match="newer Smart Wings"), opening(path):  # type: ignore[operator]
        pass
    assert _content(path)["plant.db"] == before["plant.db"]


def test_an_older_store_is_refused_for_reading(path: Path) -> None:
    make_store(path)
    _sql(path, "update alembic_version set version_num = '0000'")
    with pytest.raises(StoreError, match="older version"), reading(path):
        pass


def test_a_store_that_is_just_being_made_reads_as_an_empty_one(path: Path) -> None:
    path.touch()
    with reading(path) as connection:
        assert latest(connection) == {}
    assert path.stat().st_size == 0
    _sql(path, "create table alembic_version (version_num text)")
    with reading(path) as connection:
        assert latest(connection) == {}
    path.unlink()
    assert make_store(path)


def test_a_database_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    _sql(path, "create table customer (id integer)")
    with pytest.raises(StoreError, match="not a store"), writing(path):
        pass
    with pytest.raises(StoreError), reading(path):
        pass
    with sqlite3.connect(path) as connection:
        assert connection.execute("select name from sqlite_master").fetchall() == [("customer",)]
    connection.close()


@pytest.mark.parametrize("opening", [reading, writing])
def test_what_is_no_database_is_refused(path: Path, opening: object) -> None:
    path.write_bytes(b"time,tag,value\n" * 400)
    with pytest.raises(StoreError), opening(path):  # type: ignore[operator]
        pass
    assert path.read_bytes() == b"time,tag,value\n" * 400


@pytest.mark.parametrize("opening", [reading, writing])
def test_a_folder_in_place_of_the_store_is_refused(path: Path, opening: object) -> None:
    path.mkdir()
    with pytest.raises(StoreError), opening(path):  # type: ignore[operator]
        pass


def test_a_store_in_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"), writing(tmp_path / "nowhere" / "plant.db"):
        pass


def test_what_a_reader_cannot_make_out_is_a_store_error_naming_the_store(path: Path) -> None:
    make_store(path)
    _sql(path, "update tag set definition = '{'")
    with pytest.raises(StoreError, match=r"plant\.db.*damaged"), reading(path) as connection:
        stored_tags(connection)


@pytest.mark.parametrize("name", ["plant?mode=memory.db", "plant #1.db", "plänt 공장.db", "100%.db", ":memory:"])
def test_a_store_may_have_any_file_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = store_path(f"sqlite:///{name}", Path())
    tag_id = make_store(path)
    assert (tmp_path / name).is_file()
    with reading(path) as connection:
        assert len(series(connection, tag_id, 0, 2**60)) == 1


def test_a_journal_that_was_not_gathered_is_when_the_store_is_opened_a_little_in_a_transaction(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag_id = make_store(path)
    with writing(path) as connection:
        for at in range(1, 4):
            with transaction(connection):
                append(connection, entry_of({tag_id: some_readings([MONDAY_US + at], [at])}))
    monkeypatch.setattr(gathering, "AT_ONCE", 1)
    in_transaction: list[tuple[object, int]] = []

    def watched(connection: Connection) -> int:
        gathered = gathering.gather(connection)
        in_transaction.append((connection.get_transaction(), gathered))
        return gathered

    monkeypatch.setattr(store, "gather", watched)
    with writing(path) as connection:
        assert connection.exec_driver_sql("select count(*) from journal where first_tag is null").scalar() == 0
        connection.rollback()
    assert [gathered for _, gathered in in_transaction] == [1, 1, 1, 0]
    assert len({id(one) for one, _ in in_transaction}) == 4


def test_the_path_of_a_store_is_relative_to_the_site_file_unless_absolute() -> None:
    assert store_path("sqlite:///plant.db", Path("site")) == Path("site/plant.db")
    assert store_path("sqlite:////data/plant.db", Path("site")) == Path("/data/plant.db")


def test_a_copy_taken_with_its_wal_is_complete(path: Path, tmp_path: Path) -> None:
    tag_id = make_store(path)
    copy = tmp_path / "copy"
    copy.mkdir()
    with writing(path) as connection:
        with transaction(connection):
            append(connection, entry_of({tag_id: some_readings([MONDAY_US + 1], [5])}))
        for file in (path, path.with_name("plant.db-wal")):
            shutil.copy(file, copy)
    with writing(copy / "plant.db") as connection:
        assert len(series(connection, tag_id, 0, 2**60)) == 2


def test_gaps_are_kept_closed_and_found_by_overlap(path: Path) -> None:
    with writing(path) as connection:
        with transaction(connection):
            gaps.save(
                connection, [Gap("press", None, 100, None, "no route"), Gap("press", "tag0", 50, 60, "no answer")]
            )
        with transaction(connection):
            gaps.save(connection, [Gap("press", None, 100, 200, "no route")])
            assert gaps.overlapping(connection, 0, 1000) == [
                Gap("press", "tag0", 50, 60, "no answer"),
                Gap("press", None, 100, 200, "no route"),
            ]
            assert gaps.overlapping(connection, 60, 100) == []
            assert [gap.start_us for gap in gaps.overlapping(connection, 199, 200)] == [100]


CHURN = """
import sys
from pathlib import Path
import numpy as np
from collector.store.merging import merge_days
from collector.store.readings import append
from collector.store.sealing import seal
from collector.store.store import transaction, writing
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings
path, tag_id, first = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with writing(path) as connection:
    print("open", flush=True)
    for at in range(first, first + 100_000):
        times = MONDAY_US + at * HOUR_US // 2 + np.arange(3)
        with transaction(connection):
            append(connection, entry_of({tag_id: some_readings(times, np.full(3, float(at)))}))
        print(at, flush=True)
        if at % 5 == 4:
            with transaction(connection):
                seal(connection, int(times[0]))
        if at % 20 == 19:
            with transaction(connection):
                merge_days(connection, int(times[0]))
"""


def test_kill_9_at_any_moment_loses_nothing_that_was_committed(path: Path) -> None:
    tag_id = make_store(path, ())
    committed = -1
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for wait_s in (0.03, 0.11, 0.2, 0.07, 0.15):
        command = [sys.executable, "-c", CHURN, str(path), str(tag_id), str(committed + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            time.sleep(wait_s)
            process.kill()
            told = [int(line) for line in process.stdout if line.endswith("\n")]
        acknowledged = told[-1] if told else committed
        with writing(path) as connection:
            assert connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
            connection.rollback()
            found = series(connection, tag_id, 0, 2**60)
            connection.rollback()
        committed = int(found.values[-1]) if len(found) else -1
        assert acknowledged <= committed <= acknowledged + 1
        assert found.values.tolist() == [float(at) for at in range(committed + 1) for _ in range(3)]
        assert found.times_us.tolist() == sorted(set(found.times_us.tolist()))
    assert committed > 10
    with writing(path) as connection, transaction(connection):
        seal(connection, 2**60)
        merge_days(connection, 2**60)
        assert len(series(connection, tag_id, 0, 2**60)) == 3 * (committed + 1)


def test_kill_9_while_the_store_is_made_leaves_a_store_that_can_be_used(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from collector.store.store import writing\n"
    code += "print(1, flush=True)\nwith writing(Path(sys.argv[1])): print(2, flush=True)"
    for at, wait_s in enumerate((0.05, 0.2, 0.3, 0.35)):
        path = tmp_path / f"{at}.db"
        with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait_s)
            process.kill()
        assert make_store(path)


def test_a_store_that_is_not_there_reads_as_an_empty_one_in_many_threads_at_once(tmp_path: Path) -> None:
    def count(_: int) -> int | None:
        with reading(tmp_path / "none.db") as connection:
            return connection.exec_driver_sql("select count(*) from latest").scalar()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(count, range(32))) == [0] * 32


def test_half_a_character_of_a_device_is_stored_as_a_question_mark_and_keeps_nothing_waiting(path: Path) -> None:
    with writing(path) as connection, transaction(connection):
        ids = text_ids(connection, ["4711", "47\udc8111", "47?11"])
        assert texts(connection) == {ids["4711"]: "4711", ids["47?11"]: "47?11"}
        assert ids["47\udc8111"] == ids["47?11"]
