import shutil
from pathlib import Path

import pytest

from collector.store import room
from tests.acceptance.plant_files import Plant, at, run, table


def test_at_90_percent_what_can_wait_is_not_written(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = plant.file("time,tag,value\n" + table([at(0), "good", 1]))
    assert plant.imports("readings", file).code == 0
    usage = shutil.disk_usage(tmp_path)._replace(total=100 << 20, used=90 << 20, free=10 << 20)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage)
    for done in (
        plant.imports("readings", file),
        run("backup", str(plant.folder / "site.yaml"), str(tmp_path / "b.db")),
    ):
        assert (done.code, done.out) == (2, "")
        assert "the disk of the store must stay below 90 %; nothing was written. Free 1 MiB more, or" in done.err
    assert not (tmp_path / "b.db").exists()
