"""What is on the disk when power goes? What was synced, and any part of what was not, torn at sectors of 512 bytes.

A child is recorded once as it writes a store (power.c); then any number of cuts are made of the record. Folders are as
on file systems with a journal (ext4, XFS): that a file was made or unlinked lasts from the next sync of anything on,
in order. `write_ahead` files that were written but not synced may come in any order, each write whole, torn or not.
"""

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
_HERE = Path(__file__).parent


def build(folder: Path) -> tuple[Path, str | None]:
    """The library to preload, and what is missing for it, if anything."""
    library = folder / "power.so"
    if not sys.platform.startswith("linux"):
        return library, "power cuts left out: only Linux has the record of writes"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return library, "power cuts left out: no C compiler (Debian: gcc)"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", library, _HERE / "power.c", "-ldl"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    return library, f"power cuts left out: {built.stderr.strip()}" if built.returncode else None


def record(library: Path, folder: Path, *arguments: object) -> "Record":
    """Let a child (power_child.py) write folder/plant.db, and return the record of it."""
    folder.mkdir()
    path = folder.with_suffix(".record")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "LD_PRELOAD": str(library),
        "STORE_RECORD": str(path),
    }
    command = [sys.executable, _HERE / "power_child.py", folder / "plant.db", path, *map(str, arguments)]
    subprocess.run(command, env=environment, check=True)
    return Record.parsed(path.read_bytes())


@dataclass(frozen=True, slots=True)
class Event:
    """kind as in power.c, and A: so many steps are acknowledged (offset)."""

    kind: str
    name: str
    offset: int
    data: bytes = b""


@dataclass(slots=True)
class _File:
    """What of a file is synced, and what was written since."""

    synced: bytearray = field(default_factory=bytearray)
    waiting: list[Event] = field(default_factory=list)

    def sync(self) -> None:
        for event in self.waiting:
            _write(self.synced, event.kind, event.offset, event.data)
        self.waiting.clear()

    def after_cut(self, chance: random.Random, survives: float) -> bytes:
        """Each write that was not synced came to the disk with a chance, wholly or up to a sector."""
        found = bytearray(self.synced)
        for event in self.waiting:
            if chance.random() < survives:
                torn = survives < 1 and len(event.data) > SECTOR and chance.random() < 0.3
                kept = chance.randrange(len(event.data) // SECTOR) * SECTOR if torn else len(event.data)
                _write(found, event.kind, event.offset, event.data[:kept])
        return bytes(found)


def _write(content: bytearray, kind: str, offset: int, data: bytes) -> None:
    content.extend(bytes(max(0, offset - len(content))))
    if kind == "T":
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data


@dataclass(slots=True)
class Disk:
    """Files as the process sees them (`now`), and as the folder on the disk says (`kept`)."""

    now: dict[str, _File] = field(default_factory=dict)
    kept: dict[str, _File] = field(default_factory=dict)
    entries: list[tuple[str, _File | None]] = field(default_factory=list)
    acknowledged: int = -1

    def take(self, event: Event) -> None:
        """Go on by one event."""
        if event.kind == "A":
            self.acknowledged = event.offset
        elif event.kind in "WT":
            self.now[event.name].waiting.append(event)
        elif event.kind in "SD":
            if event.kind == "S":
                self.now[event.name].sync()
            self._keep_entries(len(self.entries))
        elif event.kind == "C":
            self._enter(event.name, _File())
        elif event.kind == "M":
            self._enter(event.data.decode(), self.now[event.name])
            self._enter(event.name, None)
        else:
            self._enter(event.name, None)

    def _enter(self, name: str, file: _File | None) -> None:
        self.entries.append((name, file))
        _put(self.now, name, file)

    def _keep_entries(self, count: int) -> None:
        for name, file in self.entries[:count]:
            _put(self.kept, name, file)
        del self.entries[:count]

    def after_cut(self, chance: random.Random, survives: float) -> dict[str, bytes]:
        """Names and bytes of what is on the disk once power is back."""
        folder = dict(self.kept)
        for name, file in self.entries[: chance.randint(0, len(self.entries)) if survives < 1 else None]:
            _put(folder, name, file)
        return {name: file.after_cut(chance, survives) for name, file in folder.items()}


def _put(folder: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        folder.pop(name, None)
    else:
        folder[name] = file


@dataclass(frozen=True, slots=True)
class Record:
    """All events of a child, in order."""

    events: list[Event]

    @classmethod
    def parsed(cls, raw: bytes) -> "Record":
        found, at = [], 0
        while at < len(raw):
            end = raw.index(b"\n", at)
            kind, name, offset, length = raw[at:end].decode().split(" ")
            at = end + 1 + int(length) * (kind in "WM")
            found.append(Event(kind, name, int(offset), raw[end + 1 : at]))
        return cls(found)

    def whole(self) -> dict[str, bytes]:
        """The files as the child left them: nothing is lost."""
        disk = Disk()
        for event in self.events:
            disk.take(event)
        return disk.after_cut(random.Random(0), 1.0)

    def cuts(self, count: int, seed: int, survives: float = 0.5) -> "list[tuple[int, dict[str, bytes]]]":
        """Cuts after so many of the events, drawn: how many steps were acknowledged, and the files.

        survives: the chance of what was not synced; 1 is a kill of the process instead of a loss of power.
        """
        chance = random.Random(seed)
        ends = sorted(chance.choices(range(len(self.events) + 1), k=count))
        disk, at, found = Disk(), 0, []
        for end in ends:
            for event in self.events[at:end]:
                disk.take(event)
            at = end
            found.append((disk.acknowledged, disk.after_cut(chance, survives)))
        return found


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Make a folder with these files, and nothing else; the path of the store in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder / "plant.db"
