"""Ten years of real deliveries: on-time delivery by line, order and quantity, months, windows, vendors, days late.

The raw file is imported as it is, by `orders.columns` and `date_format`; the vendor takes the product's place, so that
`--scope product:…` asks for a vendor. The file holds no open lines and no partial shipments.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, command

from collector.evaluation import Evaluation
from collector.store.store import reading
from config.load import load_site
from plant.kpi_id import KpiId
from plant.period import PeriodKind, day_period
from tests.acceptance.plant_files import run

SITE = """
plant: {{id: scms-delivery, time_zone: Etc/UTC}}
orders:
  date_format: "%d-%b-%y"
  grace_days: {grace}
  early_days: {early}
  columns:
    order_id: "PO / SO #"
    line_id: ID
    product: Vendor
    quantity: Line Item Quantity
    value: Line Item Value
    due_date: Scheduled Delivery Date
    delivered_date: Delivered to Client Date
    recorded_date: Delivery Recorded Date
"""
ALL = ("--period", "range", "--from", "2006-01-01", "--to", "2016-01-01")


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scms")
    raw = real_data / "scms_delivery" / "SCMS_Delivery_History_Dataset.csv"
    command("import", "orders", str(site(folder)), str(raw))
    return folder


@pytest.fixture(scope="module")
def expected(real_data: Path) -> dict[str, Any]:
    answers = json.loads((real_data / "scms_delivery" / "expected.json").read_text(encoding="utf-8"))["answers"]
    assert isinstance(answers, dict)
    return answers


@pytest.fixture(scope="module")
def whole(folder: Path) -> dict[str, dict[str, Any]]:
    return {value["kpi"]: value for value in ask(site(folder), *ALL, "--scope", "plant")}


def site(folder: Path, grace: int = 0, early: int | None = None) -> Path:
    """A site file over the folder's one store, with its own rules of what is on time."""
    path = folder / f"site-{grace}-{early}.yaml"
    path.write_text(SITE.format(grace=grace, early="null" if early is None else early), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("kpi", "answer", "ratio"),
    [
        ("on_time_delivery", "otd_by_line", 0.88512205),
        ("on_time_delivery_orders", "otd_by_order", 0.89026151),
        ("on_time_delivery_quantity", "otd_by_quantity", 0.82959175),
        ("on_time_in_full", "otd_by_line", 0.88512205),
        ("on_time_delivery_value", "otd_by_value", 0.84084742),
        ("on_time_first_promise", "otd_by_line", 0.88512205),
    ],
)
def test_on_time_delivery_is_exact(
    kpi: str, answer: str, ratio: float, whole: dict[str, dict[str, Any]], expected: dict[str, Any]
) -> None:
    want = expected[answer]
    found = whole[kpi]
    assert (round(found["numerator"], 2), round(found["denominator"], 2)) == (want["on_time"], want["total"])
    assert round(found["value"], 8) == want["ratio"] == ratio
    assert found["coverage"] == 1


def test_late_lines_and_their_mean_are_exact(whole: dict[str, dict[str, Any]]) -> None:
    late = whole["mean_days_late"]
    assert late["denominator"] == 1186
    assert round(late["value"], 4) == 21.3693


@pytest.mark.parametrize("kpi", ["in_full", "line_fill", "quantity_fill"])
def test_every_line_is_in_full_at_once(kpi: str, whole: dict[str, dict[str, Any]]) -> None:
    assert whole[kpi]["value"] == 1


def test_the_file_has_no_request_dates(whole: dict[str, dict[str, Any]]) -> None:
    assert (whole["on_time_request"]["value"], whole["on_time_request"]["reason"]) == (None, "no_source")


def test_every_due_month_is_exact(folder: Path, expected: dict[str, Any]) -> None:
    found = ask(
        site(folder),
        *("--period", "month", "--from", "2006-01-01", "--to", "2016-01-01"),
        *("--kpi", "on_time_delivery", "--scope", "plant"),
    )
    lines = {
        value["period"]["label"]: (value["numerator"], value["denominator"], round(value["value"], 8))
        for value in found
        if value["denominator"]
    }
    months = expected["otd_by_due_month"]
    assert lines == {month: (want["on_time"], want["total"], want["ratio"]) for month, want in months.items()}
    assert len(months) == 115
    assert all(value["reason"] == "no_denominator" for value in found if not value["denominator"])


def test_due_months_as_they_stood_on_their_last_day_are_exact(folder: Path, expected: dict[str, Any]) -> None:
    assert months_as_they_stood(folder, expected, 6) == 20  # all 115 in tests/soak


def months_as_they_stood(folder: Path, expected: dict[str, Any], step: int) -> int:
    """Every so many due months must be as expected by what was known on their last day; how many these are."""
    months = dict(list(expected["as_of_month_end"].items())[::step])
    settings = load_site(site(folder))
    clock, found = settings.clock(), {}
    with reading(folder / "plant.db") as connection:
        for label in months:
            month = day_period(PeriodKind.MONTH, date.fromisoformat(f"{label}-01"), clock)
            evaluation = Evaluation(connection, settings, clock, month.end_us, month.end_us)
            (value,) = evaluation.values([month], ["plant"], [KpiId.ON_TIME_DELIVERY])
            on_time, total = value.outcome.numerator, value.outcome.denominator
            found[label] = (on_time, total, round(value.outcome.value or 0, 8))
    wanted = {
        label: (want["on_time_as_of_month_end"], want["total"], want["ratio_as_of"]) for label, want in months.items()
    }
    assert found == wanted
    return len(found)


@pytest.mark.parametrize(
    ("as_of", "on_time", "due", "ratio"),
    [
        (["--as-of", "2013-10-31"], 72, 114, 0.632),
        (["--as-of", "2013-11-01T00:00:00Z"], 72, 114, 0.632),
        (["--as-of", "2013-10-31T23:59:59Z"], 72, 114, 0.632),
        ([], 98, 114, 0.860),
    ],
)
def test_october_2013_gets_better_as_records_come_in(
    folder: Path, as_of: list[str], on_time: int, due: int, ratio: float
) -> None:
    (value,) = ask(
        site(folder), "--period", "month", "--at", "2013-10-15", "--kpi", "on_time_delivery", "--scope", "plant", *as_of
    )
    assert round(value["value"], 3) == ratio
    assert (value["numerator"], value["denominator"]) == (on_time, due)


def test_windows_of_early_and_late_days_are_exact(folder: Path, expected: dict[str, Any]) -> None:
    for window in expected["windows"]:
        early = None if window["early"] is None else -window["early"]
        own = str(site(folder, window["late"], early))
        (found,) = run("kpi", own, "--json", *ALL, "--kpi", "on_time_delivery", "--scope", "plant").json["values"]
        assert found["numerator"] == window["on_time"], window
        assert round(found["value"], 8) == window["ratio"]


def test_vendors_are_exact(folder: Path, expected: dict[str, Any]) -> None:
    by_lines = sorted(expected["otd_by_vendor"].items(), key=lambda item: -item[1]["total"])
    vendors = dict([*by_lines[:6], *by_lines[-2:]])
    scopes = [argument for vendor in vendors for argument in ("--scope", f"product:{vendor}")]
    found = ask(site(folder), *ALL, *scopes, "--kpi", "on_time_delivery", "--kpi", "on_time_delivery_quantity")
    by_scope = {(value["scope"].removeprefix("product:"), value["kpi"]): value for value in found}
    for vendor, want in vendors.items():
        lines, quantity = by_scope[vendor, "on_time_delivery"], by_scope[vendor, "on_time_delivery_quantity"]
        assert (lines["numerator"], lines["denominator"]) == (want["on_time"], want["total"])
        assert round(lines["value"], 8) == want["ratio"]
        assert round(quantity["value"], 8) == want["quantity_ratio"]


def test_importing_the_orders_twice_changes_nothing(folder: Path, real_data: Path) -> None:
    raw = real_data / "scms_delivery" / "SCMS_Delivery_History_Dataset.csv"
    file = json.loads(command("import", "orders", str(site(folder)), str(raw), "--json"))["files"][0]
    assert (file["rows"], file["new"], file["unchanged"]) == (10324, 0, 10324)
