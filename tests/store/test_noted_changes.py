"""What is looked at again after an import: every period whose values may have changed, neighbours included."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from collector.file_import import FileImport
from collector.store import changes
from collector.store.store import transaction, writing
from config.load import load_site
from config.site import Site
from plant.instant import format_instant, parse_instant

SITE = """
plant: {id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}
devices:
  - {id: m, protocol: modbus, host: 127.0.0.1, port: 5020, tags: [
      {name: main.energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}]}
"""


class Imports:
    def __init__(self, connection: Connection, site: Site, folder: Path) -> None:
        self.connection, self.site, self.folder = connection, site, folder

    def noted(self, kind: str, text: str) -> list[tuple[str, str]]:
        """What an import notes, in the plant's time."""
        path = self.folder / "in.csv"
        path.write_text(text)
        getattr(FileImport(self.connection, self.site, parse_instant("2026-03-01T00:00:00Z")), kind)([path])
        with transaction(self.connection):
            found, up_to = changes.noted(self.connection)
            changes.forget(self.connection, up_to)
        return [tuple(format_instant(us, self.site.zone)[:16] for us in one) for one in found]  # type: ignore[misc]


@pytest.fixture
def imports(tmp_path: Path) -> Iterator[Imports]:
    (tmp_path / "site.yaml").write_text(SITE)
    with writing(tmp_path / "plant.db") as connection:
        yield Imports(connection, load_site(tmp_path / "site.yaml"), tmp_path)


def readings(*days: int) -> str:
    return "time,tag,value\n" + "".join(f"2026-01-{day:02}T12:00:00+09:00,main.energy,{day * 10}\n" for day in days)


def test_late_readings_reach_to_their_neighbours_on_both_sides(imports: Imports) -> None:
    assert imports.noted("readings", readings(1, 2)) == [("2026-01-01T12:00", "2026-01-02T12:00")]
    assert imports.noted("readings", readings(20)) == [("2026-01-02T12:00", "2026-01-20T12:00")]
    # The step that ends on the 20th starts later now: a report of the 20th is not as it was.
    assert imports.noted("readings", readings(9, 10)) == [("2026-01-02T12:00", "2026-01-20T12:00")]
    assert imports.noted("readings", readings(9, 10)) == []


def test_an_order_moves_out_of_one_period_into_another(imports: Imports) -> None:
    head = "order_id,line_id,quantity,due_date,recorded_date\n"
    first = head + "1,1,5,2026-01-05,2026-01-01\n1,2,5,2026-01-20,2026-01-01\n"
    assert imports.noted("orders", first) == [("2026-01-05T08:00", "2026-01-20T08:00")]
    assert imports.noted("orders", head + "1,2,5,2026-01-25,2026-01-02\n") == [("2026-01-05T08:00", "2026-01-25T08:00")]


def test_a_delivery_of_one_line_changes_the_order_where_its_last_line_is_due(imports: Imports) -> None:
    head = "order_id,line_id,quantity,due_date\n"
    imports.noted("orders", head + "1,1,5,2026-01-05\n1,2,5,2026-01-20\n2,1,5,2026-02-20\n")
    late = "order_id,line_id,quantity,delivered_date\n1,1,5,2026-01-04\n"
    assert imports.noted("deliveries", late) == [("2026-01-05T08:00", "2026-01-20T08:00")]
    assert imports.noted("deliveries", late) == []


def test_hand_counts_note_their_own_time(imports: Imports) -> None:
    text = "time,work_unit,produced,good\n2026-01-05T12:00:00+09:00,plant,5,5\n"
    assert imports.noted("quantities", text) == [("2026-01-05T12:00", "2026-01-05T12:00")]
    assert imports.noted("quantities", text) == []
