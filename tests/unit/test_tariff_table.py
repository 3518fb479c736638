"""Tariff tables: the shipped ones, a plant's own, and everything that can be wrong in one."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from site_files import PLANT, faults, loaded
from typer.testing import CliRunner

from commands.main import app
from config.document import Document
from config.fault import InputError
from config.tariff import TARIFFS, check_tariff, load_tariff, shipped_tariffs
from config.tariff_rows import COLUMNS, ITEMS
from plant.tariff import DayType

SITE = PLANT + "calendar: {country: KR}\nenergy: {tariff: %s}\n"
HEAD = ",".join(COLUMNS) + "\n"
ROWS = """\
2024-01-01,season,all_year,,,1;2;3;4;5;6;7;8;9;10;11;12,,,,,s
2024-01-01,band,,,day,06:00-22:00,,,,,s
2024-01-01,band,,,night,22:00-06:00,,,,,s
2024-01-01,price,,,day,,0.21,KRW/kWh,,,s
2024-01-01,price,,,night,,0.16,KRW/kWh,,,s
"""
GAP2 = "kepco-industrial-gap2-hv-a1"


def _own(folder: Path, rows: str, head: str = HEAD) -> list[str]:
    """What is wrong with a plant's own table."""
    (folder / "own.csv").write_text(head + rows, encoding="utf-8")
    return faults(folder, SITE % "own.csv")


@pytest.mark.parametrize("name", shipped_tariffs())
def test_every_shipped_tariff_loads_and_says_of_every_row_where_it_is_from(name: str) -> None:
    tariff = load_tariff(name, Path())
    assert (tariff.name, tariff.currency) == (name, "KRW")
    for version in tariff.versions:
        assert version.base_charge
        assert version.billing
        assert version.lagging
        assert version.leading
        assert sorted(version.per_kwh) == ["climate", "fuel"]
        assert all(rate.source for rate in version.prices.values())
        for season in set(version.seasons):
            light, mid, peak = (version.prices[season, band].value for band in ("light", "mid", "peak"))
            assert 50 < light < mid < peak < 300
            counts = [version.bands[season, DayType.WORKING].count(band) for band in ("light", "mid", "peak")]
            assert counts == [40, 32, 24]  # 10, 8 and 6 hours


def test_the_contracts_tariff_has_the_prices_of_its_table() -> None:
    tariff = load_tariff(GAP2, Path())
    assert tariff.version_on(date(2023, 12, 31)) is None
    first, newest = tariff.version_on(date(2024, 10, 23)), tariff.version_on(date(2026, 11, 22))
    assert first is not None
    assert newest is not None
    assert first.valid_from == date(2024, 1, 1)
    assert first.prices["winter", "peak"].value == 140.9
    assert newest.prices["winter", "peak"].value == 149.4
    assert newest.base_charge is not None
    assert newest.base_charge.value == 6490
    assert newest.billing is not None
    assert (newest.billing.months, newest.billing.bands) == ({12, 1, 2, 7, 8, 9}, {"mid", "peak"})
    assert (newest.billing.window_months, newest.billing.floor_ratio) == (12, 0.3)
    assert newest.lagging is not None
    assert (newest.lagging.standard, newest.lagging.least, newest.lagging.most) == (0.92, 0.6, 0.97)
    assert (newest.lagging.surcharge, newest.lagging.rebate, newest.lagging.interval_min) == (0.002, 0.002, 30)
    assert newest.leading is not None
    assert newest.leading.rebate == 0
    assert date(2025, 6, 3) in tariff.not_holidays


@pytest.mark.parametrize(
    ("day", "kind", "hour", "band"),
    [
        (date(2026, 5, 29), DayType.WORKING, 13, "peak"),
        (date(2026, 6, 1), DayType.WORKING, 13, "mid"),
        (date(2026, 5, 29), DayType.WORKING, 19, "mid"),
        (date(2026, 6, 1), DayType.WORKING, 19, "peak"),
        (date(2026, 11, 20), DayType.WORKING, 9, "peak"),
        (date(2026, 6, 6), DayType.SATURDAY, 19, "mid"),
        (date(2026, 6, 7), DayType.SUNDAY, 19, "light"),
        (date(2026, 6, 3), DayType.HOLIDAY, 13, "light"),
        (date(2026, 6, 1), DayType.WORKING, 22, "light"),
    ],
)
def test_bands_moved_to_the_evening_in_june_2026(day: date, kind: DayType, hour: int, band: str) -> None:
    version = load_tariff(GAP2, Path()).version_on(day)
    assert version is not None
    assert version.bands[version.seasons[day.month - 1], kind][hour * 4] == band


def test_weekends_at_noon_are_half_price_in_spring_for_large_contracts_until_2030() -> None:
    tariff = load_tariff("kepco-industrial-eul-hv-a1", Path())
    during, after = tariff.version_on(date(2027, 4, 3)), tariff.version_on(date(2031, 4, 5))
    assert during is not None
    assert after is not None
    noon = during.discounts["spring_autumn", DayType.SATURDAY]
    assert [noon[hour * 4] for hour in (10, 11, 13, 14)] == [0, 0.5, 0.5, 0]
    assert ("summer", DayType.SATURDAY) not in during.discounts
    assert ("spring_autumn", DayType.WORKING) not in during.discounts
    assert after.discounts == {}


def test_a_plant_may_give_a_table_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "own.CSV").write_text("\ufeff" + HEAD + ROWS, encoding="utf-8")
    assert loaded(tmp_path, SITE % "own.CSV").energy.tariff == "own.CSV"
    (version,) = load_tariff("own.CSV", tmp_path).versions
    assert version.bands["all_year", DayType.HOLIDAY].index("day") == 24
    assert (version.base_charge, version.billing, version.lagging, version.per_kwh) == (None, None, None, {})
    shutil.copy(TARIFFS / f"{GAP2}.csv", tmp_path / "copied.csv")
    assert loaded(tmp_path, SITE % "copied.csv").energy.tariff == "copied.csv"


def test_rows_of_an_item_hold_until_the_next_date_that_has_any(tmp_path: Path) -> None:
    later = "2025-01-01,price,,,night,,0.1,KRW/kWh,,,s\n2025-01-01,price,,,day,,0.3,KRW/kWh,,,s\n"
    sooner = "2023-01-01,base_charge,,,,,5,KRW/kW,,,s\n2025-03-01,base_charge,,,,,6,KRW/kW,,,s\n"
    closed = "2024-05-01,holiday,,,,2024-05-02,,,,,s\n2024-05-01,not_holiday,,,,2024-05-01;2024-05-06,,,,,s\n"
    (tmp_path / "own.csv").write_text(HEAD + ROWS + later + sooner + closed, encoding="utf-8")
    tariff = load_tariff("own.csv", tmp_path)
    assert [version.valid_from for version in tariff.versions] == [
        *(date(2024, 1, 1), date(2025, 1, 1), date(2025, 3, 1)),
    ]
    assert [version.prices["all_year", "night"].value for version in tariff.versions] == [0.16, 0.1, 0.1]
    assert [version.base_charge and version.base_charge.value for version in tariff.versions] == [5, 5, 6]
    assert (tariff.holidays, tariff.not_holidays) == ({date(2024, 5, 2)}, {date(2024, 5, 1), date(2024, 5, 6)})


@pytest.mark.parametrize("name", ["kepco-industrial", "../model", "x" * 300, "'a\\0b'", "''", "5", "own.xlsx"])
def test_a_name_that_is_not_shipped_is_a_fault_that_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    (found,) = faults(tmp_path, SITE % name)
    assert found == f"site.yaml:3:10: energy.tariff: must be one of {', '.join(shipped_tariffs())}, " + (
        "or the name of a .csv file"
    )


def test_a_table_that_is_asked_for_by_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must be one of kepco.*or the name of a \.csv file"):
        load_tariff("none", tmp_path)


@pytest.mark.parametrize("text", ["[a]", "{a: b}", "true"])
def test_a_tariff_that_is_no_name_is_a_fault_of_the_settings(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, SITE % text) == ["site.yaml:3:10: energy.tariff: must be text"]


def test_energy_that_is_no_group_is_left_to_the_check_of_settings() -> None:
    assert check_tariff(Document(Path("site.yaml"), {"energy": 5}), Path()) is None


def test_a_file_that_is_not_there_is_named_where_it_is_asked_for(tmp_path: Path) -> None:
    assert faults(tmp_path, SITE % "gone.csv") == [
        "site.yaml:3:10: energy.tariff: gone.csv cannot be read: No such file or directory"
    ]


def test_columns_that_are_missing_or_unknown_are_faults(tmp_path: Path) -> None:
    (fault,) = _own(tmp_path, ROWS, HEAD.replace(",source", ""))
    assert fault.startswith("own.csv:1: source: column is missing")
    found = _own(tmp_path, ROWS.replace(",s\n", ",s,x\n"), HEAD.replace("\n", ",remark\n"))
    assert found == [f"own.csv:1:12: remark: unknown heading; must be one of {', '.join(COLUMNS)}"]


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("2024-13-01,price,,,day,,1,KRW/kWh,,,s", "1: valid_from: must be an ISO 8601 date, as in 2026-11-22"),
        ("24-01-01,price,,,day,,1,KRW/kWh,,,s", "1: valid_from: must be a date, as in 2026-06-01"),
        ("1800-01-01,price,,,day,,1,KRW/kWh,,,s", "1: valid_from: must lie in the years 1900 to 9899"),
        (",price,,,day,,1,KRW/kWh,,,s", "1: valid_from: is required for price"),
        ("2025-01-01,prices,,,day,,1,KRW/kWh,,,s", f"2: item: must be one of {', '.join(ITEMS)}"),
        ("2025-01-01,,,,day,,1,KRW/kWh,,,s", f"2: item: must be one of {', '.join(ITEMS)}"),
        ("2025-01-01,price,,,,,1,KRW/kWh,,,s", "5: band: is required for price"),
        ("2025-01-01,price,,,day,,,KRW/kWh,,,s", "7: value: is required for price"),
        ("2025-01-01,price,,,day,,1,,,,s", "8: unit: is required for price"),
        ("2025-01-01,price,,,day,,1,KRW/kWh,,,", "11: source: is required for price"),
        ("2025-01-01,price,,working,day,,1,KRW/kWh,,,s", "4: days: must be empty for price"),
        ("2025-01-01,price,,,day;night,,1,KRW/kWh,,,s", "5: band: must be one band; write a row for each"),
        ("2025-01-01,season,a;b,,,1,,,,,s", "3: season: must be one season; write a row for each"),
        (
            "2025-01-01,price,,,Day!,,1,KRW/kWh,,,s",
            "5: band: must be names of a-z, 0-9 and _, as in spring_autumn; several are joined by ;",
        ),
        ("2025-01-01,price,,,day,,dear,KRW/kWh,,,s", "7: value: must be a number"),
        ("2025-01-01,price,,,day,,1e12,KRW/kWh,,,s", "7: value: must be from -1e+09 to 1e+09"),
        ("2025-01-01,base_charge,,,,,-1,KRW/kW,,,s", "7: value: must be from 0 to 1e+09"),
        (
            "2025-01-01,base_charge,,,,,1,KRW/kWh,,,s",
            "8: unit: must be a currency of three letters and /kW, as in KRW/kW",
        ),
        ("2025-01-01,contract_floor,,,,,0.3,%,,,s", "8: unit: must be ratio"),
        ("2025-01-01,contract_floor,,,,,30,ratio,,,s", "7: value: must be from 0 to 1"),
        ("2025-01-01,fuel_charge,,,,,1,EUR/kWh,,,s", "8: unit: must be in KRW, as the rows before it are"),
        ("2025-01-01,billing_demand,,,day,0;1,12,month,,,s", "6: when: must be months, as in 11;12;1;2"),
        ("2025-01-01,billing_demand,,,day,1,1.5,month,,,s", "7: value: must be a whole number of months"),
        ("2025-01-01,billing_demand,,,dusk,1,12,month,,,s", "5: band: must be of day, night: the rows of item band"),
        (
            "2025-01-01,price,spring,,day,,1,KRW/kWh,,,s",
            "3: season: must be of all_year: the rows of item season",
        ),
        (
            "2025-01-01,discount,,monday,,11:00-14:00,1,ratio,,,s",
            "4: days: must be of working, saturday, sunday, holiday, joined by ;",
        ),
        *(
            (
                f"2025-01-01,discount,,,,{hours},1,ratio,,,s",
                "6: when: must be hours on quarter hours, as in 22:00-08:00;12:00-13:00, and 00:00-24:00 for a day",
            )
            for hours in ("11-14", "11:00-14:10", "11:00-11:00", "10:00-24:15", "11:00-12:00;")
        ),
        ("2025-01-01,lagging_power_factor,,,,09:00-23:00,0.9,ratio,x,0.9,s", "9: least: must be a number"),
        ("2025-01-01,lagging_power_factor,,,,09:00-23:00,0.9,ratio,0.9,2,s", "10: most: must be from 0 to 1"),
        ("2025-01-01,lagging_power_factor,,,,09:00-23:00,0.9,ratio,0.9,0.6,s", "9: least: must be at most most"),
        ("2025-01-01,power_factor_interval,,,,,20,min,,,s", "7: value: must be 0, 15, 30 or 60"),
        ("2025-01-01,holiday,,,,2025-02-30,,,,,s", "6: when: must be an ISO 8601 date, as in 2026-11-22"),
        ("2025-01-01,season,rest,,,1,,,,,s", "6: when: no season has month 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"),
        (
            "2025-01-01,band,,working,day,06:00-22:00,,,,,s",
            "6: when: no band has 00:00 of working days in all_year",
        ),
        ("2025-01-01,price,,,day,,1,KRW/kWh,,,s", "5: band: no row gives the price of night in all_year"),
        ("2024-01-01,price,all_year,,day,,1,KRW/kWh,,,s", "5: band: the price of day in all_year stands twice"),
        ("2024-01-01,season,more,,,7,,,,,s", "6: when: month 7 is in all_year too"),
        (
            "2024-01-01,band,,saturday,night,05:00-09:00,,,,,s",
            "6: when: 06:00 of saturday days in all_year is in day too",
        ),
    ],
)
def test_each_fault_of_a_row_is_at_its_row_and_column_with_what_must_be_so(
    tmp_path: Path, row: str, wrong: str
) -> None:
    assert f"own.csv:7:{wrong}" in _own(tmp_path, f"{ROWS}{row}\n")


def test_items_that_are_one_stand_once_from_a_date_on(tmp_path: Path) -> None:
    rows = "2024-02-01,base_charge,,,,,1,KRW/kW,,,s\n2024-02-01,base_charge,,,,,2,KRW/kW,,,s\n"
    rows += "2024-02-01,discount,,,,11:00-13:00,0.5,ratio,,,s\n2024-02-01,discount,,sunday,,12:00-14:00,0.2,ratio,,,s\n"
    assert _own(tmp_path, ROWS + rows) == [
        "own.csv:8:2: item: base_charge stands twice from the same date on",
        "own.csv:10:6: when: another discount holds at the same time",
    ]


def test_all_faults_are_told_at_once_with_those_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(HEAD + ROWS + "2025-01-01,price,,,,,x,KRW,,,\n", encoding="utf-8")
    found = faults(tmp_path, SITE % "own.csv" + "page: {listen: 5}\n")
    assert [line.split(": ")[1] for line in found] == ["band", "source", "value", "unit", "page.listen"]


def test_a_table_without_prices_is_no_tariff(tmp_path: Path) -> None:
    start = "site.yaml:3:10: energy.tariff: own.csv has no row of item"
    assert _own(tmp_path, ROWS[: ROWS.index("2024-01-01,price")]) == [f"{start} price; a tariff needs one at least"]
    assert _own(tmp_path, "") == [f"{start} season, band, price; a tariff needs one at least"]


def test_a_table_too_long_to_be_one_is_refused(tmp_path: Path) -> None:
    (found,) = _own(tmp_path, ROWS * 500)
    assert found.endswith("own.csv must not have more than 2000 rows")


def test_prices_in_another_currency_than_savings_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(HEAD + ROWS.replace("KRW", "EUR"), encoding="utf-8")
    assert faults(tmp_path, SITE % "own.csv") == [
        "site.yaml:3:10: energy.tariff: has prices in EUR; savings.currency must be the same and is KRW"
    ]
    assert loaded(tmp_path, SITE % "own.csv" + "savings: {currency: EUR}\n").energy.tariff == "own.csv"


@given(
    st.lists(st.lists(st.sampled_from(["", "price", "band", "season", "1", "x;y", "10:00-12:00", "2024-01-01", "s"])))
)
def test_whatever_a_table_says_it_loads_or_is_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "own.csv").write_text(HEAD + "".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(InputError):  # nothing of these is a whole tariff
        load_tariff("own.csv", folder)


def _warnings(folder: Path, text: str, now: str = "2026-11-22T03:00:00Z") -> list[str]:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    with time_machine.travel(now, tick=False):
        done = CliRunner().invoke(app, ["check", str(folder / "site.yaml")])
    assert done.exit_code == 0, done.output
    return re.findall(r"^warning: (.*)$", done.output, re.MULTILINE)


def test_check_warns_while_no_price_is_valid_today(tmp_path: Path) -> None:
    assert _warnings(tmp_path, PLANT) == []
    assert _warnings(tmp_path, SITE % GAP2) == []
    first = "its first is of 2024-01-01"
    assert _warnings(tmp_path, SITE % GAP2, "2023-12-31T14:59:59Z") == [
        f"energy.tariff: {GAP2} has no price for today, 2023-12-31; {first}"
    ]
    assert _warnings(tmp_path, SITE % GAP2, "2023-12-31T15:00:00Z") == []


def test_check_warns_where_holidays_are_priced_apart_and_no_country_is_named(tmp_path: Path) -> None:
    text = SITE.replace("calendar: {country: KR}\n", "")
    assert _warnings(tmp_path, text % GAP2) == [f"calendar: no country is named; {GAP2} prices public holidays apart"]
    (tmp_path / "own.csv").write_text(HEAD + ROWS, encoding="utf-8")
    assert _warnings(tmp_path, text % "own.csv") == []


def test_the_page_names_every_item_and_column_and_its_example_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tariffs.md").read_text(encoding="utf-8")
    assert [name for name in (*ITEMS, *COLUMNS, *DayType) if f"`{name}`" not in page] == []
    (example,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (tmp_path / "own.csv").write_text(example, encoding="utf-8")
    assert load_tariff("own.csv", tmp_path).currency == "EUR"
