"""What do the rows of a tariff table that hold on one date amount to? A complete version, or what it lacks."""

from collections.abc import Mapping, Sequence
from datetime import date

from config.fault import Fault
from config.table_file import Table
from config.tariff_rows import TariffRow
from plant.tariff import QUARTERS, BillingRule, DayType, PowerFactorRule, Rate, TariffVersion

Rows = Mapping[str, Sequence[TariffRow]]
"""The rows that hold, by item."""

_MONTHS = range(1, 13)
_PER_KWH = {"climate_charge": "climate", "fuel_charge": "fuel"}
_SINGLE = (
    *("base_charge", "billing_demand", "contract_floor", "power_factor_interval", *_PER_KWH),
    *(f"{side}_{what}" for side in ("lagging", "leading") for what in ("power_factor", "surcharge", "rebate")),
)


def version_of(table: Table, day: date, rows: Rows) -> tuple[TariffVersion, list[Fault]]:
    """What holds from a date on, and what is wrong with it: holes, overlaps, and rows that stand twice.

    rows: at least one each of season, band and price. A version with faults must not be used.
    """
    faults: list[Fault] = []
    seasons = _seasons(table, rows["season"], faults)
    bands = _bands(table, rows["band"], sorted(set(seasons) - {""}), faults)
    prices = _prices(table, rows["price"], sorted(set(seasons) - {""}), faults)
    for season, band in sorted({(key[0], band) for key, day_bands in bands.items() for band in day_bands if band}):
        if (season, band) not in prices:
            message = f"no row gives the price of {band} in {season}"
            faults.append(table.fault(rows["price"][0].at, "band", message))
    again = [row for item in _SINGLE for row in rows.get(item, ())[1:]]
    faults += [table.fault(row.at, "item", f"{row.item} stands twice from the same date on") for row in again]
    version = TariffVersion(
        valid_from=day,
        seasons=seasons,
        bands=bands,
        prices=prices,
        discounts=_discounts(table, rows.get("discount", ()), sorted(set(seasons)), faults),
        base_charge=_rate(rows, "base_charge"),
        per_kwh={name: rate for item, name in _PER_KWH.items() if (rate := _rate(rows, item))},
        billing=_billing(rows),
        lagging=_power_factor(rows, "lagging"),
        leading=_power_factor(rows, "leading"),
    )
    return version, faults


def _seasons(table: Table, rows: Sequence[TariffRow], faults: list[Fault]) -> tuple[str, ...]:
    found: dict[int, str] = {}
    for row in rows:
        for month in sorted(row.when):
            if month in found:
                faults.append(table.fault(row.at, "when", f"month {month} is in {found[month]} too"))
            found[month] = row.seasons[0]
    missing = [str(month) for month in _MONTHS if month not in found]
    if missing:
        faults.append(table.fault(rows[0].at, "when", f"no season has month {', '.join(missing)}"))
    return tuple(found.get(month, "") for month in _MONTHS)


def _bands(
    table: Table, rows: Sequence[TariffRow], seasons: Sequence[str], faults: list[Fault]
) -> dict[tuple[str, DayType], tuple[str, ...]]:
    found = {(season, kind): [""] * QUARTERS for season in seasons for kind in DayType}
    for row in rows:
        clashes: dict[str, tuple[tuple[str, DayType], int]] = {}
        for key in _days_of(row, seasons):
            for quarter in sorted(row.when):
                if found[key][quarter]:
                    clashes.setdefault(found[key][quarter], (key, quarter))
                found[key][quarter] = row.bands[0]
        for band, (key, quarter) in clashes.items():
            message = f"{_clock(quarter)} of {key[1]} days in {key[0]} is in {band} too"
            faults.append(table.fault(row.at, "when", message))
    for (season, kind), day in found.items():
        if "" in day:
            message = f"no band has {_clock(day.index(''))} of {kind} days in {season}"
            faults.append(table.fault(rows[0].at, "when", message))
    return {key: tuple(day) for key, day in found.items()}


def _prices(
    table: Table, rows: Sequence[TariffRow], seasons: Sequence[str], faults: list[Fault]
) -> dict[tuple[str, str], Rate]:
    found: dict[tuple[str, str], Rate] = {}
    for row in rows:
        for season in row.seasons or seasons:
            key = (season, row.bands[0])
            if key in found:
                faults.append(table.fault(row.at, "band", f"the price of {key[1]} in {season} stands twice"))
            found[key] = _rate_of(row)
    return found


def _discounts(
    table: Table, rows: Sequence[TariffRow], seasons: Sequence[str], faults: list[Fault]
) -> dict[tuple[str, DayType], tuple[float, ...]]:
    found: dict[tuple[str, DayType], list[float]] = {}
    taken: set[tuple[tuple[str, DayType], int]] = set()
    for row in rows:
        slots = {(key, quarter) for key in _days_of(row, seasons) for quarter in row.when}
        if slots & taken:
            faults.append(table.fault(row.at, "when", "another discount holds at the same time"))
        taken |= slots
        for key, quarter in slots:
            found.setdefault(key, [0.0] * QUARTERS)[quarter] = row.value
    return {key: tuple(day) for key, day in found.items() if any(day)}


def _days_of(row: TariffRow, seasons: Sequence[str]) -> list[tuple[str, DayType]]:
    named = [season for season in seasons if season in row.seasons] if row.seasons else seasons
    return [(season, kind) for season in named for kind in row.days or DayType]


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


def _rate_of(row: TariffRow) -> Rate:
    return Rate(row.value, row.valid_from, row.source)


def _rate(rows: Rows, item: str) -> Rate | None:
    return _rate_of(rows[item][0]) if item in rows else None


def _value(rows: Rows, item: str) -> float:
    return rows[item][0].value if item in rows else 0.0


def _billing(rows: Rows) -> BillingRule | None:
    if "billing_demand" not in rows:
        return None
    row = rows["billing_demand"][0]
    floor = _value(rows, "contract_floor") if "contract_floor" in rows else None
    return BillingRule(row.when, frozenset(row.bands), int(row.value), floor, row.source)


def _power_factor(rows: Rows, side: str) -> PowerFactorRule | None:
    if f"{side}_power_factor" not in rows:
        return None
    row = rows[f"{side}_power_factor"][0]
    return PowerFactorRule(
        quarters=row.when,
        standard=row.value,
        least=row.least,
        most=row.most,
        surcharge=_value(rows, f"{side}_surcharge"),
        rebate=_value(rows, f"{side}_rebate"),
        interval_min=int(_value(rows, "power_factor_interval")),
        source=row.source,
    )
