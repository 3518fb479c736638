"""`smartwings import readings|quantities|orders|deliveries SITE FILE…`: files into the store, whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.terminal import Json, SiteFile, faults_reported, refuse, say, say_json

if TYPE_CHECKING:
    from config.site import Site

import_app = typer.Typer(help="Import files into the store: every row, or none.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="CSV or XLSX files.", show_default=False)]
Replace = Annotated[bool, typer.Option("--replace", help="Take the file's values where the store has others.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Import the good rows; the rest goes to FILE.rejected.csv.")]

Kind = Literal["readings", "quantities", "orders", "deliveries"]


@import_app.command()
def readings(
    site: SiteFile, files: Files, replace: Replace = False, skip_bad: SkipBad = False, as_json: Json = False
) -> None:
    """Readings: time,tag,value[,status][,unit]; times with an offset, values in the tag's unit."""
    _import("readings", site, files, replace, skip_bad, as_json)


@import_app.command()
def quantities(
    site: SiteFile, files: Files, replace: Replace = False, skip_bad: SkipBad = False, as_json: Json = False
) -> None:
    """Hand counts: time,work_unit,produced,good,scrap,rework[,inspected,product,order,reason,id]."""
    _import("quantities", site, files, replace, skip_bad, as_json)


@import_app.command()
def orders(
    site: SiteFile, files: Files, replace: Replace = False, skip_bad: SkipBad = False, as_json: Json = False
) -> None:
    """Order lines: order_id,line_id,product,quantity,due_date[,…]; other headings by orders.columns."""
    _import("orders", site, files, replace, skip_bad, as_json)


@import_app.command()
def deliveries(
    site: SiteFile, files: Files, replace: Replace = False, skip_bad: SkipBad = False, as_json: Json = False
) -> None:
    """Deliveries: order_id,line_id,quantity,delivered_date[,recorded_date,delivery_id]."""
    _import("deliveries", site, files, replace, skip_bad, as_json)


def _import(kind: Kind, site_file: Path, files: list[Path], replace: bool, skip_bad: bool, as_json: bool) -> None:
    with faults_reported():
        from collector.control import ask
        from collector.store.room import no_room
        from collector.store.store import store_path
        from config.load import load_site

        site = load_site(site_file)
        path = store_path(site.store.url, site_file.parent)
        size = sum(map(_size, files))
        if lacking := no_room(path.parent, size, "import later; nothing that can wait is written now", path):
            refuse(lacking)
        request = {
            "command": "import",
            "kind": kind,
            "files": [str(file.absolute()) for file in files],
            "replace": replace,
            "skip_bad": skip_bad,
        }
        answer = ask(path, request) or _here(site, path, kind, files, replace, skip_bad)
    if not answer["ok"]:
        refuse(answer["message"])
    for one, file in zip(answer["files"], files, strict=True):
        one["file"] = str(file)
    if as_json:
        say_json({"files": answer["files"]})
        return
    for one in answer["files"]:
        rest = f", {one['rejected']} rejected (see {one['file']}.rejected.csv)" if one["rejected"] else ""
        counts = f"{one['rows']} row{'s' * (one['rows'] != 1)}: {one['new']} new, {one['unchanged']} unchanged"
        say(f"{one['file']}: {one['encoding']}, {counts}{rest}")


def _here(site: "Site", path: Path, kind: Kind, files: list[Path], replace: bool, skip_bad: bool) -> dict[str, Any]:
    """Import in this process, where no daemon holds the store."""
    import time
    from dataclasses import asdict

    from collector.file_import import FileImport
    from collector.store.store import writing

    with writing(path) as connection:
        job = FileImport(connection, site, time.time_ns() // 1000, replace, skip_bad)
        return {"ok": True, "files": [asdict(one) for one in getattr(job, kind)(files)]}


def _size(file: Path) -> int:
    """Bytes of a file; 0 for what cannot be looked at, which reading it says better."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0
