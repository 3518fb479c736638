import json
from pathlib import Path
from typing import Any

from site_files import PLANT
from typer.testing import CliRunner

from commands.main import app

HEADER = "{name: %s, work_unit: u, role: other, table: %s, address: %d, type: %s}"


def tags(*places: tuple[str, str, int, str]) -> str:
    return ", ".join(HEADER % place for place in places)


SITE = f"""{PLANT}devices:
- id: meter
  protocol: modbus
  host: 10.0.0.5
  poll_s: 0.5
  tags: [{tags(("v", "holding", 0, "float32"), ("w", "holding", 4, "int16"), ("x", "holding", 6, "int16"))}]
- id: valve
  protocol: modbus
  host: 10.0.0.5
  unit: 2
  max_registers: 2
  tags: [{tags(("a", "input", 9, "uint32"), ("b", "input", 11, "int16"))},
    {{name: c, work_unit: u, role: other, table: coil, address: 5}}]
- {{id: idle, protocol: modbus, host: 10.0.0.6}}
- {{id: press, protocol: opcua, endpoint: 'opc.tcp://10.0.0.7:4840', tags: [
    {{name: p, work_unit: u, role: power, node: s=1}}]}}
- id: bus-1
  protocol: modbus
  transport: rtu
  serial_port: /dev/ttyUSB0
  poll_s: POLL
  tags: [{tags(*((f"r{at}", "holding", at, "int16") for at in range(10)))}]
"""


def checked(folder: Path, poll_s: str, *options: str) -> str:
    path = folder / "site.yaml"
    path.write_text(SITE.replace("POLL", poll_s), encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(path), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_check_prints_every_request_and_what_lines_bear(tmp_path: Path) -> None:
    lines = checked(tmp_path, "0.1").splitlines()
    start = lines.index("device meter: 3 tags, 1 request a poll")
    assert lines[start : start + 11] == [
        "device meter: 3 tags, 1 request a poll",
        "  holding 0-6: 7 registers for v, w, x; read for nothing: 2-3, 5",
        "device valve: 3 tags, 3 requests a poll",
        "  coil 5: 1 coil for c",
        "  input 9-10: 2 registers for a",
        "  input 11: 1 register for b",
        "device idle: 0 tags, nothing to read",
        "device press: 1 tags, by subscription",
        "device bus-1: 10 tags, 1 request a poll",
        "  holding 0-9: 10 registers for r0, r1, r2, r3, r4, r5, r6, r7 and 2 more",
        "line 10.0.0.5:502: 5 requests a second of meter, valve",
    ]
    assert lines[start + 11] == "line /dev/ttyUSB0: 10 requests a second of bus-1, 45.8% of the time at 9600 bit/s"


def test_check_gives_the_same_as_json(tmp_path: Path) -> None:
    found: dict[str, Any] = json.loads(checked(tmp_path, "0.1", "--json"))
    assert [(one["id"], one["requests_per_poll"], one["tags"]) for one in found["devices"]] == [
        ("meter", 1, 3),
        ("valve", 3, 3),
        ("idle", 0, 0),
        ("press", 0, 1),
        ("bus-1", 1, 10),
    ]
    assert found["devices"][0]["requests"] == [
        {"table": "holding", "first": 0, "last": 6, "count": 7, "tags": ["v", "w", "x"], "unused": [[2, 3], [5, 5]]}
    ]
    assert [len(one["requests"]) for one in found["devices"]] == [1, 3, 0, 0, 1]
    assert found["lines"] == [
        {
            "line": "10.0.0.5:502",
            "devices": ["meter", "valve"],
            "requests_per_s": 5.0,
            "baudrate": None,
            "bus_ratio": None,
        },
        {"line": "10.0.0.6:502", "devices": ["idle"], "requests_per_s": 0.0, "baudrate": None, "bus_ratio": None},
        {
            "line": "/dev/ttyUSB0",
            "devices": ["bus-1"],
            "requests_per_s": 10.0,
            "baudrate": 9600,
            "bus_ratio": 0.4583,
        },
    ]


def test_a_serial_line_that_polling_fills_is_warned_of(tmp_path: Path) -> None:
    warning = (
        "warning: line /dev/ttyUSB0: polling takes 76% of its time at 9600 bit/s and more than 70% leaves too little "
        "to the units' answering; raise poll_s or baudrate, or read fewer addresses"
    )
    assert warning in checked(tmp_path, "0.06").splitlines()
    assert "polling takes" not in checked(tmp_path, "0.07")
