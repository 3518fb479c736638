"""What does a supply contract charge for electricity? Seasons, bands of the day, prices and rules, dated.

A tariff is a series of versions, each complete and valid until the next; before the first there is no price.
"""

from bisect import bisect_right
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

QUARTERS = 96
"""Quarter hours of a civil day; number 0 begins at midnight."""


class DayType(StrEnum):
    """Kinds of day that a contract may treat apart; a holiday is one whatever its weekday."""

    WORKING = "working"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Rate:
    """One number of a tariff table: the civil date from which it holds, and where it is from."""

    value: float
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class BillingRule:
    """Which peaks decide the billing demand.

    months: those whose peaks count (1 to 12), beside the billing month itself, within the last `window_months` months,
    the billing month included. bands: those whose quarter hours count; none: all. floor_ratio: least billing demand
    as a share of the contract power (0 to 1); None: there is none.
    """

    months: frozenset[int]
    bands: frozenset[str] = frozenset()
    window_months: int = 12
    floor_ratio: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class PowerFactorRule:
    """How a power factor changes the base charge.

    quarters: quarter hours of the civil day that are judged. standard: the power factor (0 to 1) at which nothing is
    added; least, most: what lies beyond counts as these. surcharge, rebate: share of the base charge for each
    percentage point below and above standard. interval_min: the mean of the power factors of so many minutes counts,
    each within least and most; 0: the power factor of the sums over the billing month.
    """

    quarters: frozenset[int]
    standard: float
    least: float = 0.0
    most: float = 1.0
    surcharge: float = 0.0
    rebate: float = 0.0
    interval_min: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """Everything that holds from a civil date on, until the next version.

    seasons: the season of each month, January first. bands: by season and kind of day, the band of each quarter hour.
    prices: by season and band [currency/kWh]. discounts: by season and kind of day, the share (0 to 1) taken off the
    price of each quarter hour; absent: nothing. base_charge: [currency/kW] of billing demand a month. per_kwh: further
    charges on every kWh by name [currency/kWh], such as climate and fuel; they may be negative.
    """

    valid_from: date
    seasons: tuple[str, ...]
    bands: Mapping[tuple[str, DayType], tuple[str, ...]]
    prices: Mapping[tuple[str, str], Rate]
    discounts: Mapping[tuple[str, DayType], tuple[float, ...]] = field(default_factory=dict)
    base_charge: Rate | None = None
    per_kwh: Mapping[str, Rate] = field(default_factory=dict)
    billing: BillingRule | None = None
    lagging: PowerFactorRule | None = None
    leading: PowerFactorRule | None = None


@dataclass(frozen=True, slots=True)
class Tariff:
    """A contract's prices over time: versions in order of date, at least one.

    holidays, not_holidays: dates on which the contract differs from the public calendar.
    """

    name: str
    currency: str
    versions: tuple[TariffVersion, ...]
    holidays: frozenset[date] = frozenset()
    not_holidays: frozenset[date] = frozenset()

    def version_on(self, day: date) -> TariffVersion | None:
        """The version valid on a civil date; None before the first."""
        at = bisect_right(self.versions, day, key=lambda version: version.valid_from)
        return self.versions[at - 1] if at else None

    def day_type(self, day: date, public_holidays: Container[date] = frozenset()) -> DayType:
        """The kind of a civil date, by weekday, the public holidays given and the contract's own."""
        if day in self.holidays or (day not in self.not_holidays and day in public_holidays):
            return DayType.HOLIDAY
        return {5: DayType.SATURDAY, 6: DayType.SUNDAY}.get(day.weekday(), DayType.WORKING)
