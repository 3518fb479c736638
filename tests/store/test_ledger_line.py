"""The ledger of a report: what polls should have brought counts from a device's first reading on."""

from pathlib import Path

from collector.ledger_line import ledger_line
from collector.store import devices, gaps
from collector.store.store import transaction, writing
from config.load import load_site
from plant.gap import Gap
from plant.period import Period, PeriodKind

HOUR_US = 3600 * 1_000_000
SITE = """\
plant: {id: abc, time_zone: UTC}
devices:
  - id: meter
    protocol: modbus
    host: 127.0.0.1
    poll_s: 2
    tags:
      - {name: a, work_unit: w, role: good_count, table: holding, address: 0, type: uint16}
      - {name: b, work_unit: w, role: scrap_count, table: holding, address: 1, type: uint16}
"""


def _period(start_h: int, end_h: int) -> Period:
    return Period(PeriodKind.SHIFT, "s", start_h * HOUR_US, end_h * HOUR_US)


def test_nothing_is_expected_before_a_device_was_first_read(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    site = load_site(tmp_path / "site.yaml")
    with writing(tmp_path / "plant.db") as connection:
        with transaction(connection):
            devices.add_received(connection, [("meter", 101 * HOUR_US, 7)])
            devices.add_received(connection, [("meter", 102 * HOUR_US + 5, 3)])
        with transaction(connection):
            assert ledger_line(connection, site, _period(90, 100))["expected"] == 0
            assert ledger_line(connection, site, _period(100, 102)) == {
                "expected": 1800 * 2,
                "received": 7,
                "stored": 0,
                "gap_s": 0.0,
            }
            assert ledger_line(connection, site, _period(102, 103))["received"] == 3


def test_gaps_of_a_device_that_overlap_count_once_and_those_of_two_devices_twice(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE)
    site = load_site(tmp_path / "site.yaml")
    found = [
        Gap("meter", None, 10 * HOUR_US, 11 * HOUR_US, "cut"),
        Gap("meter", "a", 10 * HOUR_US, 12 * HOUR_US, "refused"),
        Gap("other", None, 11 * HOUR_US, None, "cut"),
    ]
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        gaps.save(connection, found)
        assert ledger_line(connection, site, _period(9, 13))["gap_s"] == 2 * 3600 + 2 * 3600
