import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

from collector.file_import import FileImport
from collector.imported import Imported
from collector.readings_import import ReadingsImport
from collector.store import changes, pending_import, readings
from collector.store.account import account
from collector.store.pending_import import ImportWriter
from collector.store.renewal import renew
from collector.store.store import reading, writing
from collector.store.tags import stored_tags
from config.fault import InputError
from config.load import load_site
from config.site import Site
from plant.instant_column import format_instants
from tests.acceptance.plant_files import Plant
from tests.store.renewed import go_on
from tests.store.stored import DAY_US, MONDAY_US, some_readings

NOW_US = MONDAY_US + 400 * DAY_US
DAYS = 6
CUT_OFF = """
import os, sys
from pathlib import Path
from collector.file_import import FileImport
from collector.store import pending_import
from config.load import load_site
from collector.store.store import writing
pending_import.AT_ONCE = 100
folder, moment, times = Path(sys.argv[1]), sys.argv[2], [int(sys.argv[3])]
def cut_off(name, then):
    def at(*said):
        times[0] -= 1
        if not times[0]:
            os._exit(9)
        return then(*said)
    return at
part, name = moment.split(".")
kind = getattr(pending_import, part)
setattr(kind, name, cut_off(name, getattr(kind, name)))
with writing(folder / "plant.db") as connection:
    FileImport(connection, load_site(folder / "site.yaml"), %d, replace=True).readings([folder / "in.csv"])
"""


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant.made(tmp_path)


@pytest.fixture
def site(plant: Plant) -> Site:
    return load_site(Path(plant.site))


def _store(plant: Plant) -> Path:
    return plant.folder / "plant.db"


def _left_beside(plant: Plant) -> list[str]:
    return sorted(path.name for path in plant.folder.glob("plant.db.import-*"))


def _rows(site: Site, value: int = 0) -> str:
    times_us = MONDAY_US + np.arange(DAYS * 50) * (DAY_US // 50)
    texts = format_instants(times_us, site.zone)
    return "time,tag,value\n" + "".join(f"{text},level,{at + value}\n" for at, text in enumerate(texts))


def _stored(plant: Plant) -> list[float]:
    with reading(_store(plant)) as connection:
        tags = stored_tags(connection)
        if "level" not in tags:
            return []
        return readings.series(connection, tags["level"].id, 0, NOW_US).values.tolist()


@pytest.mark.parametrize(
    ("moment", "times", "counts"),
    [
        ("ImportWriter.add", 3, False),
        ("ImportWriter.commit", 1, False),
        ("PendingImport.merge_next", 1, True),
        ("PendingImport.merge_next", 3, True),
        ("PendingImport._note", 1, True),
        ("PendingImport.end", 1, True),
    ],
)
def test_an_import_that_is_cut_off_is_in_the_store_whole_or_not_at_all(
    plant: Plant, site: Site, moment: str, times: int, counts: bool
) -> None:
    with writing(_store(plant)) as connection:
        FileImport(connection, site, NOW_US).readings([Path(plant.file(_rows(site)))])
    plant.file(_rows(site, value=1000))
    arguments = [sys.executable, "-c", CUT_OFF % NOW_US, str(plant.folder), moment, str(times)]
    assert subprocess.run(arguments, check=False).returncode == 9
    assert len(_left_beside(plant)) == 1
    with writing(_store(plant)) as connection:
        noted, _ = changes.noted(connection)
        assert account(connection).missing == 0  # what was merged twice came in twice, and was repeated once
    assert _stored(plant) == [at + 1000.0 * counts for at in range(DAYS * 50)]
    assert _left_beside(plant) == []
    assert (len(noted) > 1) == counts  # reports of these times are looked at again


def test_while_an_import_is_merged_each_transaction_is_short_and_others_come_in_between(
    plant: Plant, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_import, "AT_ONCE", 100)
    job = ReadingsImport(site, _store(plant), NOW_US)
    counts = [0]
    with writing(_store(plant)) as connection, job.begun():
        job.read([Path(plant.file(_rows(site)))])
        assert not job.name_next(connection)
        job.check(connection)
        more = True
        while more:
            more = job.merge_next(connection)
            counts.append(len(_stored(plant)))
        assert job.end() == [Imported(plant.folder.as_posix() + "/in.csv", "UTF-8", DAYS * 50, DAYS * 50, 0, 0)]
    assert counts == [0, 100, 200, 300, 300]


def test_an_import_with_faults_leaves_nothing_beside_the_store(plant: Plant, site: Site) -> None:
    with writing(_store(plant)) as connection, pytest.raises(InputError, match="must be a number"):
        FileImport(connection, site, NOW_US).readings(
            [Path(plant.file(_rows(site) + "2026-11-20T00:00:00Z,level,x\n"))]
        )
    assert (_stored(plant), _left_beside(plant)) == ([], [])


def test_while_a_damaged_file_is_taken_over_nothing_is_imported(plant: Plant, site: Site) -> None:
    def imported(replace: bool = False, value: int = 0) -> None:
        with writing(_store(plant)) as connection:
            FileImport(connection, site, NOW_US, replace).readings([Path(plant.file(_rows(site, value)))])

    imported()
    aside = renew(_store(plant), [], "test")
    for replace in (False, True):
        with pytest.raises(InputError, match=rf"{aside.name}: is damaged, and its readings are still being taken over"):
            imported(replace, value=7)
    assert (_stored(plant), _left_beside(plant)) == ([], [])
    asyncio.run(go_on(_store(plant)))
    with pytest.raises(InputError, match="another value"):
        imported(value=7)


def test_where_nothing_can_be_put_beside_the_store_the_import_says_so(
    plant: Plant, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ImportWriter, "add", full)
    with writing(_store(plant)) as connection, pytest.raises(InputError, match=r"beside the store, .*: No space left"):
        FileImport(connection, site, NOW_US).readings([Path(plant.file(_rows(site)))])
    assert (_stored(plant), _left_beside(plant)) == ([], [])


@pytest.mark.parametrize(
    ("where", "mode"), [("readings_import._spool", "w+b"), ("rejected_rows._opened", "w"), ("import_file", "wb")]
)
def test_a_full_disk_is_blamed_on_no_file_that_is_imported(
    plant: Plant, site: Site, monkeypatch: pytest.MonkeyPatch, where: str, mode: str
) -> None:
    name = f"collector.{where}" if "." in where else f"collector.store.pending_import.{where}"
    monkeypatch.setattr(name, lambda *_: Path("/dev/full").open(mode))  # noqa: SIM115 (the import closes it)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    bad = "".join(f"2026-11-20T00:00:00Z,nowhere,{at}\n" for at in range(1000))
    file = Path(plant.file(_rows(site) + bad))
    with writing(_store(plant)) as connection, pytest.raises(InputError) as told:
        FileImport(connection, site, NOW_US, skip_bad=True).readings([file])
    wanted = "an import needs room beside the store, some 50 octets a reading: No space left on device"
    assert str(told.value) == f"{plant.folder}: {wanted}"
    assert _stored(plant) == []


def _whole(plant: Plant, site: Site) -> Path:
    """An import of three parts that counts, into a store with readings."""
    with writing(_store(plant)) as connection:
        FileImport(connection, site, NOW_US).readings([Path(plant.file(_rows(site)))])
        tag_id = stored_tags(connection)["level"].id
    writer = ImportWriter(_store(plant), NOW_US, replace=True)
    for day in range(3):
        writer.add(tag_id, 0, some_readings([MONDAY_US + day * DAY_US], [1000 + day]))
    return writer.commit()


def _opened_with(plant: Plant, whole: Path, content: bytes) -> list[str]:
    """What is left beside a store that was opened with such an import; nothing of it stays."""
    whole.write_bytes(content)
    with writing(_store(plant)):
        pass
    left = _left_beside(plant)
    whole.with_suffix(".damaged").unlink(missing_ok=True)
    return [os.path.splitext(name)[1] for name in left]


def test_an_import_with_any_damaged_octet_is_set_aside_and_nothing_else_gets_into_the_store(
    plant: Plant, site: Site
) -> None:
    whole = _whole(plant, site)
    content = whole.read_bytes()
    octets = [*range(8), *range(17, 17 + 26), *range(43, len(content) - 24, 9), *range(len(content) - 24, len(content))]
    for at in octets:
        spoilt = content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
        assert _opened_with(plant, whole, spoilt) == [".damaged"], at
    assert set(_stored(plant)) <= {*map(float, range(DAYS * 50)), 1000.0, 1001.0, 1002.0}


def test_an_import_that_was_cut_short_is_set_aside_wherever_that_was(plant: Plant, site: Site) -> None:
    whole = _whole(plant, site)
    content = whole.read_bytes()
    for end in [*range(0, len(content) - 24, 11), *range(len(content) - 26, len(content))]:
        assert _opened_with(plant, whole, content[:end]) == [".damaged"], end
    first = content[17 : 17 + 24 + int.from_bytes(content[33:37], "little")]
    assert _opened_with(plant, whole, content.replace(first, b"", 1)) == [".damaged"]
    assert _opened_with(plant, whole, content) == []
    assert _stored(plant)[:101:50] == [1000, 1001, 1002]


def test_texts_get_their_ids_some_at_a_time(plant: Plant, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.readings_import._TEXTS_AT_ONCE", 100)
    lines = (f"{text},job,{at}\n" for at, text in enumerate(format_instants(MONDAY_US + np.arange(250), site.zone)))
    job = ReadingsImport(site, _store(plant), NOW_US)
    counts = []
    with writing(_store(plant)) as connection, job.begun():
        job.read([Path(plant.file("time,tag,value\n" + "".join(lines)))])
        more = True
        while more:
            more = job.name_next(connection)
            counts.append(connection.exec_driver_sql("select count(*) from text").scalar())
            connection.rollback()
        job.check(connection)
        while job.merge_next(connection):
            pass
        job.end()
    assert counts == [100, 200, 250]
    assert plant.values("job") == [str(at) for at in range(250)]


def test_a_commit_that_fails_is_made_up_for_by_the_next_and_nothing_is_left_out(
    plant: Plant, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_import, "AT_ONCE", 100)
    job = ReadingsImport(site, _store(plant), NOW_US)
    fail_next = [True]

    def commit(driver: DBAPIConnection) -> None:
        fail_next[0] = not fail_next[0]
        if not fail_next[0]:
            driver.rollback()  # as SQLite does
            raise sqlite3.OperationalError("database or disk is full")
        driver.commit()

    with writing(_store(plant)) as connection, job.begun():
        job.read([Path(plant.file(_rows(site)))])
        assert not job.name_next(connection)
        job.check(connection)
        monkeypatch.setattr(connection.dialect, "do_commit", commit)
        more = True
        while more:
            with pytest.raises(OperationalError, match="disk is full"):
                job.merge_next(connection)
            more = job.merge_next(connection)
        (done,) = job.end()
    assert (done.new, done.unchanged) == (DAYS * 50, 0)
    assert _stored(plant) == list(range(DAYS * 50))


def test_rows_of_many_tags_out_of_order_are_the_same_as_one_after_another(plant: Plant, site: Site) -> None:
    rng = np.random.default_rng(7)
    lines = [
        f"{text},{tag},{at % 97}\n"
        for at, text in enumerate(format_instants(MONDAY_US + np.arange(3000) * 60_000_000, site.zone))
        for tag in ("good", "level", "oil")
    ]
    shuffled = [lines[at] for at in rng.permutation(len(lines))]
    other = Plant.made(plant.folder / "other")
    for one, rows in ((plant, lines), (other, shuffled)):
        assert one.imports("readings", one.file("time,tag,value\n" + "".join(rows))).code == 0
    assert plant.history("good", "level", "oil") == other.history("good", "level", "oil")
    assert len(plant.history("level")) == 3000


def test_two_hundred_thousand_rows_come_in_and_leave_as_they_were(plant: Plant, site: Site) -> None:
    times = format_instants(MONDAY_US + np.arange(100_000) * 1_500_000, site.zone)
    ends = [f"level,{at / 8!r},Good,mm\n" for at in range(len(times))], ["job,A,Good,\n"] * len(times)
    rows = [f"{time},{end}" for tag in ends for time, end in zip(times, tag, strict=True)]
    file = plant.file("time,tag,value,status,unit\n" + "".join(rows))
    assert "200000 rows: 200000 new" in plant.imports("readings", file).out
    first = plant.history("level", "job")
    assert [float(row[2]) for row in first[:100_000]] == [at / 8 for at in range(100_000)]
    assert [row[0] for row in first] == times * 2
    assert {tuple(row[1:]) for row in first[100_000:]} == {("job", "A", "Good", "")}
