"""The page beside the daemon: another process, started again when it ends, gone when the daemon is."""

import json
import os
import signal
import urllib.error
import urllib.request
from pathlib import Path

from tests.acceptance.plant_files import Plant
from tests.acceptance.simulated_plant import free_port, process, wait_until

SITE = "plant: {{id: kr-ansan-0421, time_zone: Asia/Seoul}}\npage: {{listen: 127.0.0.1:{port}}}\n"


def health(port: int) -> dict[str, object]:
    """What /health says; empty while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as answer:  # not well: it says why
        return dict(json.load(answer))
    except OSError:
        return {}


def pages(site: str) -> list[int]:
    """Processes that serve the page of a site file."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode().split("\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:  # it has just ended
                continue
            if "collector.page" in command and site in command and state != "Z":
                found.append(int(entry.name))
    return found


def test_a_page_that_is_killed_comes_back_and_one_whose_daemon_is_killed_ends(tmp_path: Path) -> None:
    port = free_port()
    plant = Plant.made(tmp_path / "plant", SITE.format(port=port))
    with process("run", plant.site, folder=plant.folder, log="run.log") as daemon:
        wait_until(lambda: health(port).get("running") is True, "the page answers")
        (first,) = pages(plant.site)
        assert first != daemon.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: pages(plant.site) not in ([], [first]), "the page is started again")
        wait_until(lambda: health(port).get("running") is True, "the page answers again")
        assert daemon.poll() is None
        daemon.kill()
        wait_until(lambda: not pages(plant.site), "the page has ended too", 15)


def test_a_daemon_that_ends_takes_its_page_with_it(tmp_path: Path) -> None:
    port = free_port()
    plant = Plant.made(tmp_path / "plant", SITE.format(port=port))
    with process("run", plant.site, folder=plant.folder, log="run.log") as daemon:
        wait_until(lambda: health(port).get("running") is True, "the page answers")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
        assert pages(plant.site) == []


def test_an_address_that_is_taken_is_said_and_collecting_goes_on(tmp_path: Path) -> None:
    port = free_port()
    plant = Plant.made(tmp_path / "plant", SITE.format(port=port))
    with process("run", plant.site, folder=plant.folder, log="one.log"):
        wait_until(lambda: bool(health(port)), "the page answers")
        other = Plant.made(tmp_path / "other", SITE.format(port=port))
        with process("run", other.site, folder=other.folder, log="two.log") as second:
            wait_until(lambda: "cannot be listened on" in (other.folder / "two.log").read_text(), "it is said")
            assert second.poll() is None
