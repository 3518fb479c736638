"""May the Modbus function codes that left the processes of a test run have left them? Hooks of pytest.

The run fails on any code but 1 to 4, which read; identification (43 with interface 14) is for tests and commands that
ask for it by name. It fails as well on any OPC UA service that does not read (`services`).
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import service_recorder
import services
import wire_recorder

READING = {1, 2, 3, 4}
IDENTIFICATION = (wire_recorder.IDENTIFY, 14)
A_CLIENT_THAT_WRITES = "tests/peers/test_simulated_modbus.py::test_what_a_device_does_not_have_is_refused"
"""There another's client, in the test's own process, tries to write to our simulated device."""


def noted(folder: Path) -> list[dict]:
    """What all processes sent, each code once a test and process."""
    files = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def forbidden(notes: list[dict]) -> list[dict]:
    """What must never have been sent."""
    return [
        note
        for note in notes
        if note["code"] not in READING and not _asked_for_identification(note) and note["test"] != A_CLIENT_THAT_WRITES
    ]


def _asked_for_identification(note: dict) -> bool:
    by_name = "identif" in note["test"].lower() or "--identify" in note["command"]
    return (note["code"], note["interface"]) == IDENTIFICATION and by_name


def pytest_configure(config) -> None:
    """Watch this process and those that it starts, workers of xdist among them."""
    if wire_recorder.FOLDER not in os.environ:
        config.function_codes = tempfile.mkdtemp(prefix="function-codes-")
        os.environ[wire_recorder.FOLDER] = config.function_codes
        here = str(Path(__file__).parent)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    wire_recorder.install()
    service_recorder.install()


def pytest_sessionfinish(session) -> None:
    """Fail the run whose processes sent what they must not."""
    folder = getattr(session.config, "function_codes", None)
    if folder is not None:
        session.config.function_codes_noted = noted(Path(folder))
        session.config.services_noted = services.noted(Path(folder))
        shutil.rmtree(folder)
        if forbidden(session.config.function_codes_noted) or services.forbidden(session.config.services_noted):
            session.exitstatus = 1


def pytest_terminal_summary(terminalreporter, config) -> None:
    """Say what was sent."""
    notes = getattr(config, "function_codes_noted", [])
    if notes:
        terminalreporter.write_line(f"Modbus function codes sent: {sorted({note['code'] for note in notes})}")
    for note in forbidden(notes):
        terminalreporter.write_line(f"FORBIDDEN Modbus function code: {json.dumps(note)}", red=True)
    asked = getattr(config, "services_noted", [])
    if asked:
        terminalreporter.write_line(f"OPC UA services asked for: {sorted({note['service'] for note in asked})}")
    for note in services.forbidden(asked):
        terminalreporter.write_line(f"FORBIDDEN OPC UA service: {json.dumps(note)}", red=True)
