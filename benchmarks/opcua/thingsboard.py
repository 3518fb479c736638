"""What does thingsboard-gateway cost with the same OPC UA server and its best settings? Subscriptions to MQTT.

Nodes by their ids, batches of thousands, storage in memory, packets of 64 kB, no limits of rate, logs of errors alone.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modbus.processes import MEASURED, cpu_s, rss_mb, running
from modbus.thingsboard import LOGS, NoThingsboardError, Sink, broker, gateway_settings
from opcua.replaying import Plant

WARM_S = 20.0
FOUND_S = 600.0
"""It reads and subscribes node by node: how long it may take until values arrive [s]."""


@dataclass(frozen=True, slots=True)
class GatewayRun:
    """One run. delivered: values that arrived at the broker's other side in the window."""

    delivered: int
    used_s: float
    took_s: float
    rss_mb: float

    @property
    def cpu_s_per_million(self) -> float:
        """CPU-s for a million values delivered."""
        return self.used_s * 1e6 / max(1, self.delivered)


def settings(plant: Plant) -> dict[str, Any]:
    """opcua.json."""
    return {
        "name": "OPCUA",
        "logLevel": "ERROR",
        "server": {
            "name": "bench",
            "url": f"opc.tcp://127.0.0.1:{plant.port}",
            "timeoutInMillis": 60000,
            "scanPeriodInMillis": 3_600_000,
            "pollPeriodInMillis": 3_600_000,
            "enableSubscriptions": True,
            "subCheckPeriodInMillis": 100,
            "subDataMaxBatchSize": 10_000,
            "subDataMinBatchCreationTimeMs": 200,
            "subscriptionProcessBatchSize": 2000,
            "security": "None",
            "identity": {"type": "anonymous"},
        },
        "mapping": [
            {
                "deviceNodeSource": "path",
                "deviceNodePattern": r"Root\.Objects\.Plant",
                "deviceInfo": {
                    "deviceNameExpression": "plant",
                    "deviceNameExpressionSource": "constant",
                    "deviceProfileExpression": "default",
                    "deviceProfileExpressionSource": "constant",
                },
                "reportStrategy": {"type": "ON_RECEIVED"},
                "attributes": [],
                "timeseries": [
                    {"key": f"t{n}", "type": "identifier", "value": f"${{ns=2;s=t{n}}}"} for n in range(plant.tags)
                ],
                "rpc_methods": [],
                "attributes_updates": [],
            }
        ],
    }


def run_thingsboard(python: Path, folder: Path, plant: Plant, window_s: float) -> GatewayRun:
    """Let it run for a while. Raises NoThingsboardError where nothing arrives."""
    folder.mkdir()
    with broker(folder) as port:
        sink = Sink(port)
        gateway = gateway_settings(port, "opcua", "OPCUA")
        for name, found in (("tb_gateway", gateway), ("opcua", settings(plant)), ("logs", LOGS)):
            (folder / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")
        try:
            return _measured(python, folder, plant, window_s, sink)
        finally:
            sink.close()


def _measured(python: Path, folder: Path, plant: Plant, window_s: float, sink: Sink) -> GatewayRun:
    command = [python, "-m", "thingsboard_gateway.tb_gateway"]
    environment = {"TB_GW_CONFIG_DIR": str(folder), "PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(folder)}
    with running(command, folder, MEASURED, env=environment) as gateway:
        end_s = time.monotonic() + FOUND_S
        while sink.values.total() < 3 * plant.tags:
            if time.monotonic() > end_s or gateway.poll() is not None:
                said = (folder / "output.log").read_text(errors="replace")[-1000:]
                raise NoThingsboardError(f"thingsboard-gateway delivers {sink.values.total()} values: {said}")
            time.sleep(0.5)
        time.sleep(WARM_S)
        before, begun_s, used_s = sink.values.total(), time.monotonic(), cpu_s(gateway.pid)
        time.sleep(window_s)
        took_s, used_s = time.monotonic() - begun_s, cpu_s(gateway.pid) - used_s
        return GatewayRun(sink.values.total() - before, used_s, took_s, rss_mb(gateway.pid))
