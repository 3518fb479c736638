"""What does one row of a tariff table say? Its item, the date from which it holds, and the cells that belong to it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from config.fault import Fault
from config.table_file import Row, Table, number
from plant.instant import check_year, parse_iso_date
from plant.tariff import QUARTERS, DayType

COLUMNS = ("valid_from", "item", "season", "days", "band", "when", "value", "unit", "least", "most", "source")
MONEY_UNIT = re.compile(r"([A-Z]{3})/(kWh|kW)")
MOST_VALUE = 1e9
_HOURS = re.compile(r"([01]\d|2[0-3]):(00|15|30|45)-([01]\d|2[0-4]):(00|15|30|45)")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

_NONE: frozenset[int] = frozenset()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """What a row of one item may say: what `when` holds, its unit, the cells it needs and those it may have beside.

    unit: `/kWh` and `/kW` follow a currency; empty: none. bounds: of the value.
    """

    when: str = ""
    unit: str = ""
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    bounds: tuple[float, float] = (0.0, MOST_VALUE)


ITEMS = {
    "season": Item("months", needs=("season",)),
    "band": Item("hours", needs=("band",), may=("season", "days")),
    "price": Item("", "/kWh", ("band",), ("season",), bounds=(-MOST_VALUE, MOST_VALUE)),
    "discount": Item("hours", "ratio", may=("season", "days"), bounds=(0.0, 1.0)),
    "base_charge": Item("", "/kW"),
    "climate_charge": Item("", "/kWh", bounds=(-MOST_VALUE, MOST_VALUE)),
    "fuel_charge": Item("", "/kWh", bounds=(-MOST_VALUE, MOST_VALUE)),
    "billing_demand": Item("months", "month", may=("band",), bounds=(1.0, 120.0)),
    "contract_floor": Item("", "ratio", bounds=(0.0, 1.0)),
    "lagging_power_factor": Item("hours", "ratio", ("least", "most"), bounds=(0.0, 1.0)),
    "leading_power_factor": Item("hours", "ratio", ("least", "most"), bounds=(0.0, 1.0)),
    "lagging_surcharge": Item("", "ratio", bounds=(0.0, 1.0)),
    "lagging_rebate": Item("", "ratio", bounds=(0.0, 1.0)),
    "leading_surcharge": Item("", "ratio", bounds=(0.0, 1.0)),
    "leading_rebate": Item("", "ratio", bounds=(0.0, 1.0)),
    "power_factor_interval": Item("", "min", bounds=(0.0, 60.0)),
    "holiday": Item("dates"),
    "not_holiday": Item("dates"),
}
"""Everything that a row can be about."""


@dataclass(frozen=True, slots=True)
class TariffRow:
    """One row, read. Empty lists of seasons, days and bands mean all; when is numbers of months or quarter hours."""

    at: Row
    item: str
    valid_from: date
    source: str
    seasons: tuple[str, ...] = ()
    days: tuple[DayType, ...] = ()
    bands: tuple[str, ...] = ()
    when: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()
    value: float = 0.0
    least: float = 0.0
    most: float = 1.0
    currency: str = ""


def tariff_rows(table: Table) -> tuple[list[TariffRow], list[Fault]]:
    """The rows of a table that are sound, and what is wrong with the others."""
    rows, faults = [], list(table.faults)
    for row in table.rows:
        cells = _Cells(table, row)
        read = _row(cells)
        faults += cells.faults
        if read and not cells.faults:
            rows.append(read)
    return rows, faults


class _Cells:
    """The cells of a row; what cannot be read becomes a fault and a default."""

    def __init__(self, table: Table, row: Row) -> None:
        self.table, self.row = table, row
        self.faults: list[Fault] = []

    def read(self, heading: str, parse: Callable[[str], T], default: T) -> T:
        text = self.row.text(heading)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.refuse(heading, str(error))
            return default

    def refuse(self, heading: str, message: str) -> None:
        self.faults.append(self.table.fault(self.row, heading, message))


def _row(cells: _Cells) -> TariffRow | None:
    name = cells.row.text("item")
    item = ITEMS.get(name)
    if item is None:
        cells.refuse("item", f"must be one of {', '.join(ITEMS)}")
        return None
    _check_presence(cells, name, item)
    parse = {"months": _months, "hours": quarters_of}.get(item.when)
    row = TariffRow(
        at=cells.row,
        item=name,
        valid_from=cells.read("valid_from", _date, date.min),
        source=cells.row.text("source"),
        seasons=cells.read("season", _names, ()),
        days=cells.read("days", _days, ()),
        bands=cells.read("band", _names, ()),
        when=cells.read("when", parse, _NONE) if parse else _NONE,
        dates=cells.read("when", _dates, frozenset()) if item.when == "dates" else frozenset(),
        value=cells.read("value", number, 0.0),
        least=cells.read("least", _ratio, 0.0),
        most=cells.read("most", _ratio, 1.0),
        currency=cells.read("unit", lambda text: _currency(text, item.unit), ""),
    )
    _check_sense(cells, row, item)
    return row


def _check_presence(cells: _Cells, name: str, item: Item) -> None:
    needs = {"valid_from", "item", "source", *item.needs}
    needs |= {"when"} if item.when else set()
    needs |= {"value", "unit"} if item.unit else set()
    for heading in COLUMNS:
        if heading in needs and not cells.row.text(heading):
            cells.refuse(heading, f"is required for {name}")
        if heading not in needs and heading not in item.may and cells.row.text(heading):
            cells.refuse(heading, f"must be empty for {name}")


def _check_sense(cells: _Cells, row: TariffRow, item: Item) -> None:
    least, most = item.bounds
    if item.unit and not least <= row.value <= most:
        cells.refuse("value", f"must be from {least:g} to {most:g}")
    if row.item in ("season", "price", "band"):
        for heading, names in (("season", row.seasons), ("band", row.bands)):
            if len(names) > 1 and (heading == "band" or row.item == "season"):
                cells.refuse(heading, f"must be one {heading}; write a row for each")
    if row.least > row.most:
        cells.refuse("least", "must be at most most")
    if row.item == "power_factor_interval" and row.value not in (0, 15, 30, 60):
        cells.refuse("value", "must be 0, 15, 30 or 60")
    if row.item == "billing_demand" and row.value != int(row.value):
        cells.refuse("value", "must be a whole number of months")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")]


def _names(text: str) -> tuple[str, ...]:
    names = _parts(text)
    if any(not _NAME.fullmatch(name) for name in names):
        raise ValueError("must be names of a-z, 0-9 and _, as in spring_autumn; several are joined by ;")
    return tuple(dict.fromkeys(names))


def _days(text: str) -> tuple[DayType, ...]:
    try:
        return tuple(DayType(part) for part in dict.fromkeys(_parts(text)))
    except ValueError:
        raise ValueError(f"must be of {', '.join(DayType)}, joined by ;") from None


def _months(text: str) -> frozenset[int]:
    parts = _parts(text)
    if any(not re.fullmatch(r"[1-9]|1[0-2]", part) for part in parts):
        raise ValueError("must be months, as in 11;12;1;2")
    return frozenset(int(part) for part in parts)


def quarters_of(text: str) -> frozenset[int]:
    """Quarter hours of the day that hours cover; an end before its start is on the next day. Raises ValueError.

    >>> sorted(quarters_of("23:30-00:15;12:00-12:15"))
    [0, 48, 94, 95]
    """
    found: set[int] = set()
    for part in _parts(text):
        read = _HOURS.fullmatch(part)
        start, end = ((int(read[at]) * 60 + int(read[at + 1])) // 15 for at in (1, 3)) if read else (0, 0)
        if start == end or end > QUARTERS:
            raise ValueError("must be hours on quarter hours, as in 22:00-08:00;12:00-13:00, and 00:00-24:00 for a day")
        found |= {quarter % QUARTERS for quarter in range(start, end if end > start else end + QUARTERS)}
    return frozenset(found)


def _date(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("must be a date, as in 2026-06-01")
    day = parse_iso_date(text)
    check_year(day)
    return day


def _dates(text: str) -> frozenset[date]:
    found: set[date] = set()
    for part in _parts(text):
        found.add(_date(part))
    return frozenset(found)


def _ratio(text: str) -> float:
    value = number(text)
    if not 0 <= value <= 1:
        raise ValueError("must be from 0 to 1")
    return value


def _currency(text: str, unit: str) -> str:
    if not unit.startswith("/"):
        if text != unit:
            raise ValueError(f"must be {unit}")
        return ""
    read = MONEY_UNIT.fullmatch(text)
    if not read or f"/{read[2]}" != unit:
        raise ValueError(f"must be a currency of three letters and {unit}, as in KRW{unit}")
    return read[1]
