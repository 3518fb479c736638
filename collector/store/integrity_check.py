"""Is the file of the store sound, also where nobody reads? SQLite looks at every page, beside whoever writes."""

from pathlib import Path

from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.store import StoreError, reading


def integrity_check(path: Path) -> str | None:
    """The first thing that is wrong with the structure of a store's file, its indexes included; None: nothing is."""
    try:
        with reading(path) as connection:
            found = connection.exec_driver_sql("pragma integrity_check(1)").scalar_one()
    except StoreError as error:
        if fault_of(error) is SqliteFault.DAMAGED:
            return str(error)
        raise
    return None if found == "ok" else str(found)
