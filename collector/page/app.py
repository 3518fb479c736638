"""`/health` and `/metrics`: is the collector well, and what is it doing?"""

from collections.abc import Callable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector.health import Snapshot

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def app(snapshot: Callable[[], Snapshot]) -> Starlette:
    """The application over a way to take a snapshot of the collector."""
    registry = CollectorRegistry()
    registry.register(_Metrics(snapshot))

    async def health(_: Request) -> Response:
        now = snapshot()
        return JSONResponse(now.as_json(), 503 if now.reasons() else 200, _HEADERS)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), headers=_HEADERS, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/health", health), Route("/metrics", metrics)])


class _Metrics:
    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        yield CounterMetricFamily("smartwings_readings_committed", "Readings stored durably", now.committed)
        yield GaugeMetricFamily("smartwings_disk_free_ratio", "Free share of the store's disk", now.free_share)
        if now.waiting_reports is not None:
            text = "Reports that the programme has not accepted yet"
            yield GaugeMetricFamily("smartwings_reports_waiting", text, now.waiting_reports)
        yield from self._devices(now)
        faults = CounterMetricFamily("smartwings_task_faults", "Failures of a task of the collector", labels=["task"])
        for name, count in now.task_faults.items():
            faults.add_metric([name], count)
        yield faults

    def _devices(self, now: Snapshot) -> Iterator[Metric]:
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
        for name, device in now.devices.items():
            connected.add_metric([name], float(device.connected_since_us is not None))
            for field, family in counters.items():
                family.add_metric([name], getattr(device, field))
        yield connected
        yield from counters.values()
