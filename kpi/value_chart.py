"""How do the values of a KPI look over several periods: which of them are ordinary, and where did something change?"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpi.control_chart import ChartKind, ControlChart, Sample, control_chart
from kpi.run_rules import Violation, violations
from kpi.value import KpiValue
from plant.kpi_id import KpiId

CHARTS: dict[KpiId, ChartKind] = {
    **dict.fromkeys(
        (
            KpiId.DEFECT_RATE,
            KpiId.QUALITY_RATIO,
            KpiId.SCRAP_RATIO,
            KpiId.REWORK_RATIO,
            KpiId.FIRST_PASS_YIELD,
            KpiId.ON_TIME_DELIVERY,
            KpiId.ON_TIME_DELIVERY_ORDERS,
            KpiId.IN_FULL,
            KpiId.ON_TIME_IN_FULL,
            KpiId.LINE_FILL,
            KpiId.ON_TIME_FIRST_PROMISE,
            KpiId.ON_TIME_REQUEST,
        ),
        ChartKind.P,
    ),
    KpiId.DEFECTS_PER_UNIT: ChartKind.U,
    KpiId.DEFECTS_PER_MILLION_OPPORTUNITIES: ChartKind.U,
    KpiId.MICRO_STOPS: ChartKind.C,
}
"""Charts of KPIs that count: pieces or lines of so many (p), defects of so many units (u), events of a period (c)."""


@dataclass(frozen=True, slots=True)
class ValueChart:
    """The control chart of one KPI of one scope over periods in time order, and what the run rules find in it."""

    kpi: KpiId
    scope: str
    chart: ControlChart
    violations: tuple[Violation, ...]


def value_charts(values: Sequence[KpiValue], now_us: int) -> tuple[ValueChart, ...]:
    """A chart for every KPI and scope that has values of at least two periods and counts something; in their order.

    A period without a value, and one that is not over, is left out of the chart.
    """
    series: dict[tuple[KpiId, str], list[KpiValue]] = {}
    for value in values:
        if value.id in CHARTS:
            series.setdefault((value.id, value.scope), []).append(value)
    return tuple(_chart(found, now_us) for found in series.values() if len(found) > 1)


def _chart(values: Sequence[KpiValue], now_us: int) -> ValueChart:
    first = values[0]
    kind = CHARTS[first.id]
    samples = [_sample(value, kind, now_us) for value in values]
    chart = control_chart(kind, samples)
    return ValueChart(first.id, first.scope, chart, violations(chart))


def _sample(value: KpiValue, kind: ChartKind, now_us: int) -> Sample:
    found = value.outcome
    usable = found.value is not None and value.period.end_us <= now_us
    size = None if kind is ChartKind.C else found.denominator
    return Sample(value.period.label, found.numerator if usable else None, size if usable else None)
