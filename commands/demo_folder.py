"""Which files does the demo run from? A folder with a site file, a programme file, a broker's settings and keys."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path
from typing import IO

from commands.init import KEY, new_signing_key
from config.fault import file_fault
from plant.instant import parse_iso_date

MARK = "demo.json"
PLANT, PROGRAMME = "kr-demo-0001", "iim"
_PORTS = ("broker", "broker_311", "line", "main_meter", "press_meter", "press3", "page")
_SETTLED_DAYS = 7


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """A folder that belongs to the demo. began: first production day of the simulated history. ports by name."""

    path: Path
    began: date
    ports: dict[str, int]

    @property
    def site_file(self) -> Path:
        return self.path / "site.yaml"

    @property
    def programme_file(self) -> Path:
        return self.path / "programme.yaml"

    @property
    def broker_file(self) -> Path:
        return self.path / "broker.toml"

    @property
    def orders(self) -> Path:
        """Where order files are dropped for the collector."""
        return self.path / "orders"

    @property
    def logs(self) -> Path:
        return self.path / "logs"


def first_day(today: date) -> date:
    """The first day of the newest month whose final report is made by now, and so at least 28 days ago."""
    this_month = (today - timedelta(days=_SETTLED_DAYS)).replace(day=1)
    return (this_month - timedelta(days=1)).replace(day=1)


@contextmanager
def demo_folder(path: Path) -> Iterator[DemoFolder]:
    """The folder with its files as this run needs them, locked against another run.

    Raises InputError for a folder with foreign content, one in use, or one that cannot be written.
    """
    try:
        folder, mark = _taken(path)
    except OSError as error:
        raise file_fault(path, f"cannot be used: {error.strerror or error}") from None
    with mark:  # its lock ends with it
        yield folder


def _taken(path: Path) -> tuple[DemoFolder, IO[str]]:
    mark = path / MARK
    if path.exists() and (not path.is_dir() or (any(path.iterdir()) and not mark.is_file())):
        raise file_fault(path, "is not empty and not a folder of the demo; choose an empty or a new one")
    path.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        file = stack.enter_context(mark.open("a+", encoding="utf-8"))
        _lock(file.fileno(), path)
        file.seek(0)
        began = _began(file.read())
        if began is None:
            began = first_day(date.today())  # noqa: DTZ011
            file.truncate(0)
            file.write(json.dumps({"began": began.isoformat()}) + "\n")
            file.flush()
        folder = DemoFolder(path, began, _free_ports())
        _write(folder)
        stack.pop_all()
        return folder, file


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise file_fault(path, "another demo is running in this folder") from None


def _began(text: str) -> date | None:
    try:
        return parse_iso_date(json.loads(text)["began"])
    except (ValueError, KeyError, TypeError):
        return None  # new, or cut off when it was written


def _free_ports() -> dict[str, int]:
    with ExitStack() as stack:
        probes = {name: stack.enter_context(socket.socket()) for name in _PORTS}
        for probe in probes.values():  # all are held at once, so that no two get the same
            probe.bind(("127.0.0.1", 0))
        return {name: int(probe.getsockname()[1]) for name, probe in probes.items()}


def _write(folder: DemoFolder) -> None:
    for inner in (folder.orders, folder.logs):
        inner.mkdir(exist_ok=True)
    key = folder.path / KEY
    if not key.exists():
        _enrol(folder, new_signing_key(key))
    facts = {**folder.ports, "began": folder.began.isoformat(), "plant": PLANT, "programme": PROGRAMME, "key": KEY}
    for name in ("site.yaml", "press-line.csv", "programme.yaml", "broker.toml"):
        text = files("config").joinpath("demo", name).read_text(encoding="utf-8")
        for fact, value in facts.items():
            text = text.replace(f"@{fact}@", str(value))
        _replace(folder.path / name, text)


def _enrol(folder: DemoFolder, public_key: str) -> None:
    from config.enrolment import EnrolledPlant, enrol

    plants = folder.path / "plants.csv"
    plants.unlink(missing_ok=True)  # of a key that is no longer there
    enrol(
        plants,
        EnrolledPlant(
            PLANT,
            "Demo Precision",
            "level 1",
            "Demo Motors",
            "J. Kim",
            "basic",
            100_000_000.0,
            public_key,
            folder.began,
        ),
    )


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
