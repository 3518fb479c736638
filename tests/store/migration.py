"""What if a migration is killed before any of its statements? The files are copied there, as SIGKILL leaves them."""

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import event
from sqlalchemy.engine import Engine

from collector.store.store import MIGRATIONS, writing

FIXTURES = Path(__file__).parent / "fixtures"


def revisions() -> list[str]:
    """Every schema that there was, by its migration."""
    return sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py"))


def unpacked(revision: str, path: Path) -> Path:
    """A store of a schema, as the program of its time left it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = (FIXTURES / f"{revision}.db.zst").read_bytes()
    path.write_bytes(zstandard.ZstdDecompressor().decompress(packed))
    return path


def history(connection: Any) -> Any:
    """What a store holds, in the words of fixtures/history.json."""
    spec = importlib.util.spec_from_file_location("made_fixture", FIXTURES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    found = made.history(connection)
    connection.rollback()
    return json.loads(json.dumps(found))


def killed_before_statements(path: Path, every: int, first: int) -> Iterator[Path]:
    """Stores as they are when a program that opens one is killed before each n-th statement, from one on."""
    copies: list[Path] = []
    seen = 0

    def copy() -> None:
        nonlocal seen
        seen += 1
        if seen % every == first % every:
            folder = path.parent / f"killed-{seen}"
            folder.mkdir()
            for part in path.parent.glob("plant.db*"):
                if not part.name.endswith(("-shm", ".lock")):
                    shutil.copy(part, folder)
            copies.append(folder / path.name)

    def watch(connection: Any, _: object) -> None:
        connection.set_trace_callback(lambda _: copy())

    event.listen(Engine, "connect", watch)
    try:
        with writing(path):
            pass
    finally:
        event.remove(Engine, "connect", watch)
    yield from copies
