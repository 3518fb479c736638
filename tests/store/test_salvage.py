"""What is taken over from a damaged file becomes part of the store as if it had never been away."""

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from renewed import spoil_pages
from sample_reports import key_of
from sent_reports import save_chain
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, arrive, make_store, some_readings, with_tags

from collector.acquisition import Acquisition
from collector.reporting import Reporting
from collector.store import changes, elements, events, exchange, renewal, reports
from collector.store.account import account
from collector.store.exchange import unsalvaged
from collector.store.readings import merge, series
from collector.store.renewal import renew, to_salvage
from collector.store.replaced import replaced_since
from collector.store.reports import StoredReport
from collector.store.salvage import Salvage
from collector.store.sealing import seal
from collector.store.store import StoreError, reading, transaction, writing
from collector.store.tags import register, stored_tags, text_ids, texts
from collector.store.verification import verified
from collector.store.writer import Writer
from config.load import load_site
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from kpi.state import no_runs
from kpi.unit_record import UnitRecord
from plant.gap import Gap
from plant.reading import Batch
from plant.tag import Role, Tag

EVER = -(2**62), 2**62


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plant.db"


def salvage(path: Path) -> None:
    """Take everything over from the first damaged file."""
    aside = to_salvage(path)
    assert aside is not None
    salvaging = Salvage(aside)
    with writing(path) as connection:
        more = True
        while more:
            with transaction(connection):
                more = salvaging.step(connection)
    salvaging.done()


def spoil_root(path: Path, table: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("select rootpage from sqlite_master where name = ?", (table,)).fetchone()
    spoil_pages(path, [page - 1])


def make_report(path: Path, made_us: int) -> None:
    made = StoredReport(1, 1, "r", "day", "2026-11-21", 1, "provisional", "pending", "0" * 64, made_us)
    with writing(path) as connection, transaction(connection):
        reports.save(connection, made, b"{}")


def keep_a_record(path: Path, seen: int | None = None) -> int:
    with writing(path) as connection, transaction(connection):
        record = (MONDAY_US, MONDAY_US + HOUR_US), "settings", UnitRecord({}, {}, no_runs(), frozenset())
        return elements.keep(connection, "press1", [record], changes.newest(connection) if seen is None else seen)


def test_records_that_were_made_meanwhile_are_made_again_and_reports_of_before_stay(path: Path) -> None:
    make_store(path, [MONDAY_US + 7, MONDAY_US + DAY_US])
    make_report(path, MONDAY_US)
    renew(path, [], "test")
    with reading(path) as connection:
        before = changes.newest(connection)
    assert keep_a_record(path) == 1
    salvage(path)
    assert keep_a_record(path, before) == 0  # worked out before, of what was there
    with reading(path) as connection:
        assert changes.noted(connection) == ([], 0)
        assert elements.kept(connection, "press1", *EVER) == {}


def test_reports_that_could_not_wait_are_looked_at_again_once_all_is_taken_over(path: Path) -> None:
    make_store(path, [MONDAY_US + 7, MONDAY_US + DAY_US])
    renew(path, [], "test")
    make_report(path, time.time_ns() // 1000)
    salvage(path)
    with reading(path) as connection:
        noted, _ = changes.noted(connection)
    assert any(first <= MONDAY_US + 7 and last > MONDAY_US + DAY_US for first, last in noted)


def test_what_was_taken_for_a_store_that_is_replaced_meanwhile_is_taken_again(path: Path) -> None:
    make_store(path)
    renew(path, [], "test")
    (aside,) = unsalvaged(path)
    salvaging = Salvage(aside)
    with writing(path) as connection, suppress(ZeroDivisionError), transaction(connection):
        salvaging.step(connection)
        raise ZeroDivisionError  # the store turns out to be damaged
    renew(path, [], "test")
    with writing(path) as connection, pytest.raises(RuntimeError, match="begins again"), transaction(connection):
        salvaging.step(connection)
    salvage(path)
    with reading(path) as connection:
        assert len(series(connection, 1, *EVER)) == 1


def test_readings_are_lost_only_if_no_other_damaged_file_has_them(path: Path) -> None:
    make_store(path, [MONDAY_US])
    renew(path, [], "first")
    with writing(path) as connection, transaction(connection):
        arrive(connection, {1: some_readings([MONDAY_US + 1, MONDAY_US + 2], [1, 2])})
    renew(path, [], "second")
    salvage(path)
    salvage(path)
    with reading(path) as connection:
        assert (account(connection).damaged, account(connection).missing) == (0, 0)
        assert len(series(connection, 1, *EVER)) == 3


def test_readings_that_an_import_replaced_are_taken_over_once(path: Path) -> None:
    make_store(path, [MONDAY_US])
    with writing(path) as connection, transaction(connection):
        merge(connection, 1, some_readings([MONDAY_US], [7]), replace=True)
    renew(path, [], "test")
    aside = to_salvage(path)
    assert aside is not None
    shutil.copy(aside, aside.with_name(aside.name + "9"))
    salvage(path)
    salvage(path)
    with reading(path) as connection:
        (before,) = replaced_since(connection, 1, 0, *EVER)
        assert before.values.tolist() == [0]


def test_ids_of_texts_that_are_lost_never_become_those_of_others(path: Path) -> None:
    with writing(path) as connection, transaction(connection):
        (lost,) = text_ids(connection, ["A-1"]).values()
    spoil_root(path, "text")
    renew(path, [], "test")
    with writing(path) as connection, transaction(connection):
        assert text_ids(connection, ["B-2"])["B-2"] > lost
        assert texts(connection).get(lost) is None


def test_texts_that_are_lost_are_named_so_that_readings_that_have_them_are_told_apart(path: Path) -> None:
    tag = Tag("press1.product", "press1", Role.PRODUCT_ID, "1")
    with writing(path) as connection, transaction(connection):
        register(connection, [("press", tag)])
        ids = text_ids(connection, ["A-1", "B-2"])
        values = [float(ids["A-1"]), float(ids["B-2"]), float("nan")]
        arrive(connection, {1: some_readings([MONDAY_US, MONDAY_US + 1, MONDAY_US + 2], values)})
    spoil_root(path, "text")
    renew(path, [], "test")
    salvage(path)
    with reading(path) as connection:
        named = texts(connection)
        lost = [named[int(value)] for value in series(connection, 1, *EVER).values.tolist() if value == value]
        assert lost == [f"(lost text {ids[text]})" for text in ("A-1", "B-2")]
        assert verified(connection).fault_count == 0


class _Teller:
    """Hands over the same text whenever it is asked to."""

    def __init__(self) -> None:
        self.health, self.asked, self.told = DeviceHealth(), asyncio.Semaphore(1), asyncio.Semaphore(0)

    def fill(self, missed: Iterable[Gap]) -> None:
        """It remembers nothing."""

    async def batches(self) -> AsyncGenerator[Handover, None]:
        zero, none = np.zeros(1, np.uint32), np.zeros(1, np.int64)
        for at_us in (MONDAY_US, MONDAY_US + 1):
            await self.asked.acquire()
            times = np.array([at_us], np.int64)
            batch = Batch("press", ("order",), zero, times, np.zeros(1), zero, at_us, none, texts={0: "A-1"})
            yield Handover(batch, at_us, done=self.told.release)


def test_a_text_that_the_new_file_lacks_is_stored_again_with_the_next_reading(path: Path) -> None:
    async def run() -> None:
        writer, teller = Writer(path), _Teller()
        writer.open()
        tag = Tag("order", "press1", Role.ORDER_ID, "1")
        acquisition = Acquisition(writer, await writer.write(lambda store: register(store, [("press", tag)])))
        tasks = [asyncio.ensure_future(one) for one in (acquisition.read("press", teller), acquisition.commit())]
        try:
            async with asyncio.timeout(30):
                await teller.told.acquire()
                await writer.write(lambda store: store.exec_driver_sql("delete from text"))
                await writer.renew("test")
                teller.asked.release()
                await teller.told.acquire()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            writer.close()

    asyncio.run(run())
    with reading(path) as connection:
        (number,) = series(connection, 1, *EVER).values.tolist()
        assert texts(connection)[number] == "A-1"


def test_reports_go_on_in_a_new_epoch_where_some_are_lost(path: Path) -> None:
    with writing(path) as connection, transaction(connection):
        save_chain(connection, 3, 1)
        reports.begin_epoch(connection, 2**33, 1, "by a clock of long after")
    spoil_root(path, "report")
    renew(path, [], "test")
    with reading(path) as connection:
        epoch, sequence, previous = reports.last(connection)
        assert (epoch > 2**33, sequence, previous) == (True, 0, "")


def test_reports_stay_in_their_epoch_where_none_is_lost(path: Path) -> None:
    with writing(path) as connection, transaction(connection):
        save_chain(connection, 3, 1)
    renew(path, [], "test")
    with reading(path) as connection:
        assert reports.last(connection)[:2] == (1, 3)


def test_a_row_that_the_schema_does_not_allow_is_left_out_and_the_others_are_taken(path: Path) -> None:
    make_store(path)
    with writing(path) as connection, transaction(connection):
        seal(connection, MONDAY_US + DAY_US)
        save_chain(connection, 3, 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("insert into latest values (77, 1, 1, 1, 0, 1)")  # of a tag that there is not
        connection.execute("pragma writable_schema = on")
        connection.execute("update sqlite_master set sql = replace(sql, 'label VARCHAR NOT NULL', 'label VARCHAR')")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update report set label = null where sequence = 3")
    renew(path, [], "test")
    with reading(path) as connection:
        assert connection.exec_driver_sql("select tag_id from latest").scalars().all() == [1]
        assert [one.sequence for one in reports.all_reports(connection)] == [1, 2]
        assert reports.last(connection)[1] == 0


def test_a_row_that_cannot_be_written_ends_the_renewal_and_the_store_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_store(path)
    with writing(path) as connection, transaction(connection):
        connection.exec_driver_sql("insert into event (time_us, kind, detail) values (1, 'x', ?)", ("x" * 500_000,))
    copy_table = renewal._copy_table

    def without_room(old: Path, connection: Connection, *rest: object) -> bool:
        connection.exec_driver_sql("pragma max_page_count = 60")
        return copy_table(old, connection, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(renewal, "_copy_table", without_room)
    with pytest.raises(StoreError, match="full"):
        renew(path, [], "test")
    assert not exchange.new_beside(path).exists()
    assert unsalvaged(path) == []
    with reading(path) as connection:
        assert len(series(connection, 1, *EVER)) == 1


def test_a_new_file_whose_log_is_still_needed_does_not_take_the_place_of_the_old(path: Path) -> None:
    for name in ("plant.db", "plant.db.new", "plant.db.new-wal"):
        path.with_name(name).write_text(name)
    with pytest.raises(OSError, match="could not be written"):
        exchange.exchange(path, path.with_name("plant.db.damaged-1"))
    assert path.read_text() == "plant.db"


def test_whoever_writes_next_finishes_an_exchange_that_was_cut_off(path: Path) -> None:
    make_store(path)
    aside = renew(path, [], "test")
    path.rename(path.with_name("plant.db.new"))
    with writing(path) as connection:  # an import, say
        assert register(connection, []).keys() == {"tag0"}
    assert unsalvaged(path) == [aside]


def test_a_file_of_before_stamps_is_taken_over_as_well(path: Path) -> None:
    make_store(path, range(MONDAY_US, MONDAY_US + 10))
    with writing(path) as connection, transaction(connection):
        seal(connection, MONDAY_US + DAY_US)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("drop index chunk_of_stamp")
        connection.execute("alter table chunk drop column stamp")
        connection.execute("alter table device drop column position")
        connection.execute("insert into device values ('press', 5)")
    renew(path, [], "test")
    salvage(path)
    with reading(path) as connection:
        assert len(series(connection, 1, *EVER)) == 10
        assert connection.exec_driver_sql("select * from device").all() == [("press", 5, None)]


def test_a_disk_that_damages_whatever_is_written_is_not_filled_with_one_store_after_another(path: Path) -> None:
    make_store(path)

    def damaged(connection: Connection) -> None:
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def run() -> None:
        writer = Writer(path)
        writer.open()
        try:
            for _ in range(3):
                with pytest.raises(sqlite3.DatabaseError):
                    await writer.write(damaged)
        finally:
            writer.close()

    asyncio.run(run())
    assert len(unsalvaged(path)) == 1


def test_readings_never_become_those_of_another_tag(path: Path) -> None:
    make_store(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update tag set name = 'other'")
    aside = renew(path, [], "test")
    with closing(sqlite3.connect(aside)) as connection, connection:
        connection.execute("update tag set name = 'tag0'")
    salvage(path)
    with reading(path) as connection:
        assert len(series(connection, 1, *EVER)) == 0


def test_tags_that_are_known_by_heart_keep_their_ids_where_their_rows_are_lost(path: Path) -> None:
    with writing(path) as connection:
        with_tags(connection, 3)
        known = stored_tags(connection)
    spoil_root(path, "tag")
    renew(path, known.values(), "test")
    with reading(path) as connection:
        assert {name: tag.id for name, tag in stored_tags(connection).items()} == {
            name: tag.id for name, tag in known.items()
        }


SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
store: {url: "sqlite:///plant.db"}
mqtt: {programme: iim, host: localhost, key_file: k, reports: [day]}
"""


def test_reports_that_are_made_again_are_the_first_of_a_new_epoch(path: Path) -> None:
    (path.parent / "site.yaml").write_text(SITE, encoding="utf-8")
    site = load_site(path.parent / "site.yaml")
    assert site.mqtt is not None
    reporting = Reporting(site, site.mqtt, path, "5" * 64, key_of(1))

    async def make() -> list[StoredReport]:
        writer = Writer(path)
        writer.open()
        try:
            await reporting.make_due(writer, MONDAY_US + 3 * DAY_US)
            return await writer.read(reports.all_reports)
        finally:
            writer.close()

    with writing(path) as connection, transaction(connection):
        events.save(connection, MONDAY_US, "start")
    before = asyncio.run(make())
    spoil_root(path, "report")
    renew(path, [], "test")
    after = asyncio.run(make())
    assert [(one.epoch, one.sequence) for one in before] == [(1, 1), (1, 2), (1, 3)]
    (epoch,) = {one.epoch for one in after}
    assert epoch > 1
    assert [(one.id, one.sequence) for one in after] == [(one.id, one.sequence) for one in before]
    with reading(path) as connection:
        event = json.loads(reports.event(connection, epoch, 1) or b"")
    assert (event["epoch"], event["previous"]) == (epoch, "")


def test_the_newest_of_what_was_just_committed_is_known_at_once(path: Path) -> None:
    """What `latest` lacks until the journal is gathered: without it, a start after the damage would declare no gap."""
    tag_id = make_store(path, [MONDAY_US, MONDAY_US + 5])
    renew(path, [], "test")
    with reading(path) as connection:
        assert connection.exec_driver_sql("select tag_id, time_us from latest").all() == [(tag_id, MONDAY_US + 5)]
