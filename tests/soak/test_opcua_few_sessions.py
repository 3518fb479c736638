"""A PLC with three sessions and a collector that dies again and again: it is locked out for no longer than a session
lives, and says so meanwhile."""

import time
from pathlib import Path

import pytest
from node_server import installed, served_by_node
from opcua_server import URI

from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags
from tests.acceptance.simulated_plant import kill, process, smartwings, wait_until

SOURCES = Path(__file__).parents[1] / "peers" / "node"
KILLS, EVERY_S, SESSIONS, BACK_S = 20, 6.0, 3, 75.0
SITE = f"""
plant: {{id: kr-test-0006, time_zone: Asia/Seoul, production_day_start: "08:00"}}
devices:
  - id: press
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:%d
    security: none
    tags:
      - {{name: press.count, work_unit: press, role: produced_count, node: "nsu={URI};s=Count0"}}
      - {{name: press.sessions, work_unit: press, role: other, node: "nsu={URI};s=Sessions"}}
"""


def _series(store: Path, tag: str) -> list[float]:
    if not store.exists():
        return []
    with reading(store) as connection:
        found = stored_tags(connection).get(tag)
        return [] if found is None else series(connection, found.id, 0, 2**62).values.tolist()


def test_a_collector_that_dies_again_and_again_is_back_when_its_sessions_are_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOST_SESSIONS", str(SESSIONS))
    packages, store = tmp_path / "node", tmp_path / "plant.db"
    packages.mkdir()
    with served_by_node(SOURCES, installed(SOURCES, packages)) as port:
        (tmp_path / "site.yaml").write_text(SITE % port, encoding="utf-8")
        said = ""
        for number in range(KILLS):
            with process("run", "site.yaml", folder=tmp_path, log=f"run{number}.log") as daemon:
                time.sleep(EVERY_S)
                said += smartwings("status", "site.yaml", folder=tmp_path).stdout
                kill(daemon)
        assert "BadTooManySessions" in said
        with process("run", "site.yaml", folder=tmp_path, log="last.log"):
            begun_s, had = time.monotonic(), len(_series(store, "press.count"))
            wait_until(lambda: len(_series(store, "press.count")) > had + 10, "it collects again", BACK_S)
            assert time.monotonic() - begun_s < BACK_S
        assert max(_series(store, "press.sessions")) <= SESSIONS
