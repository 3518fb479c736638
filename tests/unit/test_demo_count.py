"""Can the demo's proof fail? Whole stores are without difference; lost and tampered readings are counted in pieces."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection

from commands.demo_count import Machines, PieceLine, piece_lines, total_difference
from commands.demo_folder import demo_folder, first_day
from commands.demo_history import SEED, STEP_S, import_history
from config.fault import InputError
from config.load import load_site
from config.site import Site
from plant.instant import US_PER_S
from plant.reading import Readings
from plant.tag import Role

Imported = tuple[Site, Path, int]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """A demo's site, its store with a few days of history, and the instant of the newest reading."""
    from collector.store.store import reading
    from collector.store.tags import stored_tags

    path = tmp_path_factory.mktemp("demo") / "d"
    with demo_folder(path) as folder:
        site = load_site(folder.site_file)
        store = path / "plant.db"
        began = datetime.now(UTC).date() - timedelta(days=3)
        assert import_history(site, store, began, path / "order-book.csv") > 10_000
        assert import_history(site, store, began, path / "order-book.csv") == 0, "it is there already"
    with reading(store) as connection:
        newest = max(found.last_us or 0 for found in stored_tags(connection).values())
    return site, store, newest


@pytest.fixture
def connection(imported: Imported, tmp_path: Path) -> Iterator[Connection]:
    """The store, for one test to tamper with."""
    from collector.store.store import writing

    shutil.copy(imported[1], tmp_path / "plant.db")
    with writing(tmp_path / "plant.db") as opened:
        yield opened


def lines_of(connection: Connection, site: Site, frozen_us: int) -> list[PieceLine]:
    return piece_lines(connection, site, Machines(site, SEED, frozen_us), frozen_us + 1)


def test_history_counts_to_the_piece(imported: Imported, connection: Connection) -> None:
    site, _, newest = imported
    lines = lines_of(connection, site, newest)
    assert {line.work_unit for line in lines} == {"press1", "press2", "press3", "assembly"}
    assert len(lines) == 12
    assert all(line.produced > 100 for line in lines)
    assert total_difference(lines) == 0


def test_lost_last_readings_are_missed(imported: Imported, connection: Connection) -> None:
    site, _, newest = imported
    lost_s = 1800
    lines = lines_of(connection, site, newest + lost_s * US_PER_S)
    press1 = next(line for line in lines if (line.work_unit, line.role) == ("press1", Role.GOOD_COUNT))
    assert 100 < press1.difference < lost_s
    assert total_difference(lines) > press1.difference


def test_a_tampered_reading_is_noticed(imported: Imported, connection: Connection) -> None:
    from collector.store import readings
    from collector.store.store import transaction
    from collector.store.tags import stored_tags

    site, _, newest = imported
    # Between the readings of half an hour, in which no machine stands still all the time.
    at = newest - np.arange(30, 1, -1, dtype=np.int64) * STEP_S * US_PER_S - 1
    zeros, good = np.zeros(len(at)), np.zeros(len(at), dtype=np.uint32)
    with transaction(connection):
        tag_id = stored_tags(connection)["assembly.produced"].id
        readings.merge(connection, tag_id, Readings(at, zeros, good, at, zeros.astype(np.int64)))
    lines = lines_of(connection, site, newest)
    assert [(line.work_unit, line.role) for line in lines if line.difference] == [("assembly", Role.PRODUCED_COUNT)]


def test_differences_never_make_up_for_one_another() -> None:
    line = PieceLine("press1", Role.GOOD_COUNT, produced=10, counted=8)
    assert total_difference([line, replace(line, produced=8, counted=10)]) == 4


def test_readings_still_on_their_way_are_known_as_such(imported: Imported, connection: Connection) -> None:
    site, _, newest = imported
    assert Machines(site, SEED, newest).all_arrived(connection)
    assert not Machines(site, SEED, newest + 600 * US_PER_S).all_arrived(connection)


@pytest.mark.parametrize("today", ["2026-03-08", "2026-03-01", "2026-01-05", "2026-12-31", "2028-02-29"])
def test_history_has_28_days_and_a_whole_month_that_is_settled(today: str) -> None:
    day = datetime.fromisoformat(today).date()
    began = first_day(day)
    assert began.day == 1
    assert 28 <= (day - began).days <= 70
    next_month = (began + timedelta(days=31)).replace(day=1)
    assert (day - next_month).days >= 7


def test_a_folder_is_the_demos_alone(tmp_path: Path) -> None:
    with demo_folder(tmp_path / "d") as first, pytest.raises(InputError, match="another demo is running"):
        demo_folder(tmp_path / "d").__enter__()
    with demo_folder(tmp_path / "d") as second:
        assert second.began == first.began
        assert (second.path / "plants.csv").read_text().count("kr-demo-0001") == 1
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "letter.txt").write_text("dear sir")
    for path in (tmp_path / "foreign", tmp_path / "foreign" / "letter.txt"):
        with pytest.raises(InputError, match="not empty and not a folder of the demo"):
            demo_folder(path).__enter__()
