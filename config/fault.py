"""What is wrong in a file of the user's, and where? One line a fault, all at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # line ends, terminal commands, reordering


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
        text = f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        return _NOT_SHOWN.sub(lambda found: repr(found[0])[1:-1], text)


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Faults by file, in the order in which these are met, then by line, each once."""
    once = list(dict.fromkeys(faults))
    files = list(dict.fromkeys(fault.file for fault in once))
    return sorted(once, key=lambda fault: (files.index(fault.file), fault.line or 0))


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
        with path.open("rb") as file:
            data = file.read(most + 1)  # and no more, also of what has no size, such as /dev/zero
    except OSError as error:
        raise file_fault(path, f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise file_fault(path, "cannot be the name of a file") from None
    if len(data) > most:
        raise file_fault(path, f"must not be larger than {most // 2**20} MiB")
    return data
