"""Which plants take part in a programme? Its list of plants, one row a plant."""

import base64
import binascii
import csv
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.fault import Fault, InputError, file_fault
from config.table_file import Row, Table, number, read_table
from plant.instant import parse_iso_date
from plant.topic import NAME

HEADINGS = ("plant", "name", "stage", "lead_company", "consultant", "level", "grant", "public_key", "joined")


@dataclass(frozen=True, slots=True)
class EnrolledPlant:
    """A plant of the programme: invited from its row on, joined from the day `joined`.

    grant: money granted, in the programme's currency. public_key: of its reports, 32 bytes in base64; empty: none yet.
    """

    plant: str
    name: str = ""
    stage: str = ""
    lead_company: str = ""
    consultant: str = ""
    level: str = ""
    grant: float = 0.0
    public_key: str = ""
    joined: date | None = None


def load_plants(path: Path) -> tuple[EnrolledPlant, ...]:
    """The plants of a list, in its order. Raises InputError with every fault found, by row and column."""
    table = read_table(path, required=HEADINGS)
    faults = [
        Fault(str(path), 1, column, heading, f"unknown heading; must be one of {', '.join(HEADINGS)}")
        for column, heading in enumerate(table.headings, 1)
        if heading and heading not in HEADINGS
    ]
    plants: dict[str, EnrolledPlant] = {}
    for row in table.rows:
        found = _plant(table, row, faults)
        if found.plant in plants:
            faults.append(table.fault(row, "plant", f"{found.plant} stands twice"))
        plants[found.plant] = found
    if faults:
        raise InputError(faults)
    return tuple(plants.values())


def _plant(table: Table, row: Row, faults: list[Fault]) -> EnrolledPlant:
    text = {heading: row.text(heading) for heading in HEADINGS}
    grant, joined = 0.0, None
    if not NAME.fullmatch(text["plant"]):
        faults.append(table.fault(row, "plant", "must have 3 to 63 small letters, digits or '-'"))
    try:
        grant = number(text["grant"]) if text["grant"] else 0.0
        if grant < 0:
            raise ValueError("must be at least 0")
    except ValueError as error:
        faults.append(table.fault(row, "grant", str(error)))
    try:
        joined = parse_iso_date(text["joined"]) if text["joined"] else None
    except ValueError as error:
        faults.append(table.fault(row, "joined", str(error)))
    if text["public_key"] and not is_public_key(text["public_key"]):
        faults.append(table.fault(row, "public_key", "must be 32 bytes in base64, as smartwings init prints them"))
    described = {heading: text[heading] for heading in ("name", "stage", "lead_company", "consultant", "level")}
    return EnrolledPlant(text["plant"], **described, grant=grant, public_key=text["public_key"], joined=joined)


def is_public_key(text: str) -> bool:
    """Whether text is an Ed25519 public key: 32 bytes in base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == 32 and base64.b64encode(raw).decode() == text


def enrol(path: Path, plant: EnrolledPlant) -> None:
    """Append a row to the list, which is made where there is none; readers see the old list or the new one.

    Raises InputError for a plant that is in the list, a key that is another plant's, or anything the list may not say.
    """
    if path.suffix.lower() == ".xlsx":
        raise file_fault(path, "is a workbook; add the row there, or keep the list as CSV")
    with _alone_in(path.parent):
        there = load_plants(path) if path.exists() else ()
        for other in there:
            if other.plant == plant.plant:
                raise file_fault(path, f"has {plant.plant} already")
            if plant.public_key and other.public_key == plant.public_key:
                raise file_fault(path, f"has this key already, for {other.plant}")
        encoding, text = _written(path) if there or path.exists() else ("utf-8", ",".join(HEADINGS) + "\n")
        headings = next(csv.reader(io.StringIO(text)))
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="\n").writerow(_cells(plant).get(heading.strip(), "") for heading in headings)
        joint = "" if text.endswith(("\n", "\r")) else "\n"
        try:
            content = (text + joint + line.getvalue()).encode(encoding)
        except UnicodeEncodeError:
            raise file_fault(path, "is CP949, which cannot hold this row; save the list as UTF-8") from None
        _replace(path, content)


def _cells(plant: EnrolledPlant) -> dict[str, str]:
    cells = {heading: str(getattr(plant, heading) or "") for heading in HEADINGS}
    cells["grant"] = f"{plant.grant:.15g}"
    return cells


def _written(path: Path) -> tuple[str, str]:
    raw = path.read_bytes()
    try:
        return "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "utf-8", raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp949", raw.decode("cp949")


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".new.{path.name}")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _require_sound(fresh, path)
        os.replace(fresh, path)
    except OSError as error:
        raise file_fault(path, f"cannot be written: {error.strerror}") from None
    finally:
        fresh.unlink(missing_ok=True)


def _require_sound(fresh: Path, path: Path) -> None:
    try:
        load_plants(fresh)
    except InputError as error:
        raise InputError(Fault(str(path), f.line, f.column, f.key, f.message) for f in error.faults) from None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    try:
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise file_fault(folder, f"cannot be read: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
