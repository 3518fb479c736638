"""Savings a year and payback, and why there are none."""

from datetime import date

import pytest

from kpi.catalogue import BY_ID
from kpi.energy import EnergyUse
from kpi.kpi import ScopeFacts
from kpi.outcome import Outcome, Reason
from kpi.pieces import PieceCount
from kpi.saving import Cause, NoSaving, SavingLine, saving_statement
from plant.kpi_id import KpiId

WITHOUT = (("kWh", date(2026, 11, 1)),)


def outcome(kpi: KpiId, *lines: SavingLine, running_cost: float = 0.0, investment: float | None = 24e6) -> Outcome:
    statement = saving_statement(lines, running_cost, investment)
    return BY_ID[kpi].outcome(ScopeFacts(PieceCount([]), EnergyUse(), savings=statement))


def test_what_is_left_of_all_lines_is_the_saving_and_pays_the_investment_back() -> None:
    lines = (
        SavingLine(Cause.QUALITY, 10e6, coverage=0.9, flags=frozenset({"manual"})),
        SavingLine(Cause.ENERGY, 6e6, flags=frozenset({"estimated"})),
        SavingLine(Cause.DELIVERY, None, without_price=WITHOUT, reason=NoSaving.NO_PRICE),
    )
    flags = frozenset({"manual", "estimated"})
    assert outcome(KpiId.SAVINGS_A_YEAR, *lines, running_cost=4e6) == Outcome(12e6, 12e6, None, 0.9, flags)
    assert outcome(KpiId.PAYBACK_MONTHS, *lines, running_cost=4e6) == Outcome(24.0, 24e6, 1e6, 0.9, flags)


def test_a_line_that_is_known_badly_leaves_a_sum_and_no_value() -> None:
    line = SavingLine(Cause.QUALITY, 12e6, coverage=0.79)
    low = Reason.LOW_COVERAGE
    assert outcome(KpiId.SAVINGS_A_YEAR, line) == Outcome(None, 12e6, None, 0.79, reason=low)
    assert outcome(KpiId.PAYBACK_MONTHS, line) == Outcome(None, 24e6, 1e6, 0.79, reason=low)
    unknown = SavingLine(Cause.QUALITY, None, reason=NoSaving.NO_AMOUNT, coverage=0.0)
    assert outcome(KpiId.SAVINGS_A_YEAR, unknown) == Outcome(None, reason=low)


@pytest.mark.parametrize("yearly", [0.0, -12e6])
def test_what_saves_nothing_pays_nothing_back(yearly: float) -> None:
    assert outcome(KpiId.SAVINGS_A_YEAR, SavingLine(Cause.ENERGY, yearly)).value == yearly
    found = outcome(KpiId.PAYBACK_MONTHS, SavingLine(Cause.ENERGY, yearly))
    assert found == Outcome(None, 24e6, yearly / 12, 1.0, reason=Reason.NO_DENOMINATOR)
    low = outcome(KpiId.PAYBACK_MONTHS, SavingLine(Cause.ENERGY, yearly, coverage=0.5))
    assert (low.value, low.reason) == (None, Reason.LOW_COVERAGE)


def test_without_an_investment_there_is_no_payback() -> None:
    line = SavingLine(Cause.ENERGY, 12e6)
    assert outcome(KpiId.PAYBACK_MONTHS, line, investment=None).reason is Reason.NO_SOURCE
    assert outcome(KpiId.PAYBACK_MONTHS, line, investment=0.0).value == 0.0


def unsaved(cause: Cause, reason: NoSaving, without_price: tuple[tuple[str, date], ...] = ()) -> SavingLine:
    return SavingLine(cause, None, reason=reason, without_price=without_price)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), Reason.NO_SOURCE),
        ((unsaved(Cause.QUALITY, NoSaving.NO_AMOUNT),), Reason.NO_SOURCE),
        ((unsaved(Cause.QUALITY, NoSaving.NO_AMOUNT, WITHOUT),), Reason.NO_PRICE),
        (
            (unsaved(Cause.QUALITY, NoSaving.NO_AMOUNT), unsaved(Cause.ENERGY, NoSaving.NO_AMOUNT, WITHOUT)),
            Reason.NO_SOURCE,
        ),
        (
            (unsaved(Cause.QUALITY, NoSaving.NO_AMOUNT), unsaved(Cause.ENERGY, NoSaving.NO_PRICE, WITHOUT)),
            Reason.NO_PRICE,
        ),
        ((unsaved(Cause.QUALITY, NoSaving.NO_WORKING_DAYS),), Reason.NO_DENOMINATOR),
        ((unsaved(Cause.QUALITY, NoSaving.NOT_FINITE),), Reason.NO_SOURCE),
    ],
)
def test_without_savings_there_is_a_reason(lines: tuple[SavingLine, ...], reason: Reason) -> None:
    for kpi in (KpiId.SAVINGS_A_YEAR, KpiId.PAYBACK_MONTHS):
        found = outcome(kpi, *lines)
        assert (found.value, found.reason) == (None, reason)
