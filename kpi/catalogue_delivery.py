"""Which KPIs of delivery are there?"""

from collections.abc import Callable, Sequence

from kpi import delivery
from kpi.delivery import DeliveryCount
from kpi.improvement import Trend
from kpi.kpi import Facts, Kpi
from kpi.order_line import LineResult
from kpi.outcome import Outcome, Reason, absent, ratio_of_counts
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_SCOR = "SCOR 12.0"

_Count = Callable[[Sequence[LineResult]], tuple[float, float]]


def _line_ratio(count: _Count) -> Callable[[Facts], Outcome]:
    def outcome(facts: Facts) -> Outcome:
        if facts.delivery is None:
            return absent(Reason.NO_SOURCE)
        return ratio_of_counts(count(facts.delivery.lines), facts.delivery.dated_share)

    return outcome


def _ratio_of_some(count: _Count, share: Callable[[DeliveryCount], float]) -> Callable[[Facts], Outcome]:
    """Of the lines that say what the KPI needs, a share of all; without any there is no source."""

    def outcome(facts: Facts) -> Outcome:
        if facts.delivery is None or not share(facts.delivery):
            return absent(Reason.NO_SOURCE)
        return ratio_of_counts(count(facts.delivery.lines), share(facts.delivery))

    return outcome


def _on_time_orders(facts: Facts) -> Outcome:
    if facts.delivery is None:
        return absent(Reason.NO_SOURCE)
    return ratio_of_counts(delivery.on_time_orders(facts.delivery.orders), facts.delivery.dated_share)


DELIVERY: tuple[Kpi, ...] = (
    Kpi(
        KpiId.ON_TIME_DELIVERY, "On-time delivery", "납기 준수율", "ratio", _HIGHER,
        "order lines complete by due date + grace / order lines due", f"{_SCOR}, RL.2.2",
        _line_ratio(delivery.on_time_lines),
    ),
    Kpi(
        KpiId.ON_TIME_DELIVERY_ORDERS, "On-time delivery of orders", "주문 납기 준수율", "ratio", _HIGHER,
        "orders with every line on time / orders due, by their latest due date", f"{_SCOR}, RL.2.2", _on_time_orders,
    ),
    Kpi(
        KpiId.ON_TIME_DELIVERY_QUANTITY, "On-time delivery of quantity", "수량 납기 준수율", "ratio", _HIGHER,
        "sum of min(ordered, delivered by due date + grace) / sum of ordered", "local",
        _line_ratio(delivery.on_time_quantity),
    ),
    Kpi(
        KpiId.IN_FULL, "Delivery in full", "완납률", "ratio", _HIGHER,
        "order lines complete / order lines due", f"{_SCOR}, RL.2.1", _line_ratio(delivery.in_full_lines),
    ),
    Kpi(
        KpiId.ON_TIME_IN_FULL, "On time in full", "정시 완납률", "ratio", _HIGHER,
        "order lines complete by due date + grace / order lines due", f"{_SCOR}, RL.1.1 (in part)",
        _line_ratio(delivery.on_time_lines),
    ),
    Kpi(
        KpiId.MEAN_DAYS_LATE, "Mean days late", "평균 지연 일수", "d", _LOWER,
        "calendar days late / late order lines", "local", _line_ratio(delivery.days_late),
    ),
)  # fmt: skip

DELIVERY_IN_DETAIL: tuple[Kpi, ...] = (
    Kpi(
        KpiId.LINE_FILL, "Line fill", "주문 라인 충족률", "ratio", _HIGHER,
        "order lines complete with their first delivery / order lines due", "local",
        _line_ratio(delivery.filled_at_once),
    ),
    Kpi(
        KpiId.QUANTITY_FILL, "Quantity fill", "수량 충족률", "ratio", _HIGHER,
        "sum of min(ordered, delivered so far) / sum of ordered", "local", _line_ratio(delivery.filled_quantity),
    ),
    Kpi(
        KpiId.ON_TIME_FIRST_PROMISE, "On time to first promise", "최초 약속 납기 준수율", "ratio", _HIGHER,
        "order lines complete by first promise + grace / order lines due", "local",
        _line_ratio(delivery.on_first_promise),
    ),
    Kpi(
        KpiId.ON_TIME_REQUEST, "On time to request", "요청 납기 준수율", "ratio", _HIGHER,
        "order lines complete by request date + grace / order lines due that have one", "local",
        _ratio_of_some(delivery.on_request, lambda count: count.request_share),
    ),
    Kpi(
        KpiId.ON_TIME_DELIVERY_VALUE, "On-time delivery of value", "금액 납기 준수율", "ratio", _HIGHER,
        "value of order lines on time / value of order lines due", "local",
        _ratio_of_some(delivery.on_time_value, lambda count: count.value_share),
    ),
)  # fmt: skip
