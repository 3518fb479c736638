"""`smartwings correct SITE meter|lot|order|revoke …`: signed off beside the readings, revocable, and never in them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import Json, SiteFile, faults_reported, refuse, say, say_json
from kpi.correction_text import effect, what

if TYPE_CHECKING:
    from config.site import Site

correct_app = typer.Typer(
    help="Meter changes, rejected or released lots, cancelled orders: signed off, revocable, beside the readings.",
    no_args_is_help=True,
)

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who signs it off.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)]
At = Annotated[str, typer.Option("--at", metavar="TIME", help="Time, or date: the start of it.", show_default=False)]


class CancelledBy(StrEnum):
    """Who gave up an order."""

    CUSTOMER = "customer"
    US = "us"


@correct_app.callback()
def of_site(context: typer.Context, site: SiteFile) -> None:
    """Meter changes, rejected or released lots, cancelled orders: signed off, revocable, beside the readings."""
    context.obj = site


@correct_app.command()
def meter(
    context: typer.Context,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="The counter.", show_default=False)],
    at: At,
    old_final: Annotated[str, typer.Option(metavar="X", help="What the old one showed last.", show_default=False)],
    new_first: Annotated[str, typer.Option(metavar="Y", help="What the new one showed first.", show_default=False)],
    by: By,
    reason: Reason,
    unit: Annotated[str | None, typer.Option(help="Unit of X and Y. Default: the tag's.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """The meter or counter behind a tag was exchanged at TIME: the step over it counts what both of them counted."""
    said = {
        "tag": tag,
        "old_final": _number("--old-final", old_final),
        "new_first": _number("--new-first", new_first),
        "unit": unit,
    }
    _sign_off(context, "meter", said, by, reason, as_json, at)


@correct_app.command()
def lot(
    context: typer.Context,
    work_unit: Annotated[str, typer.Argument(metavar="WORK_UNIT", help="Who made them.", show_default=False)],
    at: At,
    by: By,
    reason: Reason,
    rejected: Annotated[str | None, typer.Option(metavar="N", help="Good pieces that are bad.")] = None,
    released: Annotated[str | None, typer.Option(metavar="N", help="Scrapped pieces that are good.")] = None,
    product: Annotated[str | None, typer.Option(metavar="P", help="Product.")] = None,
    order: Annotated[str | None, typer.Option(metavar="O", help="Order.")] = None,
    lot: Annotated[str | None, typer.Option("--lot", metavar="L", help="Name of the lot.")] = None,
    as_json: Json = False,
) -> None:
    """Pieces that were produced at TIME were judged again: rejected ones go from good to scrap, released ones back."""
    if (rejected is None) == (released is None):
        refuse("needs either --rejected N or --released N")
    decision, quantity = ("rejected", rejected) if rejected is not None else ("released", released)
    said = {
        "work_unit": work_unit,
        "quantity": _number(f"--{decision}", quantity or ""),
        "decision": decision,
        "product": product,
        "order": order,
        "lot": lot,
    }
    _sign_off(context, "lot", said, by, reason, as_json, at)


@correct_app.command()
def order(
    context: typer.Context,
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order.", show_default=False)],
    cancelled_by: Annotated[CancelledBy, typer.Option(help="Who gave it up.", show_default=False)],
    by: By,
    reason: Reason,
    line: Annotated[str | None, typer.Option(metavar="L", help="One line of it. Default: all.")] = None,
    on: Annotated[str | None, typer.Option(metavar="DATE", help="When. Default: now.")] = None,
    as_json: Json = False,
) -> None:
    """An order was cancelled; it stays so, whatever later files say, until this is revoked."""
    said = {"order_id": order_id, "line_id": line, "cancelled_by": cancelled_by.value, "on": on}
    _sign_off(context, "order", said, by, reason, as_json)


@correct_app.command()
def revoke(
    context: typer.Context,
    of: Annotated[int, typer.Argument(metavar="ID", help="The correction.", show_default=False)],
    by: By,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """A correction holds no longer; both stay on record."""
    _sign_off(context, "revoke", {"of": of}, by, reason, as_json)


@correct_app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """Every correction: what, who, when, why, and by whom it was revoked."""
    with faults_reported():
        from collector.correction_record import corrections_json
        from collector.sign_off import storage_units
        from collector.store.corrections import all_corrections
        from collector.store.store import reading, store_path
        from config.load import load_site

        site_file: Path = context.obj
        site = load_site(site_file)
        with reading(store_path(site.store.url, site_file.parent)) as connection:
            found = corrections_json(all_corrections(connection), site.zone, storage_units(connection, site))
    if as_json:
        say_json({"corrections": found})
        return
    for one in found:
        say(f"{one['id']:>5}  {one['recorded_at']}  {what(one)}; {one['by']}: {one['reason']}")
        if end := one["revoked"]:
            say(f"{'':>5}  {end['recorded_at']}  revoked by correction {end['id']}; {end['by']}: {end['reason']}")
    if not found:
        say("no corrections")


def _number(option: str, text: str) -> float:
    from config.table_file import number

    try:
        return number(text.strip())
    except ValueError as error:
        refuse(f"{option}: {error}, not {text!r}")


def _sign_off(
    context: typer.Context, kind: str, said: dict[str, Any], by: str, reason: str, as_json: bool, at: str | None = None
) -> None:
    with faults_reported():
        from collector.control import ask
        from collector.question import asked_instant
        from collector.store.store import store_path
        from config.load import load_site

        site_file: Path = context.obj
        site = load_site(site_file)
        if at is not None:
            said["at_us"] = asked_instant("at", at, site.clock().day_start)
        path = store_path(site.store.url, site_file.parent)
        request = {"command": "correct", "kind": kind, "by": by, "reason": reason, "said": said}
        answer = ask(path, request) or _here(site, path, request)
    if not answer["ok"]:
        refuse(answer["message"])
    if as_json:
        say_json({key: value for key, value in answer.items() if key != "ok"})
        return
    one = answer["correction"]
    say(f"correction {one['id']}: {what(one)}")
    if "step" in answer:
        say(effect(answer["step"], one["unit"]))


def _here(site: "Site", path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Sign off in this process, where no daemon holds the store."""
    import time

    from collector.sign_off import signed_off
    from collector.store.store import writing

    with writing(path) as connection:
        return signed_off(connection, site, time.time_ns() // 1000, request)
