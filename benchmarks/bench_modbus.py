"""Is the Modbus reader as fast as it is to be? Ours, pymodbus, C and thingsboard-gateway on the same devices.

Run by hand on a quiet machine with two cores: `python benchmarks/bench_modbus.py [--only flat,gaps,daemon,seal,
thingsboard] [--seconds 5] [--window 60] [--rounds 3] [--json FILE]`. What is measured stays on one core, the devices (a
program in C) and all else on another. Rounds are interleaved and medians are shown; ratios are of one run, so a slow
machine hardly moves them. Needs cc; thingsboard needs mosquitto and installs the gateway into a temporary environment
(`--thingsboard FOLDER` keeps it). About 45 minutes for everything.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from modbus import registers as maps  # noqa: E402
from modbus.figures import Run, say  # noqa: E402
from modbus.processes import AROUND, CORES, HERE, compiled, contender, cpu_s, served  # noqa: E402
from modbus.registers import FIRST, RegisterMap  # noqa: E402
from modbus.thingsboard import GatewayRun, NoThingsboardError, environment, run_thingsboard  # noqa: E402
from modbus.whole_daemon import DaemonRun, disk_of, run_daemon  # noqa: E402

PARTS = ("flat", "gaps", "daemon", "seal", "thingsboard")
DEVICES = 20


def flat_out(run: Run, part: str, layout: str, registers: RegisterMap, contenders: tuple[str, ...]) -> None:
    """Contenders in turn, each polling without a pause."""
    with served(run.folder, registers, DEVICES) as devices:
        ports = [str(port) for port in devices.ports]
        for _ in range(run.rounds):
            for name in contenders:
                command: list[str | Path] = [sys.executable, HERE / "flat_out.py", name, layout, str(run.seconds)]
                if name == "C, epoll":
                    command = [run.folder / "client", str(run.seconds), devices.plan]
                server_s = cpu_s(devices.pid)
                said = contender([*command, *ports], run.seconds + 120)
                if sorted(said["first"]) != sorted(FIRST.values()):
                    raise SystemExit(f"{name} read {said['first']} where the devices have {FIRST}")
                run.note(
                    part,
                    name,
                    values_per_s=said["values"] / said["wall_s"],
                    cpu_s_per_million=1e6 * said["cpu_s"] / said["values"],
                    cores=said["cpu_s"] / said["wall_s"],
                    server_cores=(cpu_s(devices.pid) - server_s) / said["wall_s"],
                    rss_mb=said["rss_mb"],
                )


def flat(run: Run) -> None:
    """350 float32, 100 uint16 and 100 uint32 a device: 8 requests of 125 registers for everybody."""
    flat_out(run, "flat", "blocks", maps.in_blocks(), ("C, epoll", "ours", "pymodbus", "pymodbus struct"))
    run.judge("flat out, values/s against pymodbus's async client", 8, run.over("flat", "ours", "pymodbus"))
    run.judge("... its registers decoded by one struct", 8, run.over("flat", "ours", "pymodbus struct"))
    run.judge("flat out, values/s against C with epoll", 0.3, run.over("flat", "ours", "C, epoll"))


def gaps(run: Run) -> None:
    """The same values as 50 groups of 20 registers."""
    flat_out(run, "gaps", "gaps", maps.with_gaps(), ("ours", "pymodbus", "pymodbus struct", "pymodbus through"))
    run.judge("map with gaps, values/s against pymodbus", 10, run.over("gaps", "ours", "pymodbus"))
    run.judge("... its registers decoded by one struct", 10, run.over("gaps", "ours", "pymodbus struct"))


def collect(run: Run, name: str, tags: int, poll_s: float) -> DaemonRun:
    """The whole daemon on 20 devices."""
    folder = run.folder / "daemon"
    with served(run.folder, maps.by_type(tags), DEVICES) as devices:
        found = run_daemon(folder, devices, poll_s, run.window_s)
    shutil.rmtree(folder)
    run.note(
        "daemon",
        name,
        values_per_s=found.stored / found.took_s,
        asked_per_s=found.asked / found.took_s,
        cpu_s_per_million=found.cpu_s_per_million,
        cores=found.cores,
        rss_mb=found.rss_mb,
        most_mb=found.most_mb,
        late=found.late,
        gaps=found.gaps,
        unlike=found.unlike,
        missed=found.missed,
    )
    return found


def daemon(run: Run) -> None:
    """10,000 and 100,000 tags at 1 Hz."""
    for _ in range(run.rounds):
        collect(run, "10,000 tags at 1 Hz", 500, 1.0)
        collect(run, "100,000 tags at 1 Hz", 5000, 1.0)
    for name, cores in (("10,000 tags at 1 Hz", 0.06), ("100,000 tags at 1 Hz", 0.6)):
        run.judge(f"{name}, whole daemon, cores", cores, run.median("daemon", name, "cores"), most=True)
        run.judge(f"{name}, polls missed", 0, run.median("daemon", name, "missed"), most=True)
    most = run.median("daemon", "10,000 tags at 1 Hz", "most_mb")
    run.judge("10,000 tags at 1 Hz, memory at its most [MB]", 150, most, most=True)


def seal(run: Run) -> None:
    """An hour of 11,000 tags at 1 Hz, an hour of 1,100 at 10 Hz, and a day of 50 tags that is merged."""
    for name, tags, period_s, hours in (("1 Hz", 11_000, 1.0, 1), ("10 Hz", 1_100, 0.1, 1), ("a day", 50, 1.0, 24)):
        folder = run.folder / "sealed"
        folder.mkdir()
        said = contender([sys.executable, HERE / "sealing.py", folder, str(tags), str(period_s), str(hours)], 7200)
        shutil.rmtree(folder)
        million = said["readings"] / 1e6
        run.note(
            "seal",
            name,
            cpu_s_per_million=said["seal_s"] / million,
            merging_cpu_s_per_million=said["merge_s"] / million,
            bytes_a_reading=said["bytes"],
            rss_mb=said["rss_mb"],
        )


def thingsboard(run: Run) -> None:
    """20 devices of 550 values at 1 Hz and at 10 Hz, ours and the gateway in turn."""
    try:
        python = environment(run.environment)
        for _ in range(run.rounds):
            for rate in (1, 10):
                collect(run, f"550 tags at {rate} Hz", 550, 1 / rate)
                gateway(run, python, rate)
    except NoThingsboardError as error:
        run.notes.append(str(error))
    merging = run.median("seal", "a day", "merging_cpu_s_per_million")
    for rate, floor in ((1, 6), (10, 15)):
        ours, theirs = (f"550 tags at {rate} Hz", f"20 devices at {rate} Hz")
        cost = run.median("daemon", ours, "cpu_s_per_million")
        cost_of_theirs = run.median("thingsboard", theirs, "cpu_s_per_million")
        run.judge(f"{rate} Hz: CPU a value of thingsboard-gateway over ours", floor, cost_of_theirs / cost)
        sealed = run.median("seal", f"{rate} Hz", "cpu_s_per_million")
        if "seal" in run.only:
            with_all = cost + sealed + merging
            run.judge("... ours with sealing of hours and merging of days", floor, cost_of_theirs / with_all)
        run.judge("... polls missed by ours", 0, run.median("daemon", ours, "missed"), most=True)


def gateway(run: Run, python: Path, rate: int) -> None:
    """One run of thingsboard-gateway."""
    folder = run.folder / "gateway"
    with served(run.folder, maps.by_type(), DEVICES) as devices:
        found: GatewayRun = run_thingsboard(python, folder, devices, 1 / rate, run.window_s)
    shutil.rmtree(folder)
    run.note(
        "thingsboard",
        f"20 devices at {rate} Hz",
        values_per_s=found.delivered / found.took_s,
        asked_per_s=found.asked / found.took_s,
        cpu_s_per_million=found.cpu_s_per_million,
        cores=found.used_s / found.took_s,
        rss_mb=found.rss_mb,
    )


def main() -> None:
    """Measure and print; exit code 1 where a floor is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts with commas between: {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a run flat out")
    parser.add_argument("--window", type=float, default=60.0, help="length of a run of a daemon or gateway")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures of every round into this file")
    parser.add_argument("--thingsboard", type=Path, help="environment of thingsboard-gateway; made if it is not there")
    parser.add_argument("--folder", type=Path, help="where the stores lie meanwhile; default: a temporary folder")
    given = parser.parse_args()
    only = tuple(given.only.split(","))
    if set(only) - set(PARTS):
        parser.error(f"--only: parts are {', '.join(PARTS)}")
    if len(CORES) < 2:
        say("one core alone: what is measured shares it with all else, so the figures say little")
    os.sched_setaffinity(0, {AROUND})
    parts: dict[str, Callable[[Run], None]] = {part: globals()[part] for part in PARTS}
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        folder = Path(temporary)
        compiled(folder)
        kept = given.thingsboard or folder / "thingsboard"
        run = Run(folder, only, given.seconds, given.window, given.rounds, kept)
        run.notes.append(f"stores on {disk_of(folder)}; load before: {os.getloadavg()[0]:.1f}")
        for part in PARTS:
            if part in only:
                parts[part](run)
        run.show()
    if given.json:
        run.write(given.json)
    if not run.passed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
