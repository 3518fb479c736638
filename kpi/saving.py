"""What is an improvement worth in a year? One line for each cause, at dated prices, less what it costs to run.

What was saved is counted in units (defects, hours, kWh, late lines), priced as of its own period, and annualised by
working days, of which months have different numbers. No cause has two lines: no piece, hour or kWh is counted twice.
Below 0 is money lost; it is kept, never cut. All money is in the currency of the prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite

from kpi.finite import finite
from kpi.price import PriceVersion, price_on

MONTHS = 12


class Cause(StrEnum):
    """Where money is saved, in the order of a statement.

    quality: fewer pieces scrapped or reworked. productivity: hours that were really saved or sold. energy, fuel:
    against what the baseline expects. demand: billed kW. delivery: penalties and express freight avoided. stock:
    capital set free.
    """

    QUALITY = "quality"
    PRODUCTIVITY = "productivity"
    ENERGY = "energy"
    DEMAND = "demand"
    FUEL = "fuel"
    DELIVERY = "delivery"
    STOCK = "stock"


class NoSaving(StrEnum):
    """Why a line has no value.

    no_amount: nothing was measured. no_price: a period has none. no_working_days: none measured, or none in a year.
    not_finite: the money is too large for a number.
    """

    NO_AMOUNT = "no_amount"
    NO_PRICE = "no_price"
    NO_WORKING_DAYS = "no_working_days"
    NOT_FINITE = "not_finite"


@dataclass(frozen=True, slots=True)
class SavedAmount:
    """Units saved in one period, below 0 where more was used; day: the first one of the period."""

    day: date
    amount: float


@dataclass(frozen=True, slots=True)
class SavedItem:
    """One kind of unit that a cause saves, with its prices: scrapped and reworked pieces, or kWh of each tariff band.

    A scrapped piece is worth material + conversion cost - scrap value, a reworked one its rework cost.
    """

    name: str
    saved: Sequence[SavedAmount]
    prices: Sequence[PriceVersion]


@dataclass(frozen=True, slots=True)
class PricedAmount:
    """Units of one item that were saved, and the price of one on that day."""

    name: str
    saved: SavedAmount
    price: PriceVersion


@dataclass(frozen=True, slots=True)
class SavingLine:
    """What one cause saves. yearly: money a year; measured: money of the measured periods, None where none were.

    one_time: money set free once, not part of any year. without_price: items and periods that have no price. reason:
    why there is no value, None where there is. priced: what `measured` is the sum of. working_days: of the measured
    periods, and working_days_a_year, by which it was annualised; None where it was not. coverage: share (0 to 1) that
    is known of what was to be measured, 1 where nothing was; flags: remarks on it, of `kpi.element.FLAGS`.
    """

    cause: Cause
    yearly: float | None
    measured: float | None = None
    one_time: float = 0.0
    without_price: tuple[tuple[str, date], ...] = ()
    reason: NoSaving | None = None
    priced: tuple[PricedAmount, ...] = ()
    working_days: int | None = None
    working_days_a_year: int | None = None
    coverage: float = 1.0
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SavingStatement:
    """All lines, one a cause, and what is left of them in a year.

    gross: sum of the lines that have a value, None where none has; without_value: causes of the others. net: gross less
    running cost. one_time: money set free once, in neither; None if too large. payback_months: None unless net is above
    0 and an investment is given.
    """

    lines: tuple[SavingLine, ...]
    gross: float | None
    running_cost: float
    net: float | None
    one_time: float | None
    payback_months: float | None
    without_value: tuple[Cause, ...]
    investment: float | None = None

    @property
    def coverage(self) -> float:
        """That of the line that is known least; 1 without lines."""
        return min((line.coverage for line in self.lines), default=1.0)

    @property
    def flags(self) -> frozenset[str]:
        """Those of all lines."""
        return frozenset[str]().union(*(line.flags for line in self.lines))


def measured_saving(
    cause: Cause, items: Sequence[SavedItem], measured_working_days: int, yearly_working_days: int
) -> SavingLine:
    """The line of a cause from measured periods: sum of amounts x prices, x yearly / measured working days.

    measured_working_days: of all the periods together. A period without a price leaves the line without a value, as the
    rest alone would be taken for the whole. Raises ValueError for two versions of a price from one day.

    >>> saved = [SavedAmount(date(2026, 6, 1), 100.0), SavedAmount(date(2026, 7, 1), 50.0)]
    >>> prices = [PriceVersion(date(2026, 1, 1), 4000.0), PriceVersion(date(2026, 7, 1), 4200.0)]
    >>> line = measured_saving(Cause.QUALITY, [SavedItem("scrap", saved, prices)], 42, 252)
    >>> line.measured, line.yearly
    (610000.0, 3660000.0)
    """
    amounts = [(item.name, saved, price_on(item.prices, saved.day)) for item in items for saved in item.saved]
    without = tuple((name, saved.day) for name, saved, version in amounts if version is None)
    priced = tuple(PricedAmount(name, saved, version) for name, saved, version in amounts if version is not None)
    money = sum(one.saved.amount * one.price.price for one in priced)
    if not amounts:
        return SavingLine(cause, None, reason=NoSaving.NO_AMOUNT)
    if without:
        return SavingLine(cause, None, without_price=without, reason=NoSaving.NO_PRICE)
    if not isfinite(money):
        return SavingLine(cause, None, reason=NoSaving.NOT_FINITE)
    no_days = measured_working_days <= 0 or yearly_working_days <= 0
    line = SavingLine(
        cause,
        yearly=None if no_days else money * (yearly_working_days / measured_working_days),
        measured=money,
        reason=NoSaving.NO_WORKING_DAYS if no_days else None,
        priced=priced,
        working_days=measured_working_days,
        working_days_a_year=yearly_working_days,
    )
    return _checked(line)


def demand_saving(before_kw: float, now_kw: float, prices: Sequence[PriceVersion], day: date) -> SavingLine:
    """The line of billed demand: kW saved x base charge a kW and month as of a day x 12.

    >>> demand_saving(628.0, 600.0, [PriceVersion(date(2026, 1, 1), 8320.0)], date(2026, 11, 1)).yearly
    2795520.0
    """
    version = price_on(prices, day)
    if version is None:
        return SavingLine(Cause.DEMAND, None, without_price=(("demand", day),), reason=NoSaving.NO_PRICE)
    saved_kw = before_kw - now_kw
    priced = (PricedAmount("demand", SavedAmount(day, saved_kw), version),)
    return _checked(SavingLine(Cause.DEMAND, saved_kw * version.price * MONTHS, priced=priced))


def stock_saving(before_value: float, now_value: float, carrying_rate: float) -> SavingLine:
    """The line of stock: value set free x carrying rate a year [ratio]; the release itself is one_time.

    >>> line = stock_saving(50e6, 40e6, 0.125)
    >>> line.yearly, line.one_time
    (1250000.0, 10000000.0)
    """
    released = before_value - now_value
    return _checked(SavingLine(Cause.STOCK, released * carrying_rate, one_time=released))


def saved_hours(units_per_h_before: float, units_per_h_now: float, good_units: float) -> float | None:
    """Machine or labour hours that good units take less than before: (1 / before - 1 / now) x units [h].

    None unless both rates are above 0. They count only if the hours are really saved or sold.

    >>> saved_hours(50.0, 60.0, 3000.0)
    10.0
    """
    if units_per_h_before <= 0 or units_per_h_now <= 0:
        return None
    return finite(good_units / units_per_h_before - good_units / units_per_h_now)


def saving_statement(
    lines: Sequence[SavingLine], running_cost: float = 0.0, investment: float | None = None
) -> SavingStatement:
    """What is left of all lines, and when an investment is paid back: investment x 12 / net.

    running_cost: a year. investment: None leaves payback_months None. Raises ValueError for two lines of one cause.

    >>> lines = [SavingLine(Cause.ENERGY, 8e6), SavingLine(Cause.QUALITY, 20e6)]
    >>> found = saving_statement(lines, running_cost=4e6, investment=48e6)
    >>> found.gross, found.net, found.payback_months, [line.cause.value for line in found.lines]
    (28000000.0, 24000000.0, 24.0, ['quality', 'energy'])
    """
    causes = [line.cause for line in lines]
    doubled = sorted({cause for cause in causes if causes.count(cause) > 1})
    if doubled:
        raise ValueError(f"counted twice: {', '.join(doubled)}")
    ordered = tuple(sorted(lines, key=lambda line: list(Cause).index(line.cause)))
    yearly = [line.yearly for line in ordered if line.yearly is not None]
    gross = finite(sum(yearly)) if yearly else None
    net = None if gross is None else finite(gross - running_cost)
    return SavingStatement(
        lines=ordered,
        gross=gross,
        running_cost=running_cost,
        net=net,
        one_time=finite(sum(line.one_time for line in ordered)),
        payback_months=finite(investment * MONTHS / net) if net and net > 0 and investment is not None else None,
        without_value=tuple(line.cause for line in ordered if line.yearly is None),
        investment=investment,
    )


def _checked(line: SavingLine) -> SavingLine:
    """The line, or one without value if its money is too large for a number."""
    if all(isfinite(money) for money in (line.yearly or 0.0, line.one_time)):
        return line
    return SavingLine(line.cause, None, reason=NoSaving.NOT_FINITE)
