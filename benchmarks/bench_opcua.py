"""Is the OPC UA reader as fast as it is to be? Ours, asyncua's handler, node-opcua and thingsboard-gateway.

Run by hand on a quiet machine with two cores: `python benchmarks/bench_opcua.py [--only wire,some,daemon,most,
thingsboard] [--seconds 5] [--window 60] [--rounds 3] [--json FILE]`. What is measured stays on one core; a server that
replays prepared notifications (opcua/server.py), measured alone first, and all else on another. Rounds are interleaved
and medians are shown; ratios are of one run, so a slow machine hardly moves them. node-opcua needs node and npm;
thingsboard needs mosquitto and installs the gateway into a temporary environment (`--thingsboard FOLDER` keeps it).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from modbus.figures import Run, say  # noqa: E402
from modbus.processes import AROUND, CORES, contender, cpu_s  # noqa: E402
from modbus.thingsboard import NoThingsboardError, environment  # noqa: E402
from modbus.whole_daemon import WARM_S, disk_of  # noqa: E402
from opcua.daemon import DaemonRun, run_daemon  # noqa: E402
from opcua.notifications import FIRST  # noqa: E402
from opcua.replaying import HERE, served  # noqa: E402
from opcua.thingsboard import run_thingsboard  # noqa: E402

PARTS = ("wire", "some", "daemon", "most", "thingsboard")
TAGS, HZ = 10_000, 10.0
CONTENDERS = ("wire alone", "ours", "node-opcua")
HZ_OF_ASYNCUA = 1.0
"""asyncua's handler cannot take 10 Hz on one core: its connection breaks. What a value costs is the same."""
MOST_HZ = (30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 120.0)
"""Notifications of all tags a second, raised until something gives way; the first is what must be sustained."""
FULL = 0.97
"""Of a core: what uses more is what gives way."""


def cost(run: Run, part: str, share: float, hz: float, tags: int, contenders: tuple[str, ...]) -> None:
    """Contenders in turn on the same server."""
    with served(run.folder, tags, hz, share) as plant:
        for name in contenders:
            command: list[str | Path] = [sys.executable, HERE / "contender.py", name]
            rest = [str(plant.port), str(tags), str(run.seconds)]
            if name == "node-opcua":
                packages = run.folder / "node"
                if not packages.exists():
                    continue
                command, rest = ["node", HERE / "node" / "client.js"], [*rest, str(packages)]
            server_s = cpu_s(plant.pid)
            said = contender([*command, *rest], run.seconds + 300)
            if said["first"] != [FIRST] or not said["values"]:
                raise SystemExit(f"{name} read {said['first']} where the server has {FIRST}: {said['values']} values")
            run.note(
                part,
                name,
                values_per_s=said["values"] / said["wall_s"],
                cpu_s_per_million=1e6 * said["cpu_s"] / max(1, said["values"]),
                cores=said["cpu_s"] / said["wall_s"],
                server_cpu_s=cpu_s(plant.pid) - server_s,  # with what creating items took
                rss_mb=said["rss_mb"],
            )


def against(run: Run, part: str, what: str, asyncua: float, node: float) -> None:
    """Set the costs of the others against ours."""
    ours = run.median(part, "ours", "cpu_s_per_million")
    for name, floor in (("asyncua", asyncua), ("node-opcua", node)):
        run.judge(f"{what}: CPU a value of {name} over ours", floor, run.median(part, name, "cpu_s_per_million") / ours)


def wire(run: Run) -> None:
    """All items change; before it, how much the server can send and what taking the bytes alone costs."""
    for _ in range(run.rounds):
        cost(run, "server alone", 1.0, 0.0, TAGS, ("wire alone",))
        cost(run, "wire", 1.0, HZ, TAGS, CONTENDERS)
        cost(run, "wire", 1.0, HZ_OF_ASYNCUA, TAGS, ("asyncua",))
    against(run, "wire", "all items, wire to Batch", 50, 5)


def some(run: Run) -> None:
    """A random 60 % of the items in each notification."""
    for _ in range(run.rounds):
        cost(run, "some", 0.6, HZ, TAGS, CONTENDERS)
        cost(run, "some", 0.6, HZ_OF_ASYNCUA, TAGS, ("asyncua",))
    against(run, "some", "60 % of them, wire to Batch", 20, 3)


def collect(run: Run, part: str, name: str, tags: int, hz: float, warm_s: float = WARM_S) -> DaemonRun:
    """The whole daemon."""
    folder = run.folder / "daemon"
    with served(run.folder, tags, hz) as plant:
        found = run_daemon(folder, plant, run.window_s, warm_s)
    shutil.rmtree(folder)
    run.note(
        part,
        name,
        values_per_s=found.stored / found.took_s,
        sent_per_s=found.sent / found.took_s,
        cpu_s_per_million=found.cpu_s_per_million,
        cores=found.cores,
        server_cores=found.server_s / found.took_s,
        rss_mb=found.most_mb,
        lost=found.lost,
        gaps=found.gaps,
    )
    return found


def daemon(run: Run) -> None:
    """10,000 tags at 10 Hz."""
    for _ in range(run.rounds):
        collect(run, "daemon", "10,000 tags at 10 Hz", TAGS, HZ)
    for what, ceiling, figure in (("cores", 0.25, "cores"), ("memory at its most [MB]", 200, "rss_mb")):
        found = run.median("daemon", "10,000 tags at 10 Hz", figure)
        run.judge(f"10,000 tags at 10 Hz, whole daemon, {what}", ceiling, found, most=True)
    lost = max(row["lost"] + row["gaps"] for row in run.rows["daemon", "10,000 tags at 10 Hz"])
    run.judge("10,000 tags at 10 Hz, values lost and gaps", 0, lost, most=True)


def most(run: Run) -> None:
    """As fast as it goes: first the rate that must be sustained, then more until a stage gives way."""
    cost(run, "flat out", 1.0, 0.0, TAGS, ("wire alone", "ours"))
    for hz in MOST_HZ:
        name = f"{TAGS * hz:,.0f} values/s"
        found = collect(run, "most", name, TAGS, hz)
        sustained = found.lost + found.gaps == 0 and found.sent >= 0.99 * TAGS * hz * found.took_s
        if hz == MOST_HZ[0]:
            per_s = found.stored / found.took_s if sustained else 0.0
            run.judge("values/s sustained on one core, wire to durable store", 0.99 * TAGS * hz, per_s)
        if not sustained:
            run.notes.append(f"at {name} it gives way: {stage(run, found)}")
            return
    run.notes.append(f"nothing gave way up to {TAGS * MOST_HZ[-1]:,.0f} values/s")


def stage(run: Run, found: DaemonRun) -> str:
    """What gave way, by what each stage costs [CPU-s a million values]."""
    if found.server_s / found.took_s > FULL:
        return "the replaying server, whose core is full: no limit of ours"
    taking, reading = (run.median("flat out", name, "cpu_s_per_million") for name in ("wire alone", "ours"))
    stages = {
        "taking bytes from the wire": taking,
        "decoding into a Batch": reading - taking,
        "committing to the store": found.cpu_s_per_million - reading,
    }
    share = ", ".join(f"{name} {value:.3f}" for name, value in stages.items())
    full = f"the core is full ({found.cores:.2f})" if found.cores > FULL else f"only {found.cores:.2f} of a core used"
    return f"{full}; most of it is {max(stages, key=lambda name: stages[name])} (CPU-s a million values: {share})"


def thingsboard(run: Run) -> None:
    """The same server read by the gateway and by ours, in turn; it takes what it can of 10,000 tags at 1 Hz."""
    name = "10,000 tags at 1 Hz"
    try:
        python = environment(run.environment)
        for _ in range(run.rounds):
            collect(run, "store", name, TAGS, 1.0)
            collect(run, "store", "10,000 tags at 10 Hz", TAGS, HZ)
            with served(run.folder, TAGS, 1.0) as plant:
                found = run_thingsboard(python, run.folder / "gateway", plant, run.window_s)
            shutil.rmtree(run.folder / "gateway")
            run.note(
                "thingsboard",
                name,
                values_per_s=found.delivered / found.took_s,
                cpu_s_per_million=found.cpu_s_per_million,
                cores=found.used_s / found.took_s,
                rss_mb=found.rss_mb,
            )
    except NoThingsboardError as error:
        run.notes.append(str(error))
    theirs = run.median("thingsboard", name, "cpu_s_per_million")
    for ours in (name, "10,000 tags at 10 Hz"):
        ratio = theirs / run.median("store", ours, "cpu_s_per_million")
        run.judge(f"wire to store, thingsboard-gateway over ours ({ours.split(' at ')[1]})", 40, ratio)


def installed(folder: Path) -> str | None:
    """node-opcua's client in `folder/node`; why not, where that is not possible."""
    npm, packages = shutil.which("npm"), folder / "node"
    if npm is None or shutil.which("node") is None:
        return "node-opcua is not measured: node and npm are not installed"
    packages.mkdir()
    shutil.copy(HERE / "node" / "package.json", packages)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"]
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(packages)
        return f"node-opcua is not measured: npm install failed: {done.stderr.strip()[-200:]}"
    return None


def main() -> None:
    """Measure and print; exit code 1 where a floor is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts with commas between: {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a run of a client")
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
        run = Run(folder, only, given.seconds, given.window, given.rounds, given.thingsboard or folder / "thingsboard")
        run.notes.append(f"stores on {disk_of(folder)}; load before: {os.getloadavg()[0]:.1f}")
        if {"wire", "some"} & set(only) and (why := installed(folder)):
            run.notes.append(why)
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
