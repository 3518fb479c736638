"""What do we know of orders, deliveries and hand-counted quantities? Versions of lines are kept; the rest by key."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

from sqlalchemy import Connection, delete, insert, select

from collector.store import schema
from collector.store.readings import Written
from plant.order import Delivery, OrderLine, OrderStatus
from plant.quantity import Quantity


def save_order_lines(connection: Connection, lines: Iterable[tuple[OrderLine, bool]]) -> Written:
    """Keep versions of lines; `True` with a line: the file says when it was recorded, else the time of import counts.

    A line that says the same as its newest version (undated), or as the version of that time (dated), is nothing new.
    """
    stored = {(line.order_id, line.line_id): versions for line, versions in _by_line(connection)}
    rows: list[dict[str, object]] = []
    unchanged = 0
    for line, dated in lines:
        versions = stored.setdefault((line.order_id, line.line_id), [])
        same_time = [version for version in versions if version.recorded_us == line.recorded_us]
        compared = same_time if dated else versions[-1:]
        if any(_content(version) == _content(line) for version in compared):
            unchanged += 1
            continue
        if same_time:
            _delete_version(connection, line)
            versions.remove(same_time[0])
        rows.append({**asdict(line), "dated": int(dated)})
        versions.append(line)
        versions.sort(key=lambda version: version.recorded_us)
    if rows:
        connection.execute(insert(schema.order_line), rows)
    return Written(len(rows), unchanged)


def order_lines(connection: Connection) -> list[list[OrderLine]]:
    """Every line with all its versions, the oldest first."""
    return [versions for _, versions in _by_line(connection)]


def due_dates(connection: Connection, order_ids: Iterable[str]) -> list[date]:
    """Due dates of every line of these orders, as last recorded: an order belongs to the period of its latest."""
    wanted = set(order_ids)
    known = (versions[-1] for versions in order_lines(connection))
    return [line.due_date for line in known if line.due_date and line.order_id in wanted]


def save_deliveries(connection: Connection, deliveries: Iterable[Delivery]) -> Written:
    """Keep deliveries by their key; a later file replaces what an earlier one said."""
    stored = {_delivery_key(found): found for found in all_deliveries(connection)}
    rows: list[dict[str, object]] = []
    unchanged = 0
    for item in deliveries:
        key = _delivery_key(item)
        if key in stored and _delivered(stored[key]) == _delivered(item):
            unchanged += 1
            continue
        if key in stored:
            connection.execute(delete(schema.delivery).where(schema.delivery.c.key == key))
        rows.append({"key": key, **asdict(item)})
    if rows:
        connection.execute(insert(schema.delivery), rows)
    return Written(len(rows), unchanged)


def all_deliveries(connection: Connection) -> list[Delivery]:
    """Every delivery, by order, line and date."""
    table = schema.delivery
    rows = connection.execute(select(table).order_by(table.c.order_id, table.c.line_id, table.c.delivered_date))
    fields = [column.name for column in table.columns if column.name != "key"]
    return [Delivery(**{name: getattr(row, name) for name in fields}) for row in rows]


def save_quantities(connection: Connection, quantities: Iterable[Quantity], recorded_us: int) -> Written:
    """Keep hand-counted quantities by their key; the caller has refused those that contradict what is stored."""
    stored = {found.key: found for found in all_quantities(connection)}
    rows: list[dict[str, object]] = []
    unchanged = 0
    for item in quantities:
        if stored.get(item.key) == item:
            unchanged += 1
            continue
        if item.key in stored:
            connection.execute(delete(schema.quantity).where(schema.quantity.c.key == item.key))
        rows.append({**asdict(item), "recorded_us": recorded_us})
    if rows:
        connection.execute(insert(schema.quantity), rows)
    return Written(len(rows), unchanged)


def all_quantities(connection: Connection) -> list[Quantity]:
    """Every hand-counted quantity, by time."""
    table = schema.quantity
    fields = [column.name for column in table.columns if column.name != "recorded_us"]
    rows = connection.execute(select(table).order_by(table.c.time_us, table.c.key))
    return [Quantity(**{name: getattr(row, name) for name in fields}) for row in rows]


def _by_line(connection: Connection) -> Iterable[tuple[OrderLine, list[OrderLine]]]:
    table = schema.order_line
    rows = connection.execute(select(table).order_by(table.c.order_id, table.c.line_id, table.c.recorded_us))
    fields = [column.name for column in table.columns if column.name not in ("dated", "status")]
    lines: dict[tuple[str, str], list[OrderLine]] = {}
    for row in rows:
        line = OrderLine(**{name: getattr(row, name) for name in fields}, status=OrderStatus(row.status))
        lines.setdefault((line.order_id, line.line_id), []).append(line)
    return [(versions[0], versions) for versions in lines.values()]


def _delete_version(connection: Connection, line: OrderLine) -> None:
    table = schema.order_line
    connection.execute(
        delete(table).where(
            table.c.order_id == line.order_id,
            table.c.line_id == line.line_id,
            table.c.recorded_us == line.recorded_us,
        )
    )


def _content(line: OrderLine) -> dict[str, object]:
    return {name: value for name, value in asdict(line).items() if name != "recorded_us"}


def _delivery_key(item: Delivery) -> str:
    if item.delivery_id is not None:
        return f"id:{item.delivery_id}"
    return f"line:{item.order_id}\x1f{item.line_id}\x1f{item.delivered_date.isoformat()}"


def _delivered(item: Delivery) -> tuple[object, ...]:
    return (item.order_id, item.line_id, item.quantity, item.delivered_date)
