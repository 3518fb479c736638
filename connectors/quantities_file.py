"""What quantities did people count? `time,work_unit,produced,good,scrap,rework[,inspected,product,order,reason,id]`."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from config.table_file import Row, Table, read_table
from connectors.rows import RowReader
from plant.instant import parse_instant
from plant.quantity import Quantity
from plant.tag import PLANT

AMOUNTS = ("produced", "good", "scrap", "rework", "inspected")


@dataclass(frozen=True, slots=True)
class QuantitiesFile:
    """A file of quantities: its table, its quantities with their rows, and the reader with the rows it rejected."""

    table: Table
    quantities: list[tuple[Row, Quantity]]
    reader: RowReader


def read_quantities(path: Path, work_units: Collection[str]) -> QuantitiesFile:
    """The quantities of a CSV or XLSX file; an empty cell says nothing.

    A row of an unknown work unit, without a usable time, or at odds with another row of the same key is rejected.
    Raises InputError for a file that as a whole cannot be read.
    """
    table = read_table(path, required=("time", "work_unit"))
    reader = RowReader(table)
    found: dict[str, tuple[Row, Quantity]] = {}
    for row in table.rows:
        time_us = reader.required(row, "time", parse_instant)
        work_unit = reader.required(row, "work_unit", lambda name: _known(name, work_units))
        amounts = {name: reader.amount(row, name) for name in AMOUNTS}
        if row.number in reader.bad_rows or time_us is None or work_unit is None:
            continue
        quantity = Quantity(
            key=_key(row, time_us, work_unit),
            time_us=time_us,
            work_unit=work_unit,
            product=row.text("product") or None,
            order=row.text("order") or None,
            reason=row.text("reason") or None,
            **amounts,
        )
        earlier = found.setdefault(quantity.key, (row, quantity))
        if earlier[1] != quantity:
            reader.reject(row, "id" if row.text("id") else "time", f"says otherwise than row {earlier[0].number}")
    return QuantitiesFile(table, list(found.values()), reader)


def _known(name: str, work_units: Collection[str]) -> str:
    if name != PLANT and name not in work_units:
        raise ValueError("must be a work unit of the site file: named by a tag or under work_units")
    return name


def _key(row: Row, time_us: int, work_unit: str) -> str:
    if row.text("id"):
        return f"id:{row.text('id')}"
    return "\x1f".join([f"at:{time_us}", work_unit, row.text("product"), row.text("order"), row.text("reason")])
