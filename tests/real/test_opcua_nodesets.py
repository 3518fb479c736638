"""Nodesets of PackML, Machinery and MachineTool: roles of their counters and states; a machine of PackML is read."""

import asyncio
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from opcua_store import device, free_port

from connectors.opcua import OpcUaConnector
from connectors.opcua_browse import browsed
from connectors.opcua_draft import proposed_tags
from connectors.role_proposal import proposed_role
from connectors.state_proposal import proposed_states

NODES = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
KINDS = {
    **dict.fromkeys(("Int32", "UInt16", "UInt32", "UInt64", "UInteger", "Byte"), "whole"),
    **dict.fromkeys(("Float", "Double", "Duration", "Number"), "number"),
    **dict.fromkeys(("String", "LocalizedText"), "text"),
    "Boolean": "bool",
}
COUNTERS = {
    "Opc.Ua.PackML.NodeSet2.xml": {},
    "Opc.Ua.Machinery.NodeSet2.xml": {},
    "Opc.Ua.MachineTool.NodeSet2.xml": {
        "PartsCompleted": "produced_count",
        "PartsGood": "good_count",
        "PartsProducedInLifetime": "produced_count",
    },
    "Opc.Ua.PlasticsRubber.GeneralTypes.NodeSet2.xml": {
        "JobPartsCounter": "produced_count",
        "JobGoodPartsCounter": "good_count",
        "JobBadPartsCounter": "scrap_count",
    },
}
STATES = {
    ("Opc.Ua.MachineTool.NodeSet2.xml", "ChannelState"): {0: "Executing", 1: "NotExecuting", 2: "NotExecuting"},
    ("Opc.Ua.MachineTool.NodeSet2.xml", "ToolLocked"): {},
    ("Opc.Ua.MachineTool.NodeSet2.xml", "PartQuality"): {},
}


@pytest.mark.parametrize("file", COUNTERS)
def test_counters_of_the_companion_specifications_and_nothing_else_are_taken_for_such(
    real_data: Path, file: str
) -> None:
    found = {}
    for one in ElementTree.parse(real_data / "opcua_nodesets" / file).getroot().findall(f"{NODES}UAVariable"):
        name = (one.get("BrowseName") or "").rpartition(":")[2]
        role = proposed_role(name, KINDS.get(one.get("DataType") or "", "other"))
        if role is not None and role.value.endswith("_count"):
            found[name] = role.value
    assert found == COUNTERS[file]


@pytest.mark.parametrize(("file", "name"), STATES)
def test_states_of_enumerations_are_those_that_their_texts_say(real_data: Path, file: str, name: str) -> None:
    root = ElementTree.parse(real_data / "opcua_nodesets" / file).getroot()
    (kind,) = [one for one in root.findall(f"{NODES}UADataType") if (one.get("BrowseName") or "").endswith(f":{name}")]
    texts = {
        int(one.get("Value") or 0): one.get("Name") or "" for one in kind.findall(f"{NODES}Definition/{NODES}Field")
    }
    assert proposed_states(texts) == STATES[file, name]


@pytest.fixture(scope="module")
def packer(real_data: Path) -> Iterator[int]:
    port = free_port()
    script = Path(__file__).with_name("packml_server.py")
    command = [sys.executable, str(script), str(port), str(real_data / "opcua_nodesets")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield port
    finally:
        server.kill()
        server.communicate()


def test_the_counters_of_a_packing_machine_are_proposed_and_read(packer: int, tmp_path: Path) -> None:
    found = asyncio.run(browsed(device(packer, ()), tmp_path))
    tags = proposed_tags(found.variables)
    assert [(tag["name"], tag["work_unit"], tag["role"], tag["index"], tag["field"]) for tag in tags] == [
        ("Packer.ProdDefectiveCount", "Packer", "scrap_count", "0", "AccCount"),
        ("Packer.ProdDefectiveCount_2", "Packer", "scrap_count", "1", "AccCount"),
        ("Packer.ProdProcessedCount", "Packer", "produced_count", "0", "AccCount"),
        ("Packer.ProdProcessedCount_2", "Packer", "produced_count", "1", "AccCount"),
    ]
    batch = asyncio.run(OpcUaConnector(device(packer, tags), tmp_path).read_once()).batch
    assert batch is not None
    assert batch.values.tolist() == [10.0, 11.0, 1000.0, 1001.0]
