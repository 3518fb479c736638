"""What does thingsboard-gateway cost with the same devices and its best settings? Modbus to MQTT, stored in memory.

Best settings: one range of addresses for each type, 125 registers a request, packets of 64 kB, no statistics, no
limits of rate, logs of errors alone. It runs in an environment of its own against a local mosquitto; the sink answers
its questions as ThingsBoard does and counts the values that arrive.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from modbus.processes import AROUND, MEASURED, Devices, cpu_s, rss_mb, running

REQUIREMENTS = (
    "thingsboard-gateway==3.8.5",
    "pymodbus==3.9.2",
    "asyncua==1.1.5",
    "pyserial",
    "pyserial-asyncio",  # it would install these two itself while it is measured
)
WARM_S = 20.0
LOGS = {"version": 1, "disable_existing_loggers": False, "handlers": {}, "loggers": {}, "root": {"level": "ERROR"}}
_TYPES = {"float32": ("32float", 2), "uint32": ("32uint", 2), "uint16": ("16uint", 1)}


class NoThingsboardError(Exception):
    """It cannot be measured here: why."""


@dataclass(frozen=True, slots=True)
class GatewayRun:
    """One run. asked, delivered: values in the window. cores: CPU over time."""

    asked: int
    delivered: int
    used_s: float
    took_s: float
    rss_mb: float

    @property
    def cpu_s_per_million(self) -> float:
        """CPU-s for a million values delivered."""
        return self.used_s * 1e6 / max(1, self.delivered)


def environment(folder: Path) -> Path:
    """Its Python, installed into a folder unless it is there. Raises NoThingsboardError."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoThingsboardError(f"thingsboard-gateway cannot be installed: {done.stderr.strip()[-300:]}")
    return python


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """mosquitto on a free port. Raises NoThingsboardError without it."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise NoThingsboardError("mosquitto is not installed (Debian: mosquitto)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n",
        encoding="utf-8",
    )
    with running([program, "-c", settings], folder, AROUND):
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port


class Sink:
    """Stands in for ThingsBoard at the broker: counts values of telemetry by device, answers requests."""

    def __init__(self, port: int) -> None:
        self.values: Counter[str] = Counter()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="sink")
        self._client.on_connect = lambda client, *_: client.subscribe("v1/#", qos=1)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _take(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        topic = message.topic
        if topic == "v1/gateway/telemetry":
            for device, rows in json.loads(message.payload).items():
                self.values[device] += sum(len(row.get("values", row)) for row in rows)
        elif topic.startswith("v1/devices/me/rpc/request/"):
            client.publish(topic.replace("request", "response"), json.dumps(_SESSION), qos=1)
        elif topic.startswith("v1/devices/me/attributes/request/"):
            client.publish(topic.replace("request", "response"), "{}", qos=1)


_NO_LIMITS = {"messages": "", "telemetryMessages": "", "telemetryDataPoints": ""}
_SESSION = {
    "maxPayloadSize": 1_000_000,
    "maxInflightMessages": 10_000,
    "rateLimits": _NO_LIMITS,
    "gatewayRateLimits": {"gateway": _NO_LIMITS, "gatewayDevices": _NO_LIMITS} | _NO_LIMITS,
}


def gateway_settings(port: int, kind: str, name: str) -> dict[str, Any]:
    """tb_gateway.json with one connector: memory as storage, large packets, no limits of rate."""
    limits = ("rateLimits", "dpRateLimits", "messagesRateLimits")
    limits += ("deviceMessagesRateLimits", "deviceRateLimits", "deviceDpRateLimits")
    return {
        "thingsboard": {
            "host": "127.0.0.1",
            "port": port,
            "remoteShell": False,
            "remoteConfiguration": False,
            "statistics": {"enable": False},
            "maxPayloadSizeBytes": 65536,
            "minPackSendDelayMS": 10,
            "minPackSizeToSend": 500,
            "checkConnectorsConfigurationInSeconds": 3600,
            "security": {"type": "accessToken", "accessToken": "bench"},
            "qos": 1,
            "reportStrategy": {"type": "ON_RECEIVED"},
            "checkingDeviceActivity": {"checkDeviceInactivity": False},
            **dict.fromkeys(limits, "0:0,"),
        },
        "storage": {"type": "memory", "read_records_count": 1000, "max_records_count": 1_000_000},
        "grpc": {"enabled": False},
        "connectors": [{"type": kind, "name": name, "configuration": f"{kind}.json", "id": str(uuid.UUID(int=5))}],
    }


def write_settings(folder: Path, devices: Devices, poll_s: float, port: int) -> None:
    """Its configuration: tb_gateway.json, modbus.json, logs.json."""
    gateway = gateway_settings(port, "modbus", "Modbus")
    slaves = [_slave(number, at, devices, poll_s) for number, at in enumerate(devices.ports)]
    modbus = {"name": "Modbus", "logLevel": "ERROR", "master": {"slaves": slaves}}
    for name, found in (("tb_gateway", gateway), ("modbus", modbus), ("logs", LOGS)):
        (folder / f"{name}.json").write_text(json.dumps(found), encoding="utf-8")


def _slave(number: int, port: int, devices: Devices, poll_s: float) -> dict[str, Any]:
    ranges = []
    for run in devices.registers.runs:
        kind, words = _TYPES[run.type]
        ranges.append(
            {
                "tag": f"{run.type}_${{address}}",
                "type": kind,
                "functionCode": 3,
                "objectsCount": words,
                "address": f"{run.address}-{run.address + run.registers - 1}",
                "maxRegistersPerRequest": 125,
            }
        )
    return {
        "host": "127.0.0.1",
        "port": port,
        "type": "tcp",
        "method": "socket",
        "unitId": 1,
        "deviceName": f"d{number}",
        "timeout": 5,
        "byteOrder": "BIG",
        "wordOrder": "BIG",
        "retries": 1,
        "pollPeriod": round(1000 * poll_s),
        "connectAttemptTimeMs": 500,
        "connectAttemptCount": 5,
        "attributes": [],
        "timeseries": ranges,
        "attributeUpdates": [],
        "rpc": [],
    }


def run_thingsboard(python: Path, folder: Path, devices: Devices, poll_s: float, window_s: float) -> GatewayRun:
    """Let it run for a while. Raises NoThingsboardError where nothing arrives."""
    folder.mkdir()
    with broker(folder) as port:
        sink = Sink(port)
        write_settings(folder, devices, poll_s, port)
        try:
            return _measured(python, folder, devices, poll_s, window_s, sink)
        finally:
            sink.close()


def _measured(python: Path, folder: Path, devices: Devices, poll_s: float, window_s: float, sink: Sink) -> GatewayRun:
    command = [python, "-m", "thingsboard_gateway.tb_gateway"]
    environment_of = {"TB_GW_CONFIG_DIR": str(folder), "PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(folder)}
    with running(command, folder, MEASURED, env=environment_of) as gateway:
        end_s = time.monotonic() + 90
        while len(sink.values) < len(devices.ports):
            if time.monotonic() > end_s or gateway.poll() is not None:
                said = (folder / "output.log").read_text(errors="replace")[-1000:]
                raise NoThingsboardError(f"thingsboard-gateway delivers {len(sink.values)} devices: {said}")
            time.sleep(0.5)
        time.sleep(WARM_S)
        before, begun_s, used_s = sink.values.total(), time.monotonic(), cpu_s(gateway.pid)
        time.sleep(window_s)
        took_s, used_s = time.monotonic() - begun_s, cpu_s(gateway.pid) - used_s
        return GatewayRun(
            asked=round(took_s / poll_s * devices.registers.values * len(devices.ports)),
            delivered=sink.values.total() - before,
            used_s=used_s,
            took_s=took_s,
            rss_mb=rss_mb(gateway.pid),
        )
