"""`smartwings reports SITE`: what was reported, what waits, what was refused and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import Json, SiteFile, faults_reported, refuse, say, say_json

if TYPE_CHECKING:
    from config.site import Site


def reports(
    site: SiteFile,
    pending: Annotated[bool, typer.Option("--pending", help="Only those that wait for the programme's ack.")] = False,
    resend: Annotated[str | None, typer.Option(metavar="A-B", help="Send reports A to B (sequence) again.")] = None,
    as_json: Json = False,
) -> None:
    """The outbox: a report waits until the programme acknowledges it; a rejected one is set aside with its reason."""
    with faults_reported():
        from config.load import load_site

        settings = load_site(site)
        again = _resend(settings, site, resend) if resend is not None else None
        rows = _rows(settings, site, pending)
    if again is not None:
        rows = [row for row in rows if again[0] <= row["sequence"] <= again[1]]
    if as_json:
        say_json({"reports": rows})
        return
    for row in rows:
        when = row["accepted_at"] or row["sent_at"] or row["created_at"]
        why = f"  {row['reason']}" if row["reason"] else ""
        say(f"{row['sequence']:>6}  {row['state']:<9} {row['id']}  {when}{why}")
    if not rows:
        say("no reports" if settings.mqtt else "no reports: the site file has no mqtt")


def _rows(settings: "Site", site: Path, pending: bool) -> list[dict[str, Any]]:
    from collector.report_rows import report_rows
    from collector.store.reports import all_reports
    from collector.store.store import reading, store_path

    with reading(store_path(settings.store.url, site.parent)) as connection:
        return report_rows(all_reports(connection, pending), settings.zone)


def _resend(settings: "Site", site: Path, wanted: str) -> tuple[int, int]:
    from collector.control import ask
    from collector.store.reports import resend
    from collector.store.store import store_path, transaction, writing

    first, _, last = wanted.partition("-")
    if not (first.isdigit() and (last or first).isdigit()) or int(first) > int(last or first):
        refuse(f"--resend: must be two sequence numbers, as in 12-14; not {wanted!r}")
    bounds = (int(first), int(last or first))
    path = store_path(settings.store.url, site.parent)
    answer = ask(path, {"command": "resend", "first": bounds[0], "last": bounds[1]})
    if answer is None:
        with writing(path) as connection, transaction(connection):
            resend(connection, *bounds)
    elif not answer["ok"]:
        refuse(answer["message"])
    return bounds
