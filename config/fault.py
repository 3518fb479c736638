"""What is wrong in a file of the user's, and where? One line a fault, all at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: file, line and column (counted from 1; None where there is none), key and what must be so."""

    file: str
    line: int | None
    column: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class InputError(Exception):
    """A file that the user gave cannot be taken as it is; nothing of it was used. Carries every fault found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def file_fault(path: Path, message: str) -> InputError:
    """The error of a file that as a whole cannot be taken."""
    return InputError([Fault(str(path), None, None, "", message)])


def read_bytes(path: Path, most: int) -> bytes:
    """Content of a file of at most `most` bytes. Raises InputError naming the file and why it cannot be read."""
    try:
        if path.stat().st_size > most:
            raise file_fault(path, f"must not be larger than {most // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise file_fault(path, f"cannot be read: {error.strerror}") from None
