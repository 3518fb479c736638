"""`/health` and `/metrics`: is the collector well, and what is it doing? What the daemon answers, for machines."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.page.access import Role, role_of, shown
from collector.page.source import Source

NOT_RUNNING: dict[str, Any] = {
    "running": False,
    "well": False,
    "reasons": ["the collector is not running"],
    "devices": [],
}


async def status(source: Source) -> dict[str, Any]:
    """What the daemon says of itself; that it is not running where nobody answers."""
    answer = await source.ask({"command": "status"})
    return dict(answer["status"]) if answer and answer.get("ok") else NOT_RUNNING


async def health(request: Request) -> Response:
    """200 while all is well, else 503 with the reasons; without them for whoever has not signed in."""
    now = await status(request.app.state.source)
    if role_of(request) is Role.NOBODY:
        now = {"well": now["well"]}
    return JSONResponse(now, 200 if now["well"] else 503)


async def metrics(request: Request) -> Response:
    """The state for Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Metrics(await status(request.app.state.source)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Metrics:
    def __init__(self, now: dict[str, Any]) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        now = self._now
        yield GaugeMetricFamily("smartwings_up", "1 while the collector runs", float(now["running"]))
        if not now["running"]:
            return
        yield CounterMetricFamily("smartwings_readings_committed", "Readings stored durably", now["readings_committed"])
        yield GaugeMetricFamily("smartwings_disk_free_ratio", "Free share of the store's disk", now["disk_free_ratio"])
        if now["reports_waiting"] is not None:
            text = "Reports that the programme has not accepted yet"
            yield GaugeMetricFamily("smartwings_reports_waiting", text, now["reports_waiting"])
        yield from self._devices(now)
        faults = CounterMetricFamily("smartwings_task_faults", "Failures of a task of the collector", labels=["task"])
        for name, count in now["task_faults"].items():
            faults.add_metric([name], count)
        yield faults

    def _devices(self, now: dict[str, Any]) -> Iterator[Metric]:
        connected = GaugeMetricFamily("smartwings_device_connected", "1 while connected", labels=["device"])
        counters = {
            name: CounterMetricFamily(f"smartwings_device_{name}", text, labels=["device"])
            for name, text in (
                ("readings", "Readings handed over"),
                ("reconnects", "Connections made again"),
                ("polls", "Polls answered"),
                ("polls_failed", "Polls without a usable answer"),
                ("polls_late", "Polls skipped because one before overran"),
            )
        }
        for device in now["devices"]:
            connected.add_metric([device["id"]], float(device["connected"]))
            for field, family in counters.items():
                family.add_metric([device["id"]], device[field])
        yield connected
        yield from counters.values()


routes = [shown("/health", health, Role.NOBODY), shown("/metrics", metrics)]
