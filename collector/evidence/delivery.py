"""From which order lines did a delivery KPI come?"""

from collections.abc import Callable, Sequence
from functools import partial

from collector.evidence.pieces import ABOVE, BELOW, Elements, Factors
from collector.scope_facts import FactsOfScope
from kpi import delivery
from kpi.delivery import DeliveryCount
from kpi.delivery_evidence import DeliveryEvidence, delivery_evidence
from kpi.formula import FormulaElement, Origin
from kpi.order_line import DeliveryRules
from plant.kpi_id import KpiId

Count = Callable[[DeliveryCount], tuple[float, float]]
Share = Callable[[DeliveryCount], float]


def _dated(count: DeliveryCount) -> float:
    return count.dated_share


_NAMES: dict[KpiId, tuple[str, str, str, Count, Share]] = {
    KpiId.ON_TIME_DELIVERY: (
        "lines on time", "lines due", "1", lambda count: delivery.on_time_lines(count.lines), _dated,
    ),
    KpiId.ON_TIME_DELIVERY_ORDERS: (
        "orders on time", "orders due", "1", lambda count: delivery.on_time_orders(count.orders), _dated,
    ),
    KpiId.ON_TIME_DELIVERY_QUANTITY: (
        "quantity on time", "quantity ordered", "1", lambda count: delivery.on_time_quantity(count.lines), _dated,
    ),
    KpiId.IN_FULL: (
        "lines complete", "lines due", "1", lambda count: delivery.in_full_lines(count.lines), _dated,
    ),
    KpiId.ON_TIME_IN_FULL: (
        "lines on time", "lines due", "1", lambda count: delivery.on_time_lines(count.lines), _dated,
    ),
    KpiId.MEAN_DAYS_LATE: (
        "days late", "late lines", "d", lambda count: delivery.days_late(count.lines), _dated,
    ),
    KpiId.LINE_FILL: (
        "lines filled at once", "lines due", "1", lambda count: delivery.filled_at_once(count.lines), _dated,
    ),
    KpiId.QUANTITY_FILL: (
        "quantity delivered", "quantity ordered", "1", lambda count: delivery.filled_quantity(count.lines), _dated,
    ),
    KpiId.ON_TIME_FIRST_PROMISE: (
        "lines by first promise", "lines decided", "1", lambda count: delivery.on_first_promise(count.lines), _dated,
    ),
    KpiId.ON_TIME_REQUEST: (
        "lines by request date", "lines decided", "1", lambda count: delivery.on_request(count.lines),
        lambda count: count.request_share,
    ),
    KpiId.ON_TIME_DELIVERY_VALUE: (
        "value on time", "value due", "currency", lambda count: delivery.on_time_value(count.lines),
        lambda count: count.value_share,
    ),
}  # fmt: skip
"""What is counted above and below, its unit, how, and the share of lines that can be counted."""


def _elements(facts: FactsOfScope, kpi: KpiId) -> Sequence[FormulaElement]:
    above, below, unit, counted, share = _NAMES[kpi]
    count = facts.delivery
    if count is None or (share is not _dated and not share(count)):
        return ()
    numbers = counted(count)
    unit = facts.period.evaluation.site.savings.currency if unit == "currency" else unit
    below_unit = "1" if unit == "d" else unit

    def element(name: str, number: float, unit: str, factors: Factors) -> FormulaElement:
        return FormulaElement(name, facts.scope, float(number), unit, *factors, share(count), origin=Origin.ORDERS)

    return element(above, numbers[0], unit, ABOVE), element(below, numbers[1], below_unit, BELOW)


DELIVERY: dict[KpiId, Elements] = {kpi: partial(_elements, kpi=kpi) for kpi in _NAMES}
"""How the elements of each KPI of delivery are found."""


def delivery_of(facts: FactsOfScope, kpi: KpiId) -> DeliveryEvidence | None:
    """The lines due in the period; None for other KPIs, and where there are none of the scope."""
    if kpi not in DELIVERY or facts.delivery is None:
        return None
    evaluation = facts.period.evaluation
    settings = evaluation.site.orders
    rules = DeliveryRules(settings.grace_days, settings.early_days, settings.in_full_tolerance)
    return delivery_evidence(facts.delivery.lines, evaluation.lines.undated(facts.scope), rules)
