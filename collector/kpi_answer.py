"""What is the answer to a question for KPI values, as JSON: values alone, or with what stands behind each of them?"""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from collector.explanation import Explanations
from kpi.explanation import as_json as shape
from kpi.outcome import BY_SETTINGS
from kpi.running_sum import running_sums
from kpi.value import KpiValue
from kpi.value_chart import value_charts


def kpi_json(values: Iterable[KpiValue], zone: ZoneInfo) -> dict[str, Any]:
    """The values."""
    return {"values": [value.as_json(zone) for value in values]}


def explained_json(explanations: Explanations, values: Iterable[KpiValue], *, leave_out: bool) -> dict[str, Any]:
    """The values with their explanations, and charts of several periods. leave_out: without those that have no value
    by the settings."""
    site = explanations.evaluation.site
    explained: list[KpiValue] = []
    said = []
    for value in values:
        if not (leave_out and value.outcome.reason in BY_SETTINGS):
            explained.append(value)
            said.append({**value.as_json(site.zone), "explanation": shape(explanations.of(value), site.zone)})
    return {"values": said, **_of_several(explained, explanations.evaluation.now_us, site.zone)}


def _of_several(values: Sequence[KpiValue], now_us: int, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "charts": [shape(one, zone) for one in value_charts(values, now_us)],
        "running_sums": [shape(one, zone) for one in running_sums(values, now_us)],
    }
