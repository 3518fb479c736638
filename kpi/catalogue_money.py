"""Which KPIs of money are there?"""

from kpi.element import Grade, grade
from kpi.improvement import Trend
from kpi.kpi import Facts, Kpi
from kpi.outcome import Outcome, Reason, absent, quotient
from kpi.saving import MONTHS, NoSaving, SavingStatement
from plant.kpi_id import KpiId


def _savings_a_year(facts: Facts) -> Outcome:
    found = facts.savings
    if found is None or found.net is None:
        return _without_value(found)
    low = grade(found.coverage) is Grade.LOW
    reason = Reason.LOW_COVERAGE if low else None
    return Outcome(None if low else found.net, found.net, None, found.coverage, found.flags, reason)


def _payback_months(facts: Facts) -> Outcome:
    found = facts.savings
    if found is None or found.net is None:
        return _without_value(found)
    if found.investment is None:
        return absent(Reason.NO_SOURCE)
    net_a_month = found.net / MONTHS
    if net_a_month <= 0 and grade(found.coverage) is not Grade.LOW:
        reason = Reason.NO_DENOMINATOR
        return Outcome(None, found.investment, net_a_month, found.coverage, found.flags, reason)
    return quotient(found.investment, net_a_month, found.coverage, found.flags)


def _without_value(statement: SavingStatement | None) -> Outcome:
    """Why there are no savings: a price is missing where something was saved, or everywhere; no working day; else no
    baseline, or nothing measured."""
    lines = () if statement is None else statement.lines
    reasons = {line.reason for line in lines}
    if NoSaving.NO_PRICE in reasons or (lines and all(line.without_price for line in lines)):
        return absent(Reason.NO_PRICE)
    if statement is not None and grade(statement.coverage) is Grade.LOW:
        return Outcome(None, coverage=statement.coverage, flags=statement.flags, reason=Reason.LOW_COVERAGE)
    return absent(Reason.NO_DENOMINATOR if NoSaving.NO_WORKING_DAYS in reasons else Reason.NO_SOURCE)


MONEY: tuple[Kpi, ...] = (
    Kpi(
        KpiId.SAVINGS_A_YEAR, "Savings a year", "연간 절감액", "currency", Trend.HIGHER,
        "savings of every cause x working days of a year / of the period - running cost", "local", _savings_a_year,
    ),
    Kpi(
        KpiId.PAYBACK_MONTHS, "Payback", "투자 회수 기간", "mo", Trend.LOWER,
        "investment x 12 / savings a year", "local", _payback_months,
    ),
)  # fmt: skip
