"""From which causes, and from which KPIs of these, do savings and payback come?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from collector.evidence.pieces import Elements
from collector.scope_facts import FactsOfScope
from kpi.element_list import ElementList
from kpi.formula import FormulaElement, Origin
from kpi.numerals import numeral
from kpi.remark import in_order
from kpi.saving import MONTHS, SavingLine, SavingStatement
from plant.kpi_id import KpiId


def money_elements(facts: FactsOfScope, kpi: KpiId, others: Mapping[KpiId, Elements]) -> Sequence[FormulaElement]:
    """The line of each cause, running cost and investment; beside them the elements of the KPIs that measured it.

    others: how the elements of these KPIs are found.
    """
    found = facts.savings
    if found is None:
        return ()
    currency = facts.period.evaluation.site.savings.currency
    a_month = kpi is KpiId.PAYBACK_MONTHS
    factors = (0.0, 1.0 / MONTHS) if a_month else (1.0, 0.0)
    elements = ElementList(_line(facts, line, currency, factors) for line in found.lines)
    elements.add(_settings(facts, found, currency, factors, a_month))
    for line in found.lines:
        for name in dict.fromkeys(one.name for one in line.priced):
            if name in others:
                beside = others[KpiId(name)](facts)
                elements.add(replace(one, numerator=0.0, denominator=0.0) for one in beside)
    return elements.elements


def _line(facts: FactsOfScope, line: SavingLine, currency: str, factors: tuple[float, float]) -> FormulaElement:
    return FormulaElement(
        f"saved by {line.cause.value} a year",
        facts.scope,
        line.yearly,
        currency,
        *factors,
        coverage=line.coverage,
        flags=in_order(line.flags),
        origin=Origin.DERIVED,
        rule=_rule(line),
    )


def _rule(line: SavingLine) -> str:
    """What was saved, at which price, and for how many days."""
    if line.reason is not None:
        return line.reason.value
    parts = [f"{numeral(one.saved.amount)} of {one.name} x {numeral(one.price.price)}" for one in line.priced]
    days = f" x {line.working_days_a_year} / {line.working_days} working days" if line.working_days else ""
    return " + ".join(parts) + days


def _settings(
    facts: FactsOfScope, found: SavingStatement, currency: str, factors: tuple[float, float], a_month: bool
) -> Sequence[FormulaElement]:
    cost = FormulaElement("running cost a year", facts.scope, found.running_cost, currency, origin=Origin.SETTING)
    elements = [replace(cost, numerator=-factors[0], denominator=-factors[1])]
    if a_month and found.investment is not None:
        investment = replace(cost, name="investment", value=found.investment, numerator=1.0)
        elements.insert(0, investment)
    return elements


MONEY = (KpiId.SAVINGS_A_YEAR, KpiId.PAYBACK_MONTHS)
"""The KPIs of money."""
