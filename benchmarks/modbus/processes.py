"""Which processes take part in a measurement, on which core, and what have they used?"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modbus.registers import VERSIONS, RegisterMap

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORES = sorted(os.sched_getaffinity(0))
MEASURED, AROUND = CORES[0], CORES[-1]
"""The core of what is measured, and that of everything around it."""


def on(core: int) -> Callable[[], None]:
    """What a child does first: stay on a core."""
    return lambda: os.sched_setaffinity(0, {core})


def compiled(folder: Path) -> None:
    """Build the server and the client in C. Raises SystemExit without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise SystemExit("a C compiler is needed (Debian: gcc libc6-dev)")
    for name in ("server", "client"):
        subprocess.run([compiler, "-O2", "-o", folder / name, HERE / f"{name}.c"], check=True)


@dataclass(frozen=True, slots=True)
class Devices:
    """Served devices: their process, ports and registers."""

    pid: int
    ports: tuple[int, ...]
    registers: RegisterMap
    plan: Path


@contextmanager
def served(folder: Path, registers: RegisterMap, devices: int = 20) -> Iterator[Devices]:
    """Devices on the core around, until the end of the block."""
    image, plan = folder / "image", folder / "plan"
    registers.write_image(image)
    plan.write_text(registers.plan(), encoding="utf-8")
    command = [folder / "server", image, str(registers.registers), str(VERSIONS), str(devices)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=on(AROUND)
    ) as server:
        assert server.stdout is not None
        ports = tuple(int(server.stdout.readline()) for _ in range(devices))
        try:
            yield Devices(server.pid, ports, registers, plan)
        finally:
            server.kill()


def contender(command: Sequence[str | Path], longest_s: float) -> dict[str, Any]:
    """Run a contender on the measured core; what it says of itself in its last line."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=longest_s,
        preexec_fn=on(MEASURED),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} {command[1]} failed: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@contextmanager
def running(command: Sequence[str | Path], folder: Path, core: int, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process on a core, ended with the block: asked first, then killed with its children."""
    with (folder / "output.log").open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=on(core),
            start_new_session=True,
            **more,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def smartwings(*arguments: str | Path) -> list[str]:
    """The command line of this checkout."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from commands.main import main; main()"
    return [sys.executable, "-c", code, *map(str, arguments)]


def cpu_s(pid: int) -> float:
    """CPU time that a process and the children it waited for have used [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int, peak: bool = False) -> float:
    """Memory of a process in RAM, now or at its most [MB]."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    found = next(line for line in lines if line.startswith("VmHWM" if peak else "VmRSS"))
    return int(found.split()[1]) / 1024


def own_use(values: int, begun_s: float, begun_cpu_s: float, first: Sequence[float]) -> str:
    """What a contender in Python says of itself."""
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = {"wall_s": time.perf_counter() - begun_s, "cpu_s": time.process_time() - begun_cpu_s}
    return json.dumps({"values": values, **used, "rss_mb": round(peak_mb, 1), "first": list(first)})
