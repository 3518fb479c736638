"""The command `smartwings` as a process of its own, as a person or a script runs it."""

import json
import subprocess
import sys
from typing import Any

START = "from commands.main import main; main()"


def command(*arguments: str) -> str:
    """What the command prints; it must succeed and say nothing on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", START, *arguments], capture_output=True, encoding="utf-8", timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def ask(site: object, *arguments: str) -> list[dict[str, Any]]:
    """Values of `smartwings kpi`."""
    values = json.loads(command("kpi", str(site), "--json", *arguments))["values"]
    assert isinstance(values, list)
    return values
