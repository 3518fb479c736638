"""What was applied to the site file, when, and by whom? Rows are only ever added; taking one back adds another."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, Row, insert, select

from collector.store import schema
from collector.store.chunk import ChunkError
from config.file_change import FileChange


@dataclass(frozen=True, slots=True)
class SiteVersion:
    """One change that was applied. sha256: of the site file; undoes: the version that it took back."""

    id: int
    recorded_us: int
    by: str
    reason: str
    changes: tuple[FileChange, ...]
    sha256_before: str
    sha256_after: str
    undoes: int | None


def save(
    connection: Connection,
    recorded_us: int,
    by: str,
    reason: str,
    changes: Sequence[FileChange],
    site: FileChange,
    undoes: int | None = None,
) -> SiteVersion:
    """Add a version; site: what becomes of the site file, which may be nothing. The caller's transaction keeps it."""
    table = schema.site_version
    row = {
        "recorded_us": recorded_us,
        "by": by,
        "reason": reason,
        "files": json.dumps([[one.name, _text(one.before), _text(one.after)] for one in changes]),
        "sha256_before": sha256(site.before or b"").hexdigest(),
        "sha256_after": sha256(site.after or b"").hexdigest(),
        "undoes": undoes,
    }
    return _version(connection.execute(insert(table).values(row).returning(table)).one())


def all_versions(connection: Connection) -> list[SiteVersion]:
    """Every version, in the order in which they were applied. Raises ChunkError for a damaged row."""
    return [_version(row) for row in connection.execute(select(schema.site_version).order_by("id"))]


def _version(row: Row[tuple[object, ...]]) -> SiteVersion:
    try:
        changes = tuple(FileChange(str(name), _bytes(old), _bytes(new)) for name, old, new in json.loads(row.files))
    except (ValueError, TypeError, AttributeError):
        raise ChunkError("files of a version of the site file") from None
    return SiteVersion(
        row.id, row.recorded_us, row.by, row.reason, changes, row.sha256_before, row.sha256_after, row.undoes
    )


def _text(content: bytes | None) -> str | None:
    """Any bytes as text, so that they come back as they were."""
    return None if content is None else content.decode("utf-8", "surrogateescape")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")
