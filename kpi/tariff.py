"""What did the electricity cost? Each quarter hour by the band and the price that held then.

The bands of a contract follow civil time, whatever the plant's production day, and its own calendar: public holidays,
not the days on which the plant rests.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from math import isfinite
from zoneinfo import ZoneInfo

import numpy as np

from kpi.civil_time import civil_date, civil_times
from kpi.demand import Blocks
from kpi.energy import EnergyUse
from kpi.outcome import Outcome, Reason, absent
from plant.reading import I64
from plant.tariff import QUARTERS, DayType, Rate, Tariff, TariffVersion


@dataclass(frozen=True, slots=True)
class BandPrice:
    """What a kWh costs in one band of one season: the table's rate, less a discount (share, 0 to 1)."""

    season: str
    band: str
    rate: Rate
    discount: float = 0.0

    @property
    def per_kwh(self) -> float:
        """Price of a kWh [currency]."""
        return self.rate.value * (1.0 - self.discount)


@dataclass(frozen=True, slots=True, eq=False)
class BandedQuarterHours:
    """The price of each quarter hour: its place in `kinds`, -1 where no version of the tariff is valid."""

    kinds: tuple[BandPrice, ...]
    which: I64


@dataclass(frozen=True, slots=True)
class CostLine:
    """Energy and cost of one band at one price: quarter hours, kWh, currency/kWh, currency.

    valid_from, source: of the price.
    """

    season: str
    band: str
    quarter_hours: int
    kwh: float
    per_kwh: float
    cost: float
    valid_from: date
    source: str


def banded(
    start_us: I64, tariff: Tariff, zone: ZoneInfo, public_holidays: Container[date] = frozenset()
) -> BandedQuarterHours:
    """The band and price of each quarter hour that starts at these instants [us], by the civil time of the zone."""
    times = civil_times(start_us, zone)
    days, of_day = np.unique(times.days, return_inverse=True)
    places: dict[BandPrice, int] = {}
    rows: dict[tuple[date, str, DayType], I64] = {}
    table = np.full((len(days), QUARTERS), -1, dtype=np.int64)
    for row, number in enumerate(days.tolist()):
        day = civil_date(number)
        version = tariff.version_on(day)
        if version is None:
            continue
        season, kind = version.seasons[day.month - 1], tariff.day_type(day, public_holidays)
        key = (version.valid_from, season, kind)
        if key not in rows:
            rows[key] = _places(version, season, kind, places)
        table[row] = rows[key]
    return BandedQuarterHours(tuple(places), table[of_day, times.quarters])


def _places(version: TariffVersion, season: str, kind: DayType, places: dict[BandPrice, int]) -> I64:
    bands = version.bands[season, kind]
    discounts = version.discounts.get((season, kind), (0.0,) * QUARTERS)
    slots = list(zip(bands, discounts, strict=True))
    found = {}
    for band, discount in dict.fromkeys(slots):
        price = BandPrice(season, band, version.prices[season, band], discount)
        found[band, discount] = places.setdefault(price, len(places))
    return np.array([found[slot] for slot in slots], dtype=np.int64)


def cost_lines(
    blocks: Blocks, tariff: Tariff, zone: ZoneInfo, public_holidays: Container[date] = frozenset()
) -> tuple[CostLine, ...] | None:
    """Energy and cost by price, season and band, in that order; None where a quarter hour has no price.

    Only bands that occur have a line; no quarter hours give no lines.
    """
    found = banded(blocks.start_us, tariff, zone, public_holidays)
    if (found.which < 0).any():
        return None
    n = len(found.kinds)
    kwh = np.bincount(found.which, blocks.kwh, n).tolist()
    count = np.bincount(found.which, minlength=n).tolist()
    lines = [
        CostLine(
            season=kind.season,
            band=kind.band,
            quarter_hours=count[at],
            kwh=kwh[at],
            per_kwh=kind.per_kwh,
            cost=kwh[at] * kind.per_kwh,
            valid_from=kind.rate.valid_from,
            source=kind.rate.source,
        )
        for at, kind in enumerate(found.kinds)
        if count[at]
    ]
    return tuple(sorted(lines, key=lambda line: (line.valid_from, line.season, line.band, line.per_kwh)))


def energy_cost(
    use: EnergyUse, tariff: Tariff | None, zone: ZoneInfo, public_holidays: Container[date] = frozenset()
) -> Outcome:
    """Cost of the energy used [currency]: kWh of each quarter hour times the price of its band.

    Base charge, power factor item, charges on every kWh and taxes are apart. Nothing is priced in part: `no_price`
    without a tariff, and where any quarter hour of the period has none. With a low coverage the cost is a lower bound,
    as the energy is; quarter hours that are estimated are priced and flagged. Without a quarter hour that starts in
    the period: `low_coverage`.
    """
    energy, blocks = use.energy_kwh, use.blocks
    if energy is None or blocks is None:
        return absent(Reason.NO_SOURCE)
    lines = cost_lines(blocks, tariff, zone, public_holidays) if tariff is not None else None
    flags = energy.flags | ({"estimated"} if blocks.estimated.any() else set())
    cost = sum(line.cost for line in lines or ())
    if lines is None or not isfinite(cost):
        return Outcome(None, coverage=energy.coverage, flags=flags, reason=Reason.NO_PRICE)
    if energy.value is None or not lines:
        return Outcome(None, coverage=energy.coverage, flags=flags, reason=Reason.LOW_COVERAGE)
    return Outcome(cost, cost, None, energy.coverage, flags)
