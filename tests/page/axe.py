"""axe-core, fetched from the package registry: what a machine can find of pages that some people cannot use."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from tests.left_out import left_out

VERSION = "4.14.1"


def axe_script() -> str:
    npm = shutil.which("npm")
    if npm is None:
        left_out("axe: npm is not installed")
    with TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", f"axe-core@{VERSION}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            left_out(f"axe: npm pack failed: {done.stderr.strip()[-200:]}")
        with tarfile.open(Path(folder) / done.stdout.strip()) as tarball:
            member = tarball.extractfile("package/axe.min.js")
            assert member is not None
            return member.read().decode()


def axe_findings(page: Page, script: str) -> list[str]:
    """What axe finds wrong with a page as it is now, one line a finding."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Runtime.evaluate", {"expression": script})
    run = "axe.run(document, {resultTypes: ['violations']}).then((found) => JSON.stringify(found.violations))"
    answer = devtools.send("Runtime.evaluate", {"expression": run, "awaitPromise": True, "returnByValue": True})
    return [
        f"{one['id']}: {node['target']}: {node['failureSummary']}"
        for one in json.loads(answer["result"]["value"])
        for node in one["nodes"]
    ]
