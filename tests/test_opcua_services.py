"""Would it be noticed if anything but a request to read left a process for an OPC UA server? The watch is watched."""

import ast
import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import service_recorder
from asyncua import ua
from asyncua.common.connection import SecureConnection
from asyncua.ua.ua_binary import struct_to_binary
from opcua_server import Press, running
from opcua_store import COUNT, device, free_port
from services import READING, forbidden, noted

from connectors.opcua import OpcUaConnector
from connectors.opcua_security import trust

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [ROOT / name for name in ("connectors", "collector", "commands", "config", "broker", "programme")]
REQUESTS = {name: value for name, value in vars(ua).items() if name.endswith("Request") and hasattr(value, "TypeId")}

A_CLIENT_THAT_WRITES = """
import asyncio
from asyncua import Client

async def run():
    async with Client({url!r}) as client:
        try:
            await client.nodes.server_state.write_value(1)
        except Exception:
            pass

asyncio.run(run())
"""


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv(service_recorder.FOLDER, str(tmp_path))
    monkeypatch.setattr(service_recorder, "_noted", set())
    return tmp_path


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, cwd=ROOT, timeout=60, capture_output=True, text=True)


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_request_is_known_by_its_bytes(name: str) -> None:
    assert service_recorder.service_of(struct_to_binary(REQUESTS[name]())) == name.removesuffix("Request")


def test_answers_are_left_alone_and_what_has_no_name_is_not() -> None:
    for answer in (ua.ReadResponse(), ua.ServiceFault()):
        assert service_recorder.service_of(struct_to_binary(answer)) is None
    for unknown in (b"", b"\1\0\xff\xff", b"\3\1\0", b"\0\1"):
        found = service_recorder.service_of(unknown)
        assert found is not None
        assert forbidden([{"service": found, "test": "", "command": []}])


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "encrypted"])
def test_a_write_of_another_process_is_noticed_and_fails(notes: Path, tmp_path: Path, secure: bool) -> None:
    press = Press(free_port(), tmp_path if secure else None)
    with running(press):
        if secure:
            settings = device(press.port, COUNT, security="Basic256Sha256")
            asyncio.run(trust(settings, tmp_path))
            code = _on_our_link(settings.model_dump_json(), tmp_path)
        else:
            code = A_CLIENT_THAT_WRITES.format(url=press.url)
        run_python(code)
    assert {note["service"] for note in forbidden(noted(notes))} == {"Write"}


def _on_our_link(settings: str, folder: Path) -> str:
    return f"""
import asyncio
from pathlib import Path
from asyncua import ua
from config.devices import OpcUaDevice
from connectors.latency import Latency
from connectors.opcua_connection import opened

async def run():
    device = OpcUaDevice.model_validate_json({settings!r})
    async with opened(device, Path({str(folder)!r}), {{}}, Latency()) as link:
        try:
            await link.session.write(ua.WriteParameters())
        except Exception:
            pass

asyncio.run(run())
"""


def test_all_that_a_connector_asks_for_is_noted_and_reads(notes: Path, tmp_path: Path) -> None:
    press = Press(free_port())

    async def subscribe() -> None:
        batches = OpcUaConnector(device(press.port, COUNT), tmp_path).batches()
        await anext(batches)
        await batches.aclose()

    with running(press):
        asyncio.run(subscribe())
    asked = {note["service"] for note in noted(notes)}
    assert asked >= {"OpenSecureChannel", "CreateSession", "ActivateSession", "Read", "CreateSubscription", "Publish"}
    assert asked <= READING


def test_a_process_that_needs_no_asyncua_does_not_import_it(notes: Path) -> None:
    done = run_python("import sys; print('service_recorder' in sys.modules, 'asyncua' in sys.modules)")
    assert done.stdout == "True False\n"


A_TEST_THAT_WRITES = """
from asyncua import ua
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.crypto.security_policies import SecurityPolicyNone
from asyncua.ua.ua_binary import struct_to_binary

def test_here():
    connection = SecureConnection(SecurityPolicyNone(), TransportLimits(65535, 65535, 0, 0))
    connection.message_to_binary(struct_to_binary(ua.CallRequest()), message_type=ua.MessageType.SecureMessage)
"""


def test_a_run_in_which_anything_writes_fails(tmp_path: Path) -> None:
    hooks = f"import sys\nsys.path.insert(0, {str(ROOT / 'tests' / 'recorder')!r})\nfrom function_codes import *\n"
    for name, text in {"conftest.py": hooks, "test_it.py": A_TEST_THAT_WRITES, "pytest.ini": "[pytest]\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != service_recorder.FOLDER}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=100)
    assert "1 passed" in done.stdout
    assert done.returncode == 1
    assert 'FORBIDDEN OPC UA service: {"service": "Call"' in done.stdout


def test_no_service_but_those_that_read_is_so_much_as_named() -> None:
    """Neither as an attribute nor as text that one could be looked up by."""
    refused = {name for name in REQUESTS if name.removesuffix("Request") not in READING}
    refused |= {name.replace("Request", "Parameters") for name in refused}
    refused |= {"write", "write_value", "write_attribute", "write_params", "call", "call_method", "history_update"}
    refused |= {"add_nodes", "delete_nodes", "add_references", "delete_references", "set_value", "set_attribute"}
    assert {"WriteRequest", "CallParameters", "HistoryUpdateRequest"} <= refused
    named = {}
    for path in (path for folder in PRODUCT for path in folder.rglob("*opcua*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        words |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        words |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        if words & refused:
            named[path.name] = words & refused
    assert named == {}


def test_the_library_is_watched_in_this_very_process() -> None:
    assert hasattr(SecureConnection.message_to_binary, "__wrapped__")
