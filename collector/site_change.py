"""How does the site file change while the plant runs? Shown, checked, applied by somebody, kept, and taken back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from collector.control import Answer
from collector.device_connector import open_connector
from collector.entry import RefusedError, one_line
from collector.site_files import content, written
from collector.store import site_versions
from collector.store.site_versions import SiteVersion
from collector.store.store import transaction
from config.fault import InputError
from config.file_change import FileChange, difference, digest, drafts
from config.load import Secrets, load_site
from config.site import Site
from config.site_edit import Addition, site_edit
from connectors.connector import ConnectorError
from plant.instant import format_instant

CHANGED = "the files changed since the difference was shown; look at it again"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an addition would do: the files it changes, and the settings that would hold."""

    changes: tuple[FileChange, ...]
    site: Site

    @property
    def digest(self) -> str:
        """Tells this change from every other; goes along with the request to apply it."""
        return digest(self.changes)

    @property
    def difference(self) -> list[str]:
        """Line by line."""
        return difference(self.changes)


def proposal(site_file: Path, addition: Addition) -> Proposal:
    """What an addition would do; nothing is written. Raises InputError for faults, RefusedError if it adds nothing."""
    changes = site_edit(site_file, addition)
    if not changes:
        raise RefusedError("the addition is empty: it names no tag that is not there yet")
    return Proposal(changes, load_site(site_file, drafts=drafts(changes, site_file.parent)))


def applied(connection: Connection, site_file: Path, now_us: int, request: Answer) -> Answer:
    """Apply the addition of a request, if it does what was shown; the answer, or why nothing was changed.

    request: by, reason, addition (`Addition.as_json`), digest (of the proposal that was shown).
    """
    try:
        by, reason = one_line("--by", request["by"]), one_line("--reason", request["reason"])
        found = proposal(site_file, Addition.of(request["addition"]))
        if found.digest != request["digest"]:
            raise RefusedError(CHANGED)
        return _changed(connection, site_file, now_us, by, reason, found.changes)
    except (RefusedError, InputError, ConnectorError) as error:
        return {"ok": False, "message": str(error)}
    except (KeyError, TypeError, AttributeError):
        return {"ok": False, "message": "the addition cannot be understood"}


def undone(connection: Connection, site_file: Path, now_us: int, request: Answer) -> Answer:
    """Put the files back to what they were before a version, if nobody changed them since; a version of its own.

    request: by, reason, version (its id).
    """
    try:
        by, reason = one_line("--by", request["by"]), one_line("--reason", request["reason"])
        wanted = request["version"]
        version = next((one for one in site_versions.all_versions(connection) if one.id == wanted), None)
        connection.rollback()
        if version is None:
            raise RefusedError(f"version {wanted}: there is none")
        changes = tuple(change.undone() for change in reversed(version.changes))
        return _changed(connection, site_file, now_us, by, reason, changes, wanted)
    except (RefusedError, InputError, ConnectorError) as error:
        return {"ok": False, "message": str(error)}


def require_startable(site: Site, folder: Path) -> None:
    """Make sure that the collector can start with these settings. Raises ConnectorError and InputError."""
    for device in site.devices:
        open_connector(device, folder)
    if site.mqtt:
        from collector.reporting import signing_key

        signing_key(folder / site.mqtt.key_file)
    if site.page is not None:
        from collector.page.beyond_loopback import require_protected

        require_protected(site.page, folder)


def version_json(version: SiteVersion, site: Site, undone_by: int | None = None) -> dict[str, Any]:
    """A version as commands and pages show it."""
    return {
        "id": version.id,
        "recorded_at": format_instant(version.recorded_us, site.zone),
        "by": version.by,
        "reason": version.reason,
        "files": [change.name for change in version.changes],
        "difference": difference(version.changes),
        "sha256_before": version.sha256_before,
        "sha256_after": version.sha256_after,
        "undoes": version.undoes,
        "undone_by": undone_by,
    }


def versions_json(connection: Connection, site: Site) -> list[dict[str, Any]]:
    """Every version, the newest first."""
    found = site_versions.all_versions(connection)
    undone_by = {one.undoes: one.id for one in found}
    return [version_json(one, site, undone_by.get(one.id)) for one in reversed(found)]


def _changed(
    connection: Connection,
    site_file: Path,
    now_us: int,
    by: str,
    reason: str,
    changes: tuple[FileChange, ...],
    undoes: int | None = None,
) -> Answer:
    folder = site_file.parent
    for change in changes:
        if content(folder / change.name) != change.before:
            since = f"{change.name} was changed since version {undoes}; undo what came later, or edit it by hand"
            raise RefusedError(CHANGED if undoes is None else since)
    site = load_site(site_file, Secrets.PRESENT, drafts(changes, folder))
    require_startable(site, folder)
    now = content(site_file)
    of_site = next((one for one in changes if one.name == site_file.name), FileChange(site_file.name, now, now))
    try:
        with written(changes, folder), transaction(connection):
            version = site_versions.save(connection, now_us, by, reason, changes, of_site, undoes)
    except OSError as error:
        raise RefusedError(f"{error.filename}: cannot be written: {error.strerror}; nothing was changed") from None
    return {"ok": True, "version": version_json(version, site)}
