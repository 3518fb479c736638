"""What is said of a disk that fills up and of damage in the store?"""

from typing import Any

import pytest

from collector.disk import Level
from collector.health import Snapshot
from collector.plant_trouble import collecting_troubles
from config.site import Site


@pytest.mark.parametrize(
    ("changed", "reason", "kind"),
    [
        ({"disk_level": Level.LOW}, "disk: only 20.0% free", "disk_low"),
        ({"disk_level": Level.FULL}, "disk: only 20.0% free", "disk_full"),
        ({"wal_bytes": 65 << 20}, "store: its write-ahead log has 65 MiB: a reader holds on to it", "log_long"),
        (
            {"damaged_rows": 2, "damaged_readings": 50},
            "store: 2 damaged rows were set aside in the last 7 days",
            "rows_damaged",
        ),
        (
            {"renewed": "plant.db.damaged-1"},
            "store: its file was damaged and is kept as plant.db.damaged-1; a new one was begun",
            "file_damaged",
        ),
    ],
)
def test_it_is_told_with_what_helps_in_both_languages(changed: dict[str, Any], reason: str, kind: str) -> None:
    well: dict[str, Any] = {"at_us": 3, "started_us": 1, "devices": {}, "committed": 7, "waiting_reports": None}
    now = Snapshot(**well, free_share=0.2, clock_offset_s=0.0, **changed)
    assert now.reasons() == [reason]
    site = Site.model_validate({"plant": {"id": "kr-test-0001", "time_zone": "Asia/Seoul"}})
    (trouble,) = collecting_troubles(site, now)
    assert trouble.kind == kind
    assert all(said for said in (trouble.what.en, trouble.what.ko, trouble.remedy.en, trouble.remedy.ko))


def test_a_log_of_the_usual_length_is_not_told() -> None:
    now = Snapshot(3, 1, {}, 7, None, 0.2, 0.0, wal_bytes=64 << 20)
    assert now.reasons() == []
