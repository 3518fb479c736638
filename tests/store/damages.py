"""Damages of a store's files, drawn at random."""

import random
from collections.abc import Callable
from pathlib import Path

from renewed import PAGE

Damage = Callable[[Path, random.Random], set[int] | None]


def _noise(path: Path, chance: random.Random) -> set[int]:
    page = chance.randrange(path.stat().st_size // PAGE)
    _write(path, page * PAGE, chance.randbytes(PAGE))
    return {page}


def _zeros(path: Path, chance: random.Random) -> set[int]:
    page = chance.randrange(path.stat().st_size // PAGE)
    _write(path, page * PAGE, bytes(PAGE))
    return {page}


def _a_byte(path: Path, chance: random.Random) -> set[int]:
    at = chance.randrange(path.stat().st_size)
    _write(path, at, bytes([path.read_bytes()[at] ^ chance.randrange(1, 256)]))
    return {at // PAGE}


def _swapped(path: Path, chance: random.Random) -> set[int]:
    content = path.read_bytes()
    one, other = (chance.randrange(len(content) // PAGE) for _ in range(2))
    _write(path, one * PAGE, content[other * PAGE : (other + 1) * PAGE])
    _write(path, other * PAGE, content[one * PAGE : (one + 1) * PAGE])
    return {one, other}


def _header(path: Path, chance: random.Random) -> set[int]:
    _write(path, 0, chance.randbytes(100))
    return set()


def _cut(path: Path, chance: random.Random) -> set[int]:
    size = path.stat().st_size
    left = chance.randrange(size // 2, size)
    if chance.random() < 0.5:
        left -= left % PAGE
    with path.open("r+b") as file:
        file.truncate(left)
    return set(range(left // PAGE, size // PAGE))


def _other_content(path: Path, chance: random.Random) -> None:
    path.write_bytes(chance.randbytes(chance.choice([0, 100, PAGE, path.stat().st_size])))


def _log(path: Path, chance: random.Random) -> set[int]:
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size
    kind = chance.choice(["head", "middle", "tail", "cut", "removed"])
    if kind == "removed":
        log.unlink()
    elif kind == "cut":
        with log.open("r+b") as file:
            file.truncate(chance.randrange(size))
    else:
        first, end = {"head": (0, 32), "middle": (32, size - PAGE), "tail": (size - PAGE, size - 64)}[kind]
        _write(log, chance.randrange(first, end), chance.randbytes(64))
    return set()


def _shared_memory(path: Path, chance: random.Random) -> set[int]:
    shared = path.with_name(path.name + "-shm")
    _write(shared, chance.randrange(shared.stat().st_size - 64), chance.randbytes(64))
    return set()


def _write(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


KINDS: dict[str, Damage] = {
    "a page of noise": _noise,
    "a page of zeros": _zeros,
    "a byte": _a_byte,
    "two pages swapped": _swapped,
    "the header": _header,
    "a file cut short": _cut,
    "another content": _other_content,
    "the write-ahead log": _log,
    "the shared memory": _shared_memory,
}
"""Each damages files and tells which pages of the store's file it hit; None: there are none any more."""
