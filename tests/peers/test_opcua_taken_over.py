"""A subscription at a node-opcua server is gone on with: after a cut, and by a collector that was started again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from asyncua import ua
from fault_proxy import FaultProxy
from node_server import installed, served_by_node
from opcua_server import URI, Press, running
from opcua_store import Store, device, free_port, stored

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
        last_us = next(one.known_until_us for one in reversed(before.handovers) if one.known_until_us)
        first = next(one for one in after.handovers if one.known_until_us)
        assert first.since_us is not None
        assert first.since_us <= last_us
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


def _rows(store: Path, tag: str) -> list[tuple[int, float]]:
    if not store.exists():
        return []
    with reading(store) as connection:
        found = stored_tags(connection).get(tag)
        if found is None:
            return []
        readings = series(connection, found.id, 0, 2**62)
    return list(zip(readings.times_us.tolist(), readings.values.tolist(), strict=True))


def test_a_daemon_that_is_killed_loses_no_value_and_declares_no_gap(port: int, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE % port, encoding="utf-8")
    store = tmp_path / "plant.db"

    def rows() -> list[tuple[int, float]]:
        return _rows(store, "press.count")

    with process("run", "site.yaml", folder=tmp_path, log="run.log") as first:
        wait_until(lambda: len(rows()) > 10, "the first daemon collects")
        kill(first)
    had = len(rows())
    with process("run", "site.yaml", folder=tmp_path, log="run.log"):
        wait_until(lambda: len(rows()) > had + 15, "the second daemon collects")
    assert set(np.diff([value for _, value in rows()])) == {1.0}
    with reading(store) as connection:
        found = gaps.overlapping(connection, 0, 2**62)
    assert [gap for gap in found if gap.end_us != gap.start_us] == []


BY_INDEX = """
plant: {{id: kr-test-0007, time_zone: Asia/Seoul, production_day_start: "08:00"}}
devices:
  - {{id: told, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:{port}", security: none, sampling_ms: 50,
     publishing_ms: 100, tags: [{{name: told.count, work_unit: press, role: other, node: "ns=2;s=Count"}}]}}
  - {{id: asked, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:{port}", security: none, mode: poll, poll_s: 0.1,
     tags: [{{name: asked.count, work_unit: press, role: other, node: "ns=2;s=Count"}}]}}
"""


async def _beside(press: Press) -> int:
    """A node of the same name in another namespace, which is not to be read; the index of that namespace."""
    index: int = await press.server.register_namespace("urn:other")
    await press.server.nodes.objects.add_variable(ua.NodeId("Count", index), "Count", 999)
    return index


def test_a_daemon_and_a_server_that_both_start_again_read_the_same_nodes_by_other_indexes(tmp_path: Path) -> None:
    number, store, tags = free_port(), tmp_path / "plant.db", ("told.count", "asked.count")
    (tmp_path / "site.yaml").write_text(BY_INDEX.format(port=number), encoding="utf-8")

    def came(value: float) -> bool:
        return all(value in [row[1] for row in _rows(store, tag)] for tag in tags)

    def collected(press: Press, value: int) -> None:
        with running(press) as run:
            run(press.write("Count", value, ua.VariantType.Int64))
            indexes.append(run(_beside(press)))
            with process("run", "site.yaml", folder=tmp_path, log="run.log") as daemon:
                wait_until(lambda: came(value), f"{value} is stored")
                kill(daemon)

    indexes: list[int] = []
    collected(Press(number), 7)
    collected(Press(number, other_namespaces=("urn:other",)), 8)
    assert indexes == [3, 2], "the namespaces changed places"
    assert {value for tag in tags for _, value in _rows(store, tag)} == {7.0, 8.0}
