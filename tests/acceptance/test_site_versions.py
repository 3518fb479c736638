"""A device is added to the site file by command, with and without a running collector, and taken back."""

import signal
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.plant_files import Plant, Ran, run
from tests.acceptance.simulated_plant import SimulatedPlant, free_port, process, smartwings, wait_until

TAGS = "name,work_unit,role,table,address,type\nm9.energy,m9,energy_import,input,72,float32\n"
WHO = ("--by", "Kim")


def add(plant: Plant, *more: str, device: str = "m9") -> Ran:
    return run("site", plant.site, "add", "--device", device, *WHO, *more)


@pytest.fixture
def listed(plant: Plant, tmp_path: Path) -> str:
    """A tag list outside of the plant's folder."""
    file = tmp_path / "found.csv"
    file.write_text(TAGS, encoding="utf-8")
    return str(file)


def site_of(plant: Plant) -> bytes:
    return Path(plant.site).read_bytes()


def versions(plant: Plant) -> list[dict[str, object]]:
    return run("site", plant.site, "versions", "--json").json["versions"]


def test_a_device_is_shown_applied_kept_and_taken_back(plant: Plant, listed: str) -> None:
    before = site_of(plant)
    Path(plant.site).chmod(0o640)
    asked = add(plant, "--modbus", "127.0.0.1:5020", "--set", "unit=3", "--tags", listed)
    assert asked.code == 2
    assert asked.err == "nothing was changed; add --yes to apply it\n"
    assert "+  - id: m9\n+    protocol: modbus\n+    host: 127.0.0.1\n+    port: 5020\n+    unit: 3\n" in asked.out
    assert site_of(plant) == before

    done = add(plant, "--modbus", "127.0.0.1:5020", "--set", "unit=3", "--tags", listed, "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("version 1 applied\n")
    after = site_of(plant)
    assert after.startswith(before)
    assert stat.S_IMODE(Path(plant.site).stat().st_mode) == 0o640
    assert run("check", plant.site).code == 0

    undone = run("site", plant.site, "undo", *WHO, "--reason", "wrong meter", "--yes")
    assert (undone.code, undone.err) == (0, "")
    assert site_of(plant) == before
    assert [path.name for path in plant.folder.iterdir() if path.name.startswith(".")] == []
    first, second = reversed(versions(plant))
    assert (first["by"], first["reason"], first["undone_by"]) == ("Kim", "device m9 added", 2)
    assert (second["reason"], second["undoes"], second["undone_by"]) == ("wrong meter", 1, None)
    assert second["sha256_after"] == first["sha256_before"]
    lines = run("site", plant.site, "versions").out.splitlines()
    assert lines[1].endswith("site.yaml; Kim: device m9 added; undone by version 2")
    assert "+  - id: m9" in run("site", plant.site, "show", "1").out

    again = run("site", plant.site, "undo", "2", *WHO, "--yes")
    assert again.code == 0, again.err
    assert site_of(plant) == after


def test_what_was_changed_since_is_not_undone(plant: Plant, listed: str) -> None:
    assert add(plant, "--modbus", "h", "--tags", listed, "--yes").code == 0
    Path(plant.site).write_bytes(site_of(plant) + b"# by hand\n")
    refused = run("site", plant.site, "undo", *WHO, "--yes")
    assert refused.code == 2
    assert refused.err == "site.yaml was changed since version 1; undo what came later, or edit it by hand\n"
    assert len(versions(plant)) == 1


def test_faults_are_named_by_line_and_nothing_is_applied(plant: Plant, listed: str) -> None:
    before = site_of(plant)
    twice = add(plant, "--modbus", "h", "--tags", listed, "--yes", device="press-1")
    assert twice.code == 2
    assert "devices[1].id: press-1 stands twice" in twice.err
    wrong = add(plant, "--modbus", "h:99999", "--set", "speed=3", "--yes")
    assert wrong.code == 2
    assert "devices[1].port: must be at most 65535" in wrong.err
    assert "devices[1].speed: unknown key" in wrong.err
    assert "needs --modbus or --opcua, not both" in add(plant, "--modbus", "h", "--opcua", "opc.tcp://h").err
    assert "--set: only for a new device" in add(plant, "--set", "unit=1").err
    assert "must look like unit=3" in add(plant, "--modbus", "h", "--set", "unit").err
    assert "has no device m9" in add(plant, "--tags", listed).err
    assert (
        "ca_file: is required for transport tls" in add(plant, "--modbus", "h", "--set", "transport=tls", "--yes").err
    )
    assert run("site", plant.site, "undo", *WHO).err == "nothing was applied yet\n"
    assert "there is none" in run("site", plant.site, "show", "7").err
    assert "there is none" in run("site", plant.site, "undo", "7", *WHO).err
    assert "the addition is empty" in add(plant, "--yes", device="press-1").err
    assert run("site", plant.site, "versions").out == "no versions\n"
    assert site_of(plant) == before


def test_tags_are_added_to_a_device_and_a_list_in_the_folder_is_named(plant: Plant, listed: str) -> None:
    assert add(plant, "--tags", listed, "--yes", device="press-1").code == 0
    assert b"      - {name: m9.energy, work_unit: m9, role: energy_import," in site_of(plant)
    own = plant.file(TAGS.replace("m9", "m8"), "m8.csv")
    assert add(plant, "--modbus", "h", "--tags", own, "--yes", device="m8").code == 0
    assert site_of(plant).endswith(b"    tags: m8.csv\n")


def test_many_tags_make_a_file_that_goes_when_it_is_undone(plant: Plant, tmp_path: Path) -> None:
    rows = "".join(f"t{at},w{at},power,input,{2 * at},float32\n" for at in range(30))
    many = tmp_path / "many.csv"
    many.write_text(TAGS + rows, encoding="utf-8")
    done = add(plant, "--modbus", "h", "--tags", str(many), "--yes", "--json")
    assert done.json["version"]["files"] == ["m9.csv", "site.yaml"]
    assert (plant.folder / "m9.csv").read_text().count("\n") == 32
    assert run("site", plant.site, "undo", *WHO, "--yes").code == 0
    assert not (plant.folder / "m9.csv").exists()


def test_a_running_collector_goes_on_with_the_new_device_and_without_it_again(tmp_path: Path) -> None:
    port = free_port()
    tag = "{name: m9.energy, work_unit: m9, role: energy_import, table: input, address: 72, type: float32}"
    meter = f"  - {{id: m9, protocol: modbus, host: 127.0.0.1, port: {port}, poll_s: 0.2, tags: [{tag}]}}\n"
    with SimulatedPlant(tmp_path, more=meter) as running, ExitStack() as stack:
        stack.enter_context(
            process("simulate", "site.yaml", "--truth", "truth.jsonl", folder=tmp_path, log="simulate.log")
        )
        log = tmp_path / "simulate.log"
        wait_until(lambda: len(log.read_text().splitlines()) == 4, "devices serve")
        site = tmp_path / "site.yaml"
        before = running.text.removesuffix(meter)
        site.write_text(before)
        (tmp_path / "found.csv").write_text(TAGS, encoding="utf-8")
        collector = running.collect()
        running.wait_for_new("main.energy")
        new = ("--modbus", f"127.0.0.1:{port}", "--set", "poll_s=0.2", "--tags", "found.csv")
        done = smartwings("site", "site.yaml", "add", "--device", "m9", *new, *WHO, "--yes", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("version 1 applied; the collector goes on with it\n")
        running.wait_for_new("m9.energy", "main.energy", "press1.temperature")
        undone = smartwings("site", "site.yaml", "undo", *WHO, "--yes", folder=tmp_path)
        assert undone.returncode == 0, undone.stderr
        assert site.read_text() == before
        wait_until(lambda: "m9" not in running.status()["devices"], "the device is gone")
        running.wait_for_new("main.energy", "press1.temperature")
        assert collector.poll() is None
        collector.send_signal(signal.SIGTERM)
        assert collector.wait(20) == 0
        found = running.judge()
    assert found.lost == []
    assert found.doubled_or_wrong == []
    assert {gap.device for gap in found.gaps} >= {"line", "meter", "press2"}
    assert all(gap.end_us is not None for gap in found.gaps)
