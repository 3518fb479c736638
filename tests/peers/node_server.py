"""A server of another maker on Node.js, its packages installed by npm into a folder of the test."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulated_plant import free_port

from tests.left_out import left_out

_INSTALLED: dict[Path, Path] = {}


def installed(sources: Path, folder: Path) -> Path:
    """A folder with the packages of `package.json` in it, made once; leaves the test out where that is not possible."""
    if sources in _INSTALLED:
        return _INSTALLED[sources]
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        left_out(f"{sources.name}: node and npm are not installed")
    shutil.copy(sources / "package.json", folder)
    command = [npm or "", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        left_out(f"{sources.name}: npm install took longer than 180 s")
    if done.returncode:
        left_out(f"{sources.name}: npm install failed: {done.stderr.strip()[-200:]}")
    _INSTALLED[sources] = folder
    return folder


@contextmanager
def served_by_node(sources: Path, packages: Path, script: str = "server.js") -> Iterator[int]:
    """Run `script PORT PACKAGES` until the end of the block; the port, once it has said `ready`."""
    number = free_port()
    command = ["node", str(sources / script), str(number), str(packages)]
    server = subprocess.Popen(command, cwd=packages, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        said = []
        while not said or (said[-1] and said[-1] != "ready\n"):
            said.append(server.stdout.readline())
        assert said[-1] == "ready\n", "".join(said)
        yield number
    finally:
        server.kill()
        server.communicate()
