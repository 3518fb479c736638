"""Which KPIs of delivery are there?"""

from collections.abc import Callable, Sequence

from kpi import delivery
from kpi.delivery import LineResult
from kpi.improvement import Trend
from kpi.kpi import Kpi, ScopeFacts
from kpi.outcome import Outcome, Reason, absent, ratio_of_counts
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_SCOR = "SCOR 12.0"


def _line_ratio(count: Callable[[Sequence[LineResult]], tuple[float, float]]) -> Callable[[ScopeFacts], Outcome]:
    def outcome(facts: ScopeFacts) -> Outcome:
        if facts.delivery is None:
            return absent(Reason.NO_SOURCE)
        return ratio_of_counts(count(facts.delivery.lines), facts.delivery.dated_share)

    return outcome


def _on_time_orders(facts: ScopeFacts) -> Outcome:
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
