"""Which versions of everything are at work here?"""

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version

from collector.store.guards import sqlite_guard
from collector.store.store import SCHEMA_VERSION

_LIBRARIES = (
    "asyncua",
    "pymodbus",
    "paho-mqtt",
    "SQLAlchemy",
    "APScheduler",
    "numpy",
    "zstandard",
    "pydantic",
    "cryptography",
    "starlette",
    "uvicorn",
)


def versions() -> dict[str, str]:
    """Version by name: Smart Wings, its store's schema, Python, SQLite, the system, and libraries that matter."""
    found = {
        "Smart Wings": version("smartwings"),
        "store schema": SCHEMA_VERSION,
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "SQLite guard": sqlite_guard() or "none is needed",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
