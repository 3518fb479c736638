"""`/metrics`: what is the collector doing, in the form that Prometheus reads? Labels are names of the site file."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import Response

from collector.page.access import shown
from collector.page.source import Source
from collector.page.state import PATIENCE_S

_COUNTERS = {
    "readings": "Readings handed over",
    "reconnects": "Connections made again",
    "polls": "Polls answered",
    "polls_failed": "Polls without a usable answer",
    "polls_late": "Polls skipped because one before overran",
}


async def metrics(request: Request) -> Response:
    """The state for Prometheus; where the daemon does not answer, only that it does not."""
    source: Source = request.app.state.source
    try:
        answer = await source.ask({"command": "status"}, PATIENCE_S)
        answer = answer if answer and answer["ok"] else None
    except TimeoutError:
        answer = None
    registry = CollectorRegistry()
    registry.register(_Metrics(answer))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Metrics:
    def __init__(self, answer: dict[str, Any] | None) -> None:
        self._answer = answer

    def collect(self) -> Iterator[Metric]:
        up = self._answer is not None
        yield GaugeMetricFamily("smartwings_up", "1 while the collector runs", float(up))
        if self._answer is not None:
            yield from _collector(self._answer["status"], self._answer["detail"])
            yield from _devices(self._answer["status"]["devices"])
            yield from _latency(self._answer["detail"]["devices"])
            yield from _unread(self._answer["status"]["devices"], self._answer["detail"]["devices"])


def _collector(now: dict[str, Any], detail: dict[str, Any]) -> Iterator[Metric]:
    yield CounterMetricFamily("smartwings_readings_committed", "Readings stored durably", now["readings_committed"])
    yield GaugeMetricFamily("smartwings_disk_free_ratio", "Free share of the store's disk", now["disk_free_ratio"])
    if now["reports_waiting"] is not None:
        text = "Reports that the programme has not accepted yet"
        yield GaugeMetricFamily("smartwings_reports_waiting", text, now["reports_waiting"])
    if detail["memory_bytes"] is not None:
        yield GaugeMetricFamily("smartwings_memory_bytes", "Memory of the collector", detail["memory_bytes"])
    if now["disk_written_bytes"] is not None:
        text = "What the collector has had written to disks since it started"
        yield CounterMetricFamily("smartwings_disk_written_bytes", text, now["disk_written_bytes"])
    text = "What devices brought and is not stored yet"
    yield GaugeMetricFamily("smartwings_handovers_waiting", text, detail["waiting_handovers"])
    if detail["last_commit_us"] is not None:
        text = "When readings were stored last"
        yield GaugeMetricFamily("smartwings_last_commit_timestamp_seconds", text, detail["last_commit_us"] / 1e6)
    yield GaugeMetricFamily("smartwings_clock_trusted", "1 while this machine's clock is", float(now["clock_trusted"]))
    text = "Readings not stored, since the clock was not trusted"
    yield GaugeMetricFamily("smartwings_readings_undated", text, now["readings_undated"])
    text = "The worst that the collector's event loop was late"
    late = GaugeMetricFamily("smartwings_loop_late_seconds", text, labels=["within"])
    late.add_metric(["minute"], now["loop_late_minute_s"])
    late.add_metric(["hour"], now["loop_late_hour_s"])
    yield late
    faults = CounterMetricFamily("smartwings_task_faults", "Failures of a task of the collector", labels=["task"])
    for name, count in now["task_faults"].items():
        faults.add_metric([name], count)
    yield faults


def _devices(devices: list[dict[str, Any]]) -> Iterator[Metric]:
    connected = GaugeMetricFamily("smartwings_device_connected", "1 while connected", labels=["device"])
    counters = {
        name: CounterMetricFamily(f"smartwings_device_{name}", text, labels=["device"])
        for name, text in _COUNTERS.items()
    }
    for device in devices:
        connected.add_metric([device["id"]], float(device["connected"]))
        for field, family in counters.items():
            family.add_metric([device["id"]], device[field])
    yield connected
    yield from counters.values()


def _latency(devices: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    text = "How long the last answers took: share of them that took no longer"
    latency = GaugeMetricFamily("smartwings_device_latency_seconds", text, labels=["device", "quantile"])
    for name, device in devices.items():
        for quantile, field in (("0.5", "p50_s"), ("0.95", "p95_s")):
            if device["latency"][field] is not None:
                latency.add_metric([name, quantile], device["latency"][field])
    yield latency


def _unread(devices: list[dict[str, Any]], detail: dict[str, dict[str, Any]]) -> Iterator[Metric]:
    text = "1 while it does not answer, though its line can be used"
    silent = GaugeMetricFamily("smartwings_device_silent", text, labels=["device"])
    text = "Registers and bits that are refused or not answered, and asked for rarely"
    quarantined = GaugeMetricFamily("smartwings_device_addresses_quarantined", text, labels=["device"])
    requests = GaugeMetricFamily("smartwings_device_requests_per_poll", "Requests of a poll now", labels=["device"])
    tags = GaugeMetricFamily("smartwings_device_tags_refused", "Tags that the device does not give", labels=["device"])
    for device in devices:
        name, bad = device["id"], device["bad_blocks"]
        refused = {tag for block in bad for tag in block["tags"]}
        tags.add_metric([name], len(detail[name]["refused_tags"]) + len(refused))
        if device["line"] is not None:
            silent.add_metric([name], float(device["is_silent"]))
            quarantined.add_metric([name], sum(block["count"] for block in bad if block["next_try_us"] is not None))
            requests.add_metric([name], device["requests_now"])
    yield from (silent, quarantined, requests, tags)


routes = [shown("/metrics", metrics)]
