"""What was promised and what was shipped? Files of order lines and of deliveries, with the plant's own headings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from config.order_columns import renamed
from config.site import OrderSettings
from config.table_file import Row, Table, read_table
from connectors.rows import RowReader, amount, text
from plant.instant import local_instant
from plant.order import Delivery, OrderLine, OrderStatus

_OTHER_HEADINGS = "; orders.columns says which other headings files have"


@dataclass(frozen=True, slots=True)
class OrdersFile:
    """A file of order lines: table, lines with their rows and whether they say when they were recorded, reader."""

    table: Table
    lines: list[tuple[Row, OrderLine, bool]]
    reader: RowReader


@dataclass(frozen=True, slots=True)
class DeliveriesFile:
    """A file of deliveries: table, deliveries and whether the file says when they were recorded, reader."""

    table: Table
    deliveries: list[tuple[Delivery, bool]]
    reader: RowReader


def read_orders(path: Path, settings: OrderSettings, zone: ZoneInfo, imported_us: int) -> OrdersFile:
    """The order lines of a CSV or XLSX file.

    A row without order, or with a quantity, date or status that cannot be read is rejected; one without due date is
    taken, and lowers the coverage of delivery KPIs. Raises InputError for a file that as a whole cannot be read.
    """
    table = read_table(path, ("order_id", "quantity", "due_date"), renamed(settings.columns), _OTHER_HEADINGS)
    reader = RowReader(table)
    found: dict[tuple[str, str, int], tuple[Row, OrderLine, bool]] = {}
    for row in table.rows:
        line, dated = _order_line(reader, row, settings.date_format, zone, imported_us)
        if line is None:
            continue
        earlier = found.setdefault((line.order_id, line.line_id, line.recorded_us), (row, line, dated))
        if earlier[1] != line:
            other = f"order {line.order_id} line {line.line_id} stands in row {earlier[0].number} with other content"
            message = f"{other}; lines are told apart by line_id, versions of one by recorded_date"
            reader.reject(row, "line_id" if "line_id" in table.headings else "order_id", message)
    return OrdersFile(table, list(found.values()), reader)


def _order_line(
    reader: RowReader, row: Row, date_format: str, zone: ZoneInfo, imported_us: int
) -> tuple[OrderLine | None, bool]:
    dates = {
        name: reader.date(row, name, date_format)
        for name in ("due_date", "request_date", "first_promise_date", "delivered_date")
    }
    recorded = reader.recorded(row, date_format)
    order_id = reader.required(row, "order_id", text)
    quantity = reader.required(row, "quantity", _positive)
    delivered = reader.cell(row, "delivered_quantity", _not_negative)
    if delivered and dates["delivered_date"] is None and row.number not in reader.bad_rows:
        reader.reject(row, "delivered_date", "is required beside a delivered_quantity")
    status = reader.cell(row, "status", _order_status) or OrderStatus.OPEN
    value = reader.amount(row, "value")
    if row.number in reader.bad_rows or order_id is None or quantity is None:
        return None, False
    line = OrderLine(
        order_id=order_id,
        line_id=row.text("line_id") or "1",
        product=row.text("product") or None,
        quantity=quantity,
        recorded_us=_recorded_us(recorded, zone, imported_us),
        status=status,
        customer=row.text("customer") or None,
        value=value,
        delivered_quantity=delivered,
        **dates,
    )
    return line, recorded is not None


def read_deliveries(path: Path, settings: OrderSettings, zone: ZoneInfo, imported_us: int) -> DeliveriesFile:
    """The deliveries of a CSV or XLSX file; rows of one order, line and date without delivery_id are summed.

    Where rows of such a sum were recorded at different times, the sum grows from version to version. Raises InputError
    for a file that as a whole cannot be read.
    """
    table = read_table(path, ("order_id", "quantity", "delivered_date"), renamed(settings.columns), _OTHER_HEADINGS)
    reader = RowReader(table)
    apart: dict[tuple[str, int], tuple[Delivery, bool]] = {}
    summed: dict[tuple[str, str, date], list[tuple[Delivery, bool]]] = {}
    for row in table.rows:
        item, dated = _delivery(reader, row, settings.date_format, zone, imported_us)
        if item is None:
            continue
        if item.delivery_id is None:
            summed.setdefault((item.order_id, item.line_id, item.delivered_date), []).append((item, dated))
        elif apart.setdefault((item.delivery_id, item.recorded_us), (item, dated))[0] != item:
            reader.reject(row, "delivery_id", "stands twice with other content")
    sums = [version for parts in summed.values() for version in _sums(parts)]
    return DeliveriesFile(table, [*apart.values(), *sums], reader)


def _sums(parts: list[tuple[Delivery, bool]]) -> list[tuple[Delivery, bool]]:
    """What was delivered in all, as of each time at which some of it was recorded."""
    versions: dict[int, tuple[Delivery, bool]] = {}
    delivered = 0.0
    for item, dated in sorted(parts, key=lambda part: part[0].recorded_us):
        delivered += item.quantity
        versions[item.recorded_us] = replace(item, quantity=delivered), dated
    return list(versions.values())


def _delivery(
    reader: RowReader, row: Row, date_format: str, zone: ZoneInfo, imported_us: int
) -> tuple[Delivery | None, bool]:
    order_id = reader.required(row, "order_id", text)
    quantity = reader.required(row, "quantity", amount)
    delivered = reader.date(row, "delivered_date", date_format)
    recorded = reader.recorded(row, date_format)
    if delivered is None and row.number not in reader.bad_rows:
        reader.reject(row, "delivered_date", "is required")
    if row.number in reader.bad_rows or order_id is None or quantity is None or delivered is None:
        return None, False
    item = Delivery(
        order_id=order_id,
        line_id=row.text("line_id") or "1",
        quantity=quantity,
        delivered_date=delivered,
        recorded_us=_recorded_us(recorded, zone, imported_us),
        delivery_id=row.text("delivery_id") or None,
    )
    return item, recorded is not None


def _recorded_us(recorded: date | None, zone: ZoneInfo, imported_us: int) -> int:
    return imported_us if recorded is None else local_instant(recorded, 0, zone)


def _checked(test: Callable[[float], bool], message: str) -> Callable[[str], float]:
    def read(cell: str) -> float:
        value = amount(cell)
        if not test(value):
            raise ValueError(message)
        return value

    return read


_positive = _checked(lambda value: value > 0, "must be more than 0")
_not_negative = _checked(lambda value: value >= 0, "must not be negative")


def _order_status(cell: str) -> OrderStatus:
    try:
        return OrderStatus(cell)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(OrderStatus)}") from None
