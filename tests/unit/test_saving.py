"""Savings: one line a cause, dated prices, a year by working days, net and payback."""

from datetime import date
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.price import PriceVersion
from kpi.saving import (
    Cause,
    NoSaving,
    PricedAmount,
    SavedAmount,
    SavedItem,
    SavingLine,
    demand_saving,
    measured_saving,
    saved_hours,
    saving_statement,
    stock_saving,
)

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
OF_2026 = date(2026, 1, 1)


def item(name: str, price: float, *amounts: float) -> SavedItem:
    return SavedItem(name, [SavedAmount(JUNE, amount) for amount in amounts], [PriceVersion(OF_2026, price)])


def test_a_cause_adds_up_its_items_and_is_annualised_by_working_days() -> None:
    # 100 x 4000 + 30 x 1500 = 445000 in 21 working days; x 252 / 21 = 5340000
    line = measured_saving(Cause.QUALITY, [item("scrap", 4000.0, 60.0, 40.0), item("rework", 1500.0, 30.0)], 21, 252)
    assert (line.yearly, line.measured, line.reason) == (5_340_000.0, 445_000.0, None)
    assert (line.working_days, line.working_days_a_year) == (21, 252)
    scrap, rework = PriceVersion(OF_2026, 4000.0), PriceVersion(OF_2026, 1500.0)
    assert line.priced == (
        PricedAmount("scrap", SavedAmount(JUNE, 60.0), scrap),
        PricedAmount("scrap", SavedAmount(JUNE, 40.0), scrap),
        PricedAmount("rework", SavedAmount(JUNE, 30.0), rework),
    )


def test_each_period_has_the_price_of_its_own_date() -> None:
    # June 1000 kWh x 150, July 1000 kWh x 160
    saved = [SavedAmount(JUNE, 1000.0), SavedAmount(JULY, 1000.0)]
    prices = [PriceVersion(JULY, 160.0), PriceVersion(OF_2026, 150.0)]
    assert measured_saving(Cause.ENERGY, [SavedItem("kWh", saved, prices)], 44, 44).yearly == 310_000.0


def test_a_period_before_the_first_price_leaves_no_value_and_is_named() -> None:
    saved = [SavedAmount(JUNE, 1000.0), SavedAmount(JULY, 1000.0)]
    line = measured_saving(Cause.FUEL, [SavedItem("MJ", saved, [PriceVersion(JULY, 20.0)])], 44, 252)
    assert line == SavingLine(Cause.FUEL, None, without_price=(("MJ", JUNE),), reason=NoSaving.NO_PRICE)


def test_nothing_measured_is_not_a_saving_of_nothing() -> None:
    assert measured_saving(Cause.ENERGY, [], 21, 252).reason is NoSaving.NO_AMOUNT
    assert measured_saving(Cause.ENERGY, [item("kWh", 160.0)], 21, 252).reason is NoSaving.NO_AMOUNT
    assert measured_saving(Cause.ENERGY, [item("kWh", 160.0, 0.0)], 21, 252).yearly == 0.0


@pytest.mark.parametrize(("measured", "yearly"), [(0, 252), (21, 0), (-1, 252)])
def test_without_working_days_there_is_no_year(measured: int, yearly: int) -> None:
    line = measured_saving(Cause.ENERGY, [item("kWh", 160.0, 10.0)], measured, yearly)
    assert (line.yearly, line.measured, line.reason) == (None, 1600.0, NoSaving.NO_WORKING_DAYS)
    assert (line.working_days, line.working_days_a_year) == (measured, yearly)


def test_a_loss_is_kept() -> None:
    assert measured_saving(Cause.ENERGY, [item("kWh", 160.0, -10.0)], 1, 252).yearly == -403_200.0


def test_billed_demand_is_saved_in_each_of_twelve_months() -> None:
    # (628.72 - 600) kW x 8320 x 12
    line = demand_saving(628.72, 600.0, [PriceVersion(OF_2026, 8320.0)], JUNE)
    assert line.yearly == pytest.approx(28.72 * 8320 * 12)
    assert (line.measured, line.working_days) == (None, None)
    assert [(one.name, one.price.price) for one in line.priced] == [("demand", 8320.0)]
    missing = demand_saving(628.72, 600.0, [PriceVersion(JULY, 8320.0)], JUNE)
    assert missing == SavingLine(Cause.DEMAND, None, without_price=(("demand", JUNE),), reason=NoSaving.NO_PRICE)


def test_stock_saves_its_carrying_cost_and_shows_the_release_apart() -> None:
    line = stock_saving(50e6, 42e6, 0.125)
    assert (line.yearly, line.one_time) == (1e6, 8e6)


def test_hours_are_saved_where_units_are_made_faster() -> None:
    # 3000 units: 60 h at 50 an hour, 50 h at 60 an hour
    assert saved_hours(50.0, 60.0, 3000.0) == 10.0
    assert saved_hours(60.0, 50.0, 3000.0) == -10.0
    assert saved_hours(0.0, 50.0, 3000.0) is None
    assert saved_hours(50.0, -1.0, 3000.0) is None
    assert saved_hours(1e-300, 1.0, 1e300) is None


def test_a_statement_has_gross_net_and_payback() -> None:
    # 20 + 8 = 28 million gross, 24 net; 48 x 12 / 24 = 24 months
    lines = [SavingLine(Cause.ENERGY, 8e6, 2e6), SavingLine(Cause.QUALITY, 20e6), stock_saving(5e6, 5e6, 0.1)]
    found = saving_statement(lines, running_cost=4e6, investment=48e6)
    assert (found.gross, found.running_cost, found.net, found.payback_months) == (28e6, 4e6, 24e6, 24.0)
    assert [line.cause for line in found.lines] == [Cause.QUALITY, Cause.ENERGY, Cause.STOCK]
    assert (found.one_time, found.without_value, found.investment) == (0.0, (), 48e6)


@pytest.mark.parametrize("running_cost", [8e6, 9e6])
def test_what_does_not_earn_its_running_cost_never_pays_back(running_cost: float) -> None:
    found = saving_statement([SavingLine(Cause.ENERGY, 8e6)], running_cost, investment=1e6)
    assert found.net == 8e6 - running_cost
    assert found.payback_months is None


def test_without_an_investment_there_is_no_payback() -> None:
    assert saving_statement([SavingLine(Cause.ENERGY, 8e6)]).payback_months is None
    assert saving_statement([SavingLine(Cause.ENERGY, 8e6)], investment=0.0).payback_months == 0.0


def test_a_release_of_capital_is_in_no_year() -> None:
    found = saving_statement([stock_saving(50e6, 42e6, 0.125)], investment=2e6)
    assert (found.gross, found.net, found.one_time, found.payback_months) == (1e6, 1e6, 8e6, 24.0)


def test_a_line_without_value_is_shown_and_adds_nothing() -> None:
    missing = SavingLine(Cause.FUEL, None, reason=NoSaving.NO_PRICE)
    found = saving_statement([missing, SavingLine(Cause.ENERGY, 8e6)])
    assert (found.gross, found.without_value, len(found.lines)) == (8e6, (Cause.FUEL,), 2)


@pytest.mark.parametrize("lines", [[], [SavingLine(Cause.FUEL, None)]])
def test_without_any_value_nothing_is_known(lines: list[SavingLine]) -> None:
    found = saving_statement(lines, 1e6, 1e6)
    assert (found.gross, found.net, found.payback_months) == (None, None, None)


def test_a_statement_is_known_as_well_as_its_least_known_line() -> None:
    quality = SavingLine(Cause.QUALITY, 1.0, coverage=0.9, flags=frozenset({"manual"}))
    energy = SavingLine(Cause.ENERGY, 1.0, coverage=0.97, flags=frozenset({"estimated"}))
    found = saving_statement([quality, energy, SavingLine(Cause.DELIVERY, None, reason=NoSaving.NO_AMOUNT)])
    assert (found.coverage, found.flags) == (0.9, {"manual", "estimated"})
    assert (saving_statement([]).coverage, saving_statement([]).flags) == (1.0, frozenset())


def test_the_same_cause_is_never_counted_twice() -> None:
    lines = [SavingLine(cause, 1.0) for cause in (Cause.QUALITY, Cause.ENERGY, Cause.QUALITY, Cause.ENERGY)]
    with pytest.raises(ValueError, match="counted twice: energy, quality"):
        saving_statement(lines)


def test_money_too_large_for_a_number_is_absent() -> None:
    assert measured_saving(Cause.ENERGY, [item("kWh", 1e300, 1e300)], 1, 1).reason is NoSaving.NOT_FINITE
    assert measured_saving(Cause.ENERGY, [item("kWh", 1e300, 1e8)], 1, 252).reason is NoSaving.NOT_FINITE
    assert stock_saving(1.7e308, -1.7e308, 0.0).reason is NoSaving.NOT_FINITE


MONEY = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(MONEY, max_size=7), st.floats(0, 1e308), st.none() | st.floats(0, 1e308))
def test_no_input_gives_nan_or_infinity(
    amounts: list[float | None], running_cost: float, investment: float | None
) -> None:
    lines = [SavingLine(cause, amount, one_time=amount or 0.0) for cause, amount in zip(Cause, amounts, strict=False)]
    found = saving_statement(lines, running_cost, investment)
    numbers = (found.gross, found.net, found.one_time, found.payback_months)
    assert all(number is None or isfinite(number) for number in numbers)
    assert found.payback_months is None or (found.net is not None and found.net > 0)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=10), st.integers(1, 9))
def test_splitting_an_amount_over_periods_of_one_price_changes_nothing(amounts: list[int], at: int) -> None:
    whole = measured_saving(Cause.ENERGY, [item("kWh", 160.0, sum(amounts))], 21, 252)
    halves = [item("a", 160.0, *amounts[:at]), item("b", 160.0, *amounts[at:])]
    for items in ([item("kWh", 160.0, *amounts)], halves):
        split = measured_saving(Cause.ENERGY, items, 21, 252)
        assert (split.yearly, split.measured) == (whole.yearly, whole.measured)
