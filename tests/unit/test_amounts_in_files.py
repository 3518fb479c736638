"""Amounts in files of quantities, orders and deliveries must be fit for sums."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.site import OrderSettings
from connectors.orders_file import read_deliveries, read_orders
from connectors.quantities_file import read_quantities
from connectors.rows import amount

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize("text", ["1e308", "-9007199254740994", "nan", "inf"])
def test_an_amount_that_sums_cannot_keep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        amount(text)


def test_the_largest_amount_is_kept() -> None:
    assert amount("9007199254740992") == 2.0**53


def test_files_with_amounts_beyond_all_measure_have_bad_rows(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("time,work_unit,produced\n2026-11-20T12:00:00+09:00,bench,1e308\n")
    assert [fault.key for fault in read_quantities(file, ["bench"]).reader.faults] == ["produced"]
    file.write_text("order_id,quantity,due_date,delivered_quantity\nA,1e308,2026-11-20,1e308\n")
    assert read_orders(file, OrderSettings(), SEOUL, 0).reader.bad_rows == {2}
    file.write_text("order_id,quantity,delivered_date\nA,1e308,2026-11-20\n")
    assert read_deliveries(file, OrderSettings(), SEOUL, 0).reader.bad_rows == {2}
