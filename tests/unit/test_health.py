import json
import os
from pathlib import Path
from typing import Any

import pytest

from collector.health import Snapshot, free_share, written_bytes
from collector.store.guards import file_system
from connectors.device_health import DeviceHealth

UP = DeviceHealth(connected_since_us=5, readings=7)


def snapshot(**changed: Any) -> Snapshot:
    well: dict[str, Any] = {
        "at_us": 3_000_000, "started_us": 1_000_000, "devices": {"press": UP}, "committed": 7, "waiting_reports": 2,
        "free_share": 0.5, "clock_offset_s": 0.0,
    }  # fmt: skip
    return Snapshot(**{**well, **changed})


def test_a_collector_in_order_gives_no_reason() -> None:
    said = snapshot().as_json()
    assert (said["running"], said["well"], said["reasons"], said["up_s"]) == (True, True, [], 2.0)
    assert (said["readings_committed"], said["reports_waiting"]) == (7, 2)
    assert said["devices"][0]["id"] == "press"
    assert said["devices"][0]["connected"] is True
    json.dumps(said, allow_nan=False)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"devices": {"press": DeviceHealth()}}, "press: not connected: no answer yet"),
        ({"devices": {"press": DeviceHealth(last_error="refused")}}, "press: not connected: refused"),
        ({"store_fault": "disk full"}, "readings cannot be stored: disk full"),
        (
            {"report_fault": "the broker refused the connection"},
            "reports cannot be sent: the broker refused the connection",
        ),
        ({"failed_reports": {"day/2026-11-21/1": "too large"}}, "report day/2026-11-21/1 cannot be made: too large"),
        ({"free_share": 0.0499}, "disk: only 5.0% free"),
        ({"recent_faults": {"publisher": "OSError: x"}}, "publisher: OSError: x"),
    ],
)
def test_everything_that_is_wrong_is_a_reason(changed: dict[str, Any], reason: str) -> None:
    found = snapshot(**changed)
    assert found.reasons() == [reason]
    assert found.as_json()["well"] is False


def test_reasons_add_up_and_old_faults_are_counted_only() -> None:
    found = snapshot(devices={"a": DeviceHealth(), "b": UP, "c": DeviceHealth()}, store_fault="x", task_faults={"a": 3})
    assert [reason.split(":")[0] for reason in found.reasons()] == ["a", "c", "readings cannot be stored"]
    assert snapshot(task_faults={"publisher": 3}).reasons() == []


def test_the_disk_of_the_store_is_looked_at(tmp_path: Path) -> None:
    assert 0 < free_share(tmp_path / "not-yet-there.db") < 1


def test_what_a_reading_costs_a_flash_card_is_said() -> None:
    said = snapshot(written_bytes=200).as_json()
    assert (said["disk_written_bytes"], said["disk_written_bytes_per_reading"]) == (200, 28.6)
    assert snapshot(written_bytes=200, committed=0).as_json()["disk_written_bytes_per_reading"] is None
    assert snapshot().as_json()["disk_written_bytes_per_reading"] is None


def test_what_is_written_is_counted(tmp_path: Path) -> None:
    before = written_bytes()
    if before is None or file_system(str(tmp_path), Path("/proc/self/mounts").read_text(encoding="utf-8")) == "tmpfs":
        pytest.skip("no writes to a disk are counted here")
    with (tmp_path / "file").open("wb") as file:
        file.write(bytes(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    assert (written_bytes() or 0) - before >= 1 << 20
