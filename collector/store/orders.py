"""What do we know of orders, deliveries and hand-counted quantities, and since when? Every version is kept."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, insert, select

from collector.store import schema
from collector.store.merging import Written
from plant.as_of import AsOf
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


def save_deliveries(connection: Connection, deliveries: Iterable[tuple[Delivery, bool]]) -> Written:
    """Keep versions of deliveries by their key; `True`: the file says when it was recorded, as with order lines.

    The newest version counts, so that a later file replaces what an earlier one said.
    """
    items = [(_delivery_key(item), item.recorded_us, dated, asdict(item)) for item, dated in deliveries]
    return _save_versions(connection, schema.delivery, items)


def all_deliveries(connection: Connection, as_of: AsOf | None = None) -> list[Delivery]:
    """The newest version of every delivery, by order, line and date; as of an instant, of those known then."""
    found = [Delivery(*cells) for cells in _newest(connection, schema.delivery, Delivery, as_of)]
    return sorted(found, key=lambda item: (item.order_id, item.line_id, item.delivered_date))


def save_quantities(connection: Connection, quantities: Iterable[Quantity], recorded_us: int) -> Written:
    """Keep versions of hand-counted quantities by their key; the caller has refused those that contradict the store."""
    items = [(item.key, recorded_us, False, {**asdict(item), "recorded_us": recorded_us}) for item in quantities]
    return _save_versions(connection, schema.quantity, items)


def all_quantities(connection: Connection, as_of: AsOf | None = None) -> list[Quantity]:
    """The newest version of every hand-counted quantity, by time; as of an instant, of those known then."""
    found = [Quantity(*cells) for cells in _newest(connection, schema.quantity, Quantity, as_of)]
    return sorted(found, key=lambda item: (item.time_us, item.key))


def _save_versions(
    connection: Connection, table: Table, items: Iterable[tuple[str, int, bool, dict[str, Any]]]
) -> Written:
    """Save versions given as key, time of record, whether the file gave that time, and columns.

    One that says the same as the newest (undated), or as that of its time (dated), is nothing new.
    """
    stored: dict[str, dict[int, dict[str, Any]]] = {}
    for row in connection.execute(select(table)):
        stored.setdefault(row.key, {})[row.recorded_us] = dict(row._mapping)
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    unchanged = 0
    for key, recorded_us, dated, columns in items:
        versions = stored.setdefault(key, {})
        same_time = versions.get(recorded_us)
        compared = same_time if dated or not versions else versions[max(versions)]
        new = {"key": key, **columns}
        if compared is not None and {**compared, "recorded_us": recorded_us} == new:
            unchanged += 1
            continue
        if same_time is not None:
            connection.execute(delete(table).where(table.c.key == key, table.c.recorded_us == recorded_us))
        versions[recorded_us] = rows[key, recorded_us] = new
    if rows:
        connection.execute(insert(table), list(rows.values()))
    return Written(len(rows), unchanged)


def _newest(connection: Connection, table: Table, noun: type, as_of: AsOf | None) -> Iterable[Sequence[Any]]:
    query = _oldest_first(table, noun).add_columns(table.c.key, table.c.recorded_us)
    rows = connection.execute(query)
    return {row[-2]: row[:-2] for row in rows if as_of is None or as_of.knows(row[-1])}.values()


def _oldest_first(table: Table, noun: type) -> Select[Any]:
    """What nouns are made of, in the order of their fields."""
    return select(*(table.c[field.name] for field in fields(noun))).order_by(table.c.recorded_us)


def _by_line(connection: Connection) -> Iterable[tuple[OrderLine, list[OrderLine]]]:
    status = [field.name for field in fields(OrderLine)].index("status")
    statuses = {member.value: member for member in OrderStatus}
    lines: dict[tuple[str, str], list[OrderLine]] = {}
    for row in connection.execute(_oldest_first(schema.order_line, OrderLine)):
        cells = list(row)
        cells[status] = statuses[cells[status]]
        line = OrderLine(*cells)
        lines.setdefault((line.order_id, line.line_id), []).append(line)
    return [(versions[0], versions) for _, versions in sorted(lines.items())]


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
