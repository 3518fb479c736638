"""The collector as users run it: a simulated plant over real sockets, processes killed for real."""

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance.simulated_plant import SimulatedPlant, free_port, kill, smartwings, wait_until

ALL = ("press1.temperature", "main.energy", "press2.good")


@pytest.mark.parametrize("security", ["none", "Basic256Sha256"])
def test_every_true_value_is_stored_once(tmp_path: Path, security: str) -> None:
    with SimulatedPlant(tmp_path, security) as plant:
        plant.simulate()
        collector = plant.collect()
        plant.wait_for_new(*ALL, count=20)
        collector.send_signal(signal.SIGTERM)
        assert collector.wait(20) == 0
        found = plant.judge()
    assert found.lost == []
    assert found.doubled_or_wrong == []
    assert found.matched > 60
    # A busy machine may let a poll slip; then the gap says so, and nothing else is missing.
    assert all("skipped" in gap.cause for gap in found.gaps)


def test_three_kills_of_the_collector_lose_and_double_nothing(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path) as plant:
        plant.simulate()
        for _ in range(3):
            collector = plant.collect()
            plant.wait_for_new(*ALL)
            kill(collector)
        collector = plant.collect()
        plant.wait_for_new(*ALL)
        collector.send_signal(signal.SIGTERM)
        assert collector.wait(20) == 0
        found = plant.judge()
    assert found.lost == []
    assert found.doubled_or_wrong == []
    assert {gap.cause for gap in found.gaps} >= {"the collector was not running"}


def test_three_kills_of_the_devices_leave_declared_gaps(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path) as plant:
        devices = plant.simulate()
        collector = plant.collect()
        for _ in range(3):
            plant.wait_for_new(*ALL)
            kill(devices)
            wait_until(lambda: not plant.status()["well"], "the collector notices")
            devices = plant.simulate()
        plant.wait_for_new(*ALL)
        plant.wait_for_contact()
        collector.send_signal(signal.SIGTERM)
        assert collector.wait(20) == 0
        found = plant.judge()
    assert found.lost == []
    assert found.doubled_or_wrong == []
    assert {gap.device for gap in found.gaps} == {"line", "meter", "press2"}
    assert all(gap.end_us is not None for gap in found.gaps)


def test_no_device_has_to_be_up_at_start_and_a_dead_one_slows_no_other(tmp_path: Path) -> None:
    dead = f"""
  - id: dead
    protocol: modbus
    host: 127.0.0.1
    port: {free_port()}
    tags:
      - {{name: dead.good, work_unit: dead, role: good_count, table: holding, address: 0, type: uint32}}
"""
    with SimulatedPlant(tmp_path, more=dead) as plant:
        collector = plant.collect()
        wait_until(lambda: plant.status()["running"], "it runs")
        alive = plant.text.replace(dead, "")
        (tmp_path / "alive.yaml").write_text(alive)
        plant._start("simulate", "alive.yaml", "--truth", "truth.jsonl", log="simulate.log")
        plant.wait_for_new("press2.good", count=30)
        reasons = plant.status()["reasons"]
        assert len(reasons) <= 2
        assert any(reason.startswith("dead: not connected") for reason in reasons)
        devices = {device["id"]: device for device in plant.status()["devices"]}
        assert devices["press2"]["polls_late"] <= 0.1 * devices["press2"]["polls"]  # a busy machine may let one slip
        collector.send_signal(signal.SIGTERM)
        assert collector.wait(20) == 0


def test_commands_beside_a_running_collector(tmp_path: Path) -> None:
    port = free_port()
    with SimulatedPlant(tmp_path, more=f"page: {{listen: 127.0.0.1:{port}}}\n") as plant:
        plant.simulate()
        plant.collect()
        plant.wait_for_new(*ALL)
        (tmp_path / "orders.csv").write_text("order_id,quantity,due_date\n1,5,2026-01-01\n")

        again = smartwings("run", "site.yaml", folder=tmp_path)
        assert again.returncode == 2
        assert "is in use by process" in again.stderr
        imported = smartwings("import", "orders", "site.yaml", "orders.csv", "--json", folder=tmp_path)
        assert json.loads(imported.stdout)["files"][0]["new"] == 1
        assert json.loads(imported.stdout)["files"][0]["file"] == "orders.csv"
        (tmp_path / "bad.csv").write_text("order_id,quantity,due_date\n1,x,2026-01-01\n")
        refused = smartwings("import", "orders", "site.yaml", "bad.csv", folder=tmp_path)
        assert refused.returncode == 2
        assert "bad.csv:2:2: quantity: must be a number" in refused.stderr

        latest = json.loads(smartwings("read", "site.yaml", "press2.good", "--json", folder=tmp_path).stdout)
        assert latest["readings"][0]["status"] == "Good"
        assert latest["readings"][0]["age_s"] < 30
        assert smartwings("check", "site.yaml", "--connect", folder=tmp_path).returncode == 0

        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b'smartwings_device_connected{device="meter"} 1.0' in answer.read()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            assert json.load(answer)["well"] is True
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/nothing")


def test_check_connect_says_what_cannot_be_read(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path):
        checked = smartwings("check", "site.yaml", "--connect", "--json", folder=tmp_path)
    assert checked.returncode == 3
    assert {fault["key"] for fault in json.loads(checked.stdout)["faults"]} >= {"press1.good", "main.energy"}
