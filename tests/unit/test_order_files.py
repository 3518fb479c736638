"""Order and delivery files as plants have them: headings of their own, dates of many forms, workbooks."""

import io
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.fault import InputError
from config.order_columns import DELIVERY_COLUMNS, ORDER_COLUMNS
from config.site import OrderSettings
from connectors.orders_file import DeliveriesFile, OrdersFile, read_deliveries, read_orders
from connectors.rows import parse_date
from plant.instant import local_instant

SEOUL = ZoneInfo("Asia/Seoul")
THIRD = date(2026, 11, 3)
NOW_US = local_instant(date(2026, 11, 22), 600, SEOUL)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def orders(file: Path, content: str | bytes, **settings: object) -> OrdersFile:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_orders(file, OrderSettings.model_validate(settings), SEOUL, NOW_US)


def deliveries(file: Path, content: str, **settings: object) -> DeliveriesFile:
    file.write_text(content, encoding="utf-8")
    return read_deliveries(file, OrderSettings.model_validate(settings), SEOUL, NOW_US)


def faults(found: OrdersFile) -> list[str]:
    return [str(fault).removeprefix(f"{found.table.path}:") for fault in found.reader.faults]


@pytest.mark.parametrize(
    "columns",
    [
        {"order_id": "수주번호", "quantity": "수량", "due_date": "납기일", "delivered_date": "출고일"},
        {"수주번호": "order_id", "수량": "quantity", "납기일": "due_date", "출고일": "delivered_date"},
        {"order_id": "수주번호", "수량": "quantity", "due_date": "납기일", "출고일": "delivered_date"},
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_headings_are_mapped_either_way_round_in_every_encoding(
    file: Path, columns: dict[str, str], encoding: str
) -> None:
    content = '수주번호,납기일,수량,출고일,비고\nA-1,03/11/2026,"1,200",5/11/2026,급함\n'.encode(encoding)
    found = orders(file, content, columns=columns, date_format="%d/%m/%Y")
    assert found.reader.faults == []
    ((_, line, dated),) = found.lines
    assert (line.order_id, line.quantity, line.due_date) == ("A-1", 1200.0, THIRD)
    assert (line.delivered_date, dated, line.recorded_us) == (date(2026, 11, 5), False, NOW_US)


def test_several_headings_may_stand_for_one_column_as_long_as_a_file_has_one_of_them(file: Path) -> None:
    columns = {"Qty Ordered": "quantity", "Qty Shipped": "quantity"}
    assert orders(file, "order_id,Qty Ordered,due_date\nA,5,2026-11-03\n", columns=columns).lines[0][1].quantity == 5
    found = deliveries(file, "order_id,Qty Shipped,delivered_date\nA,4,2026-11-03\n", columns=columns)
    assert found.deliveries[0][0].quantity == 4
    with pytest.raises(InputError, match="quantity: column stands twice"):
        orders(file, "order_id,Qty Ordered,Qty Shipped,due_date\n", columns=columns)


def test_a_mapping_that_names_none_of_our_columns_is_refused() -> None:
    with pytest.raises(
        ValidationError, match=r"Promised: due: one of the two must be order_id, line_id, .*delivery_id"
    ):
        OrderSettings.model_validate({"columns": {"Promised": "due"}})
    with pytest.raises(ValidationError, match="PO: stands for order_id and for customer"):
        OrderSettings.model_validate({"columns": {"order_id": "PO", "customer": "PO"}})


@pytest.mark.parametrize("ours", [*ORDER_COLUMNS, *DELIVERY_COLUMNS])
def test_every_column_of_ours_may_be_mapped(ours: str) -> None:
    for columns in ({ours: "Theirs"}, {"Theirs": ours}, {ours: ours}):
        assert OrderSettings.model_validate({"columns": columns}).columns == columns


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2026-11-03", "iso"),
        ("2026-11-03 14:05", "iso"),
        ("2026-11-03T23:59:59+09:00", "iso"),
        ("03/11/2026", "%d/%m/%Y"),
        ("3/11/2026", "%d/%m/%Y"),
        ("03/11/2026 14:05", "%d/%m/%Y"),
        ("03/11/2026 9:05:00", "%d/%m/%Y"),
        ("03/11/2026 14:05:33.120", "%d/%m/%Y"),
        ("03/11/2026  2:05 PM", "%d/%m/%Y"),
        ("03/11/2026 2:05:00PM", "%d/%m/%Y"),
        ("03/11/2026 00:00:00 +0900", "%d/%m/%Y"),
        ("03.11.2026 14:05", "%d.%m.%Y %H:%M"),
        ("03.11.2026", "%d.%m.%Y %H:%M"),
        ("03.11.2026 14:05:59", "%d.%m.%Y %H:%M"),
        ("11/3/26 2:05 PM", "%m/%d/%y %I:%M %p"),
        ("3-Nov-26", "%d-%b-%y"),
        ("03Nov2026T14:05Z", "%d%b%Y"),
        ("2026. 11. 3. 오후 2:05:00", "%Y. %m. %d."),
        ("2026년 11월 3일", "%Y년 %m월 %d일"),
        ("20261103", "%Y%m%d"),
        ("14:05 03/11/2026", "%H:%M %d/%m/%Y"),
    ],
)
def test_a_time_of_day_in_a_date_is_dropped(text: str, pattern: str) -> None:
    assert parse_date(text, pattern) == THIRD


@pytest.mark.parametrize(
    ("text", "pattern", "said"),
    [
        ("03/11/2026", "iso", "must be an ISO 8601 date, as in 2026-11-22, or by the pattern that orders.date_format"),
        ("2026-11-03", "%d/%m/%Y", r"must be a date like 22/11/2026 \(orders.date_format is %d/%m/%Y\)"),
        ("31/11/2026", "%d/%m/%Y", "must be a date like 22/11/2026"),
        ("11/13/2026", "%d/%m/%Y", "must be a date like"),
        ("03/11/2026 25:05", "%d/%m/%Y", "must be a date like"),
        ("03/11/2026 14:65", "%d/%m/%Y", "must be a date like"),
        ("03/11/2026 later", "%d/%m/%Y", "must be a date like"),
        ("14:05", "%d.%m.%Y %H:%M", "must be a date like 22.11.2026 00:00"),
        ("45964", "%d.%m.%Y", "must be a date like 22.11.2026"),
        ("-", "%d.%m.%Y", "must be a date like 22.11.2026"),
    ],
)
def test_what_is_no_date_of_the_plants_form_is_refused_and_never_guessed(text: str, pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_date(text, pattern)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.times())
def test_every_day_is_read_back_with_and_without_a_time(day: date, at: time) -> None:
    for pattern in ("%d/%m/%Y", "%d.%m.%Y %H:%M", "%m-%d-%Y", "%d %b %Y"):
        plain = pattern.removesuffix(" %H:%M")
        for written in (day.strftime(plain), f"{day.strftime(plain)} {at.isoformat('minutes')}"):
            assert parse_date(written, pattern) == day


def test_date_cells_of_a_workbook_are_dates_whatever_the_pattern(file: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["Order\nNo", " Qty", "Due\u00a0Date", "Shipped"],
        [4711, 5, THIRD, datetime(2026, 11, 5, 14, 5)],  # noqa: DTZ001 (as workbooks have it)
        ["X", "1,200", "03.11.2026", None],
        ["Y", 1, 45964, None],
    ):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    columns = {"Order No": "order_id", "Qty": "quantity", "Due Date": "due_date", "Shipped": "delivered_date"}
    found = orders(file.with_suffix(".xlsx"), out.getvalue(), columns=columns, date_format="%d.%m.%Y")
    assert [(line.order_id, line.quantity, line.due_date, line.delivered_date) for _, line, _ in found.lines] == [
        ("4711", 5.0, THIRD, date(2026, 11, 5)),
        ("X", 1200.0, THIRD, None),
    ]
    assert faults(found) == [
        "4:3: Due Date (due_date): must be a date like 22.11.2026 (orders.date_format is %d.%m.%Y), not '45964'"
    ]


def test_a_fault_names_file_row_column_and_what_to_do(file: Path) -> None:
    columns = {"order_id": "PO", "quantity": "Qty", "due_date": "Promised"}
    content = "PO,Qty,Promised,status\nA,0,3/11/2026,\nB,5,2026-11-03,\nC,5,,closed\nD,5,,\nD,6,,\n"
    assert faults(orders(file, content, columns=columns, date_format="%d/%m/%Y")) == [
        "2:2: Qty (quantity): must be more than 0, not '0'",
        "3:3: Promised (due_date): must be a date like 22/11/2026 (orders.date_format is %d/%m/%Y), not '2026-11-03'",
        "4:4: status: must be one of open, cancelled_by_customer, cancelled_by_us, not 'closed'",
        "6:1: PO (order_id): order D line 1 stands in row 5 with other content; lines are told apart by line_id, "
        "versions of one by recorded_date",
    ]
    with pytest.raises(
        InputError, match=r"Qty \(quantity\): column is missing; there are PO, Promised; orders\.columns"
    ):
        orders(file, "PO,Promised\nA,3/11/2026\n", columns=columns)


@pytest.mark.parametrize("recorded", ["0001-01-01", "9999-12-31"])
def test_a_record_of_no_time_that_instants_have_is_a_bad_row(file: Path, recorded: str) -> None:
    found = orders(file, f"order_id,quantity,due_date,recorded_date\nA,5,9999-12-31,{recorded}\n")
    assert faults(found) == [f"2:4: recorded_date: must lie in the years 1900 to 9899, not '{recorded}'"]
    content = f"order_id,quantity,delivered_date,recorded_date\nA,5,2026-11-03,{recorded}\n"
    assert deliveries(file, content).reader.bad_rows == {2}


def test_a_value_beyond_all_measure_is_a_bad_row(file: Path) -> None:
    found = orders(file, "order_id,quantity,due_date,value\nA,5,2026-11-03,1e300\nB,5,2026-11-03,-12.5\n")
    assert [(line.order_id, line.value) for _, line, _ in found.lines] == [("B", -12.5)]


def test_parts_of_one_day_add_up_as_they_were_recorded(file: Path) -> None:
    rows = [
        "A,10,2026-11-03,2026-11-09,",
        "A,5,2026-11-03,2026-11-04,",
        "A,1,2026-11-03,,",
        "A,2,2026-11-03,2026-11-04,",
    ]
    rows += ["A,7,2026-11-03,2026-11-04,n1", "A,8,2026-11-03,2026-11-05,n1", "A,8,2026-11-03,2026-11-05,n1"]
    found = deliveries(file, "order_id,quantity,delivered_date,recorded_date,delivery_id\n" + "\n".join(rows))
    assert found.reader.faults == []
    days = [local_instant(date(2026, 11, day), 0, SEOUL) for day in (4, 5, 9)]
    assert [(item.delivery_id, item.quantity, item.recorded_us, dated) for item, dated in found.deliveries] == [
        ("n1", 7.0, days[0], True),
        ("n1", 8.0, days[1], True),
        (None, 7.0, days[0], True),
        (None, 17.0, days[2], True),
        (None, 18.0, NOW_US, False),
    ]
