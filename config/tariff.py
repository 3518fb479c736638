"""Which tariff does a plant pay by? A table shipped in config/tariffs, or a CSV file of the plant's own.

Rows of one item with one valid_from belong together; they hold until the next date on which the item has rows.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from config.document import Document
from config.fault import Fault, InputError, file_fault
from config.table_file import Table, read_table
from config.tariff_rows import COLUMNS, TariffRow, tariff_rows
from config.tariff_version import version_of
from plant.tariff import Tariff

TARIFFS = Path(__file__).parent / "tariffs"
MOST_ROWS = 2000
_CORE = ("season", "band", "price")
_DATES = ("holiday", "not_holiday")


def shipped_tariffs() -> list[str]:
    """Names of the tables in config/tariffs."""
    return sorted(file.stem for file in TARIFFS.glob("*.csv"))


def load_tariff(name: str, folder: Path) -> Tariff:
    """The tariff of this name: a shipped table, or a CSV file relative to a folder.

    Raises InputError with every fault found; for a name that is neither, one that lists the known names.
    """
    if name in shipped_tariffs():
        return _tariff(name, read_table(TARIFFS / f"{name}.csv", COLUMNS))
    if not name.lower().endswith(".csv"):
        raise InputError([Fault(name, None, None, "", _known())])
    return _tariff(name, read_table(folder / name, COLUMNS))


def check_tariff(document: Document, folder: Path) -> Tariff | None:
    """The tariff that a site file names, if it names one; what is wrong with it becomes a fault of the document."""
    energy = document.data.get("energy")
    written = energy.get("tariff") if isinstance(energy, dict) else None
    if written is None or isinstance(written, bool | dict | list):
        return None  # for the check of settings to name
    at = ("energy", "tariff")
    name = str(getattr(written, "written", written))
    if name not in shipped_tariffs() and not name.lower().endswith(".csv"):
        document.faults.append(document.fault(at, _known()))
        return None
    try:
        return load_tariff(name, folder)
    except InputError as error:
        where = document.fault(at, "")
        for fault in error.faults:
            message = f"{fault.file} {fault.key + ': ' if fault.key else ''}{fault.message}"
            named = Fault(where.file, where.line, where.column, where.key, message)
            document.faults.append(fault if fault.line else named)
    return None


def _known() -> str:
    return f"must be one of {', '.join(shipped_tariffs())}, or the name of a .csv file"


def _tariff(name: str, table: Table) -> Tariff:
    if len(table.rows) > MOST_ROWS:
        raise file_fault(table.path, f"must not have more than {MOST_ROWS} rows")
    unknown = [
        Fault(str(table.path), 1, column, heading, f"unknown heading; must be one of {', '.join(COLUMNS)}")
        for column, heading in enumerate(table.headings, 1)
        if heading and heading not in COLUMNS
    ]
    rows, faults = tariff_rows(table)
    faults = [*unknown, *faults, *_disagreements(table, rows)]
    if faults:
        raise InputError(faults)
    sets = _sets(rows)
    absent = [item for item in _CORE if item not in sets]
    if absent:
        raise file_fault(table.path, f"has no row of item {', '.join(absent)}; a tariff needs one at least")
    start = max(min(sets[item]) for item in _CORE)
    dates = sorted({start, *(day for item in sets.values() for day in item if day > start)})
    versions = [version_of(table, day, _valid_on(sets, day)) for day in dates]
    found = dict.fromkeys(fault for _, wrong in versions for fault in wrong)
    if found:
        raise InputError(found)
    return Tariff(
        name=name,
        currency=next(row.currency for row in rows if row.item == "price"),
        versions=tuple(version for version, _ in versions),
        holidays=_named_dates(rows, "holiday"),
        not_holidays=_named_dates(rows, "not_holiday"),
    )


def _sets(rows: Sequence[TariffRow]) -> dict[str, dict[date, list[TariffRow]]]:
    sets: dict[str, dict[date, list[TariffRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.item not in _DATES:
            sets[row.item][row.valid_from].append(row)
    return sets


def _valid_on(sets: Mapping[str, Mapping[date, list[TariffRow]]], day: date) -> dict[str, list[TariffRow]]:
    newest = {item: max((start for start in dated if start <= day), default=None) for item, dated in sets.items()}
    return {item: sets[item][start] for item, start in newest.items() if start is not None}


def _named_dates(rows: Sequence[TariffRow], item: str) -> frozenset[date]:
    return frozenset(day for row in rows if row.item == item for day in row.dates)


def _disagreements(table: Table, rows: Sequence[TariffRow]) -> Iterator[Fault]:
    """Currencies that differ, and names of seasons and bands that no row of the table introduces."""
    first = next((row.currency for row in rows if row.currency), "")
    seasons = {name for row in rows if row.item == "season" for name in row.seasons}
    bands = {name for row in rows if row.item == "band" for name in row.bands}
    for row in rows:
        if row.currency and row.currency != first:
            yield table.fault(row.at, "unit", f"must be in {first}, as the rows before it are")
        if seasons and not seasons.issuperset(row.seasons):
            yield table.fault(row.at, "season", f"must be of {', '.join(sorted(seasons))}: the rows of item season")
        if bands and not bands.issuperset(row.bands):
            yield table.fault(row.at, "band", f"must be of {', '.join(sorted(bands))}: the rows of item band")
