"""Schemathesis, which asks an API whatever its description allows, and whatever it does not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

_COMMAND = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", "--no-color"]
# Which of two times is the earlier one, and what the plant has, is more than a description can say.
_CHECKS = ["--exclude-checks", "positive_data_acceptance", "--warnings", "off"]


def fuzzed(api: httpx.Client, folder: Path, examples: int, seed: int) -> None:
    """Ask anything at all; then only for what there is, so that most of it is answered."""
    description = api.get("/openapi.json").json()
    _run(folder, description, api, "--max-examples", str(examples), "--seed", str(seed))
    options = ["--mode", "positive", "--phases", "fuzzing"]
    _run(folder, _of_this_plant(description, api), api, "--max-examples", str(examples), "--seed", str(seed), *options)


def _run(folder: Path, description: dict[str, Any], api: httpx.Client, *options: str) -> None:
    file = folder / "openapi.json"
    file.write_text(json.dumps(description), encoding="utf-8")
    command = [*_COMMAND, str(file), "--url", str(api.base_url), *_CHECKS, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    assert "6 passed" in done.stdout or "Tested: 6" in done.stdout, done.stdout[-2000:]


def _of_this_plant(description: dict[str, Any], api: httpx.Client) -> dict[str, Any]:
    """The description with tags, devices, scopes and times of which this plant has something."""
    tags = [row["tag"] for row in api.get("/readings").json()["readings"]]
    devices = [row["id"] for row in api.get("/devices").json()["devices"]]
    times = ["2026-11-18", "2026-11-19T09:00:00+09:00", "2026-11-19T23:59:59.999999Z", "2026-11-20", "1900-01-01"]
    known = {"tag": tags, "device": devices, "scope": ["plant", "press1", "order:4711", "product:P"]}
    known |= dict.fromkeys(("from", "to", "at", "as_of"), times)
    for operations in description["paths"].values():
        for parameter in operations["get"]["parameters"]:
            if parameter["name"] in known:
                one = {"type": "string", "enum": known[parameter["name"]]}
                many = parameter["schema"].get("type") == "array"
                parameter["schema"] = {**parameter["schema"], "items": one} if many else one
    return description
