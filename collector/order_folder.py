"""How do order files get in without a command? Dropped into a folder, taken, and moved to done/ or rejected/."""

import logging
import time
from pathlib import Path

from sqlalchemy import Connection

from collector.file_import import FileImport
from config.fault import InputError
from config.order_columns import renamed
from config.site import Site
from config.table_file import read_table

log = logging.getLogger(__name__)

STILL_S = 2.0
"""How long a file must not have changed before it is taken to be whole."""


def waiting(folder: Path) -> list[Path]:
    """Files in the folder that are whole, the oldest first; none if there is no such folder."""
    if not folder.is_dir():
        return []
    files = [path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in (".csv", ".xlsx")]
    still = [path for path in files if time.time() - path.stat().st_mtime >= STILL_S]
    return sorted(still, key=lambda path: (path.stat().st_mtime, path.name))


def take(connection: Connection, site: Site, path: Path, now_us: int) -> None:
    """Import one file and move it to done/; one with faults goes to rejected/, with these beside it as text."""
    job = FileImport(connection, site, now_us)
    try:
        if _is_orders(path, site):
            job.orders([path])
        else:
            job.deliveries([path])
    except InputError as error:
        log.warning("%s was rejected: %s", path, error.faults[0])
        target = _moved(path, "rejected")
        target.with_name(target.name + ".faults.txt").write_text(f"{error}\n", encoding="utf-8")
    else:
        log.info("%s was imported", path)
        _moved(path, "done")


def _is_orders(path: Path, site: Site) -> bool:
    return "due_date" in read_table(path, renamed=renamed(site.orders.columns)).headings


def _moved(path: Path, folder: str) -> Path:
    target = path.parent / folder / path.name
    target.parent.mkdir(exist_ok=True)
    if target.exists():  # a file of this name was taken before; both are kept
        target = target.with_name(f"{path.stem}-{time.time_ns() // 1000}{path.suffix}")
    path.replace(target)
    return target
