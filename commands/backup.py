"""`smartwings backup SITE FILE`: a copy of the store, made while the collector runs or while it does not."""

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import FOUND_FAULT, SiteFile, faults_reported, refuse, say
from commands.verify import say_faults

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="File of the backup.", show_default=False)]


def backup(site: SiteFile, file: BackupFile) -> None:
    """Copy the store as it is at one instant, readings of the running collector included; the copy is looked through.

    Exit code 3 where the copy has a fault: it is then kept as FILE.part.
    """
    with faults_reported():
        from collector.acquisition import now_us
        from collector.store.backup import back_up, unfinished
        from collector.store.store import store_path
        from config.load import load_site

        if not file.parent.is_dir():
            refuse(f"{file.parent}: is no folder")
        if file.is_dir():
            refuse(f"{file}: is a folder; name a file in it")
        found = back_up(store_path(load_site(site).store.url, site.parent), file, now_us())
    if found.fault_count:
        say_faults(found)
        say(f"the copy is {unfinished(file)}; what the store still has can be read from it, but it is no backup")
        raise typer.Exit(FOUND_FAULT)
    readings = found.counted["readings in chunks"] + found.counted["readings in the journal"]
    say(f"{file}: {readings:,} readings and {found.counted['reports']:,} reports, no fault")
