"""A subscription at a node-opcua server is gone on with: after a cut, and by a collector that was started again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fault_proxy import FaultProxy
from node_server import installed, served_by_node
from opcua_server import URI
from opcua_store import Store, device, stored

from collector.store import gaps
from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags
from connectors.opcua import OpcUaConnector
from tests.acceptance.simulated_plant import kill, process, wait_until

pytestmark = pytest.mark.timeout(240)

SOURCES = Path(__file__).with_name("node")
TAGS = ({"name": "press.count", "role": "produced_count", "node": f"nsu={URI};s=Count0"},)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served_by_node(SOURCES, installed(SOURCES, tmp_path_factory.mktemp("node"))) as number:
        yield number


def _counts(*stores: Store) -> list[float]:
    """Each count that was stored, once: the same reading again is none."""
    rows = dict.fromkeys((row[1], row[2]) for store in stores for row in store.rows)
    return [value for _, value in rows]


async def _more(store: Store, count: int) -> None:
    wanted = len(store.values("press.count")) + count
    await store.until(lambda: len(store.values("press.count")) >= wanted)


def test_a_cut_loses_nothing_and_leaves_no_gap(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            FaultProxy(port).serving() as proxy,
            stored(OpcUaConnector(device(proxy.port, TAGS), tmp_path)) as store,
        ):
            await _more(store, 3)
            for cuts in (1, 2):
                proxy.cut()
                await store.until(lambda cuts=cuts: len(store.gaps) == 2 * cuts)
                await _more(store, 3)
        assert set(np.diff(_counts(store))) == {1.0}
        closed = [gap for gap in store.gaps if gap.end_us is not None]
        assert [gap.end_us - gap.start_us for gap in closed] == [0, 0]

    asyncio.run(scenario())


def test_a_collector_that_was_killed_goes_on_after_what_it_had_stored(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FaultProxy(port).serving() as proxy:
            settings = device(proxy.port, TAGS)
            async with stored(OpcUaConnector(settings, tmp_path)) as before:
                await _more(before, 3)
                kept = next(one.position for one in reversed(before.handovers) if one.position)
                proxy.cut()  # before the end, so that no session is closed
            async with stored(OpcUaConnector(settings, tmp_path, kept)) as after:
                await _more(after, 3)
        assert set(np.diff(_counts(before, after))) == {1.0}
        assert next(one for one in after.handovers if one.known_until_us).unbroken
        assert after.gaps == []

    asyncio.run(scenario())


SITE = f"""
plant: {{id: kr-test-0006, time_zone: Asia/Seoul, production_day_start: "08:00"}}
devices:
  - id: press
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:%d
    security: none
    sampling_ms: 50
    publishing_ms: 100
    tags:
      - {{name: press.count, work_unit: press, role: produced_count, node: "nsu={URI};s=Count0"}}
"""


def test_a_daemon_that_is_killed_loses_no_value_and_declares_no_gap(port: int, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE % port, encoding="utf-8")
    store = tmp_path / "plant.db"

    def rows() -> list[tuple[int, float]]:
        if not store.exists():
            return []
        with reading(store) as connection:
            found = stored_tags(connection).get("press.count")
            readings = series(connection, found.id, 0, 2**62) if found else None
            return (
                [] if readings is None else list(zip(readings.times_us.tolist(), readings.values.tolist(), strict=True))
            )

    with process("run", "site.yaml", folder=tmp_path, log="run.log") as first:
        wait_until(lambda: len(rows()) > 10, "the first daemon collects")
        kill(first)
    had = len(rows())
    with process("run", "site.yaml", folder=tmp_path, log="run.log"):
        wait_until(lambda: len(rows()) > had + 15, "the second daemon collects")
    assert set(np.diff([value for _, value in rows()])) == {1.0}
    with reading(store) as connection:
        assert [
            gap for gap in gaps.overlapping(connection, 0, 2**62) if gap.tag is None and gap.end_us != gap.start_us
        ] == []
