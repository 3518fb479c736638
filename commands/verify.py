"""`smartwings verify SITE`: is the store whole? Every blob, order, reference and report is looked at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import FOUND_FAULT, Json, SiteFile, faults_reported, refuse, say, say_json

if TYPE_CHECKING:
    from collector.store.findings import Findings


def verify(
    site: SiteFile,
    file: Annotated[Path | None, typer.Option("--file", help="A backup instead of the store.")] = None,
    as_json: Json = False,
) -> None:
    """Look the store through, while the collector runs or while it does not. Exit code 3 where something is wrong."""
    with faults_reported():
        from collector.store.backup import verified_file
        from collector.store.store import store_path
        from config.load import load_site

        path = file if file is not None else store_path(load_site(site).store.url, site.parent)
        if file is None and not path.exists():
            refuse(f"{path}: there is no store yet")
        found = verified_file(path)
    if as_json:
        say_json(found.as_json())
    else:
        say_faults(found)
    if found.fault_count:
        raise typer.Exit(FOUND_FAULT)


def say_faults(found: "Findings") -> None:
    """What was looked at, and each fault."""
    for what, count in found.counted.items():
        say(f"{count:>15,}  {what}")
    for where, what in found.faults:
        say(f"{where}: {what}")
    if found.fault_count > len(found.faults):
        say(f"and {found.fault_count - len(found.faults):,} more")
    faults = "1 fault" if found.fault_count == 1 else f"{found.fault_count:,} faults"
    say(faults if found.fault_count else "no fault")
