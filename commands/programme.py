"""`smartwings programme run|enrol|plants|summary|gaps PROGRAMME`: the programme's side."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.terminal import Json, faults_reported, refuse, say, say_json

if TYPE_CHECKING:
    from config.programme import Programme
    from programme.standing import PlantStanding

programme_app = typer.Typer(help="Receive the reports of all plants, and sum them up.", no_args_is_help=True)

ProgrammeFile = Annotated[Path, typer.Argument(metavar="PROGRAMME", help="Programme file.", show_default=False)]


@contextmanager
def _faults_reported() -> Iterator[None]:
    from programme.store import ProgrammeStoreError

    with faults_reported():
        try:
            yield
        except ProgrammeStoreError as error:
            refuse(str(error))


@programme_app.command()
def run(programme: ProgrammeFile) -> None:
    """Receive reports in the foreground; SIGTERM or Ctrl-C stores and answers what has arrived, then ends."""
    import logging
    import signal

    with _faults_reported():
        from config.programme import load_programme
        from programme.intake import Intake
        from programme.store import writing

        settings = load_programme(programme)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        with writing(settings.store.url, programme.parent) as connection:
            intake = Intake(settings, programme.parent, connection)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: intake.stop())
            intake.run()


@programme_app.command()
def enrol(
    programme: ProgrammeFile,
    plant: Annotated[str, typer.Option(help="Name of the plant, as in its site file.", show_default=False)],
    public_key: Annotated[str, typer.Option(help="Its public key, as smartwings init prints it.")] = "",
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    stage: Annotated[str, typer.Option(help="Stage of the programme that it is in.")] = "",
    lead_company: Annotated[str, typer.Option(help="Lead company that brought it in.")] = "",
    consultant: Annotated[str, typer.Option(help="Who looks after it.")] = "",
    level: Annotated[str, typer.Option(help="Its smart-factory level.")] = "",
    grant: Annotated[float, typer.Option(help="Money granted.")] = 0.0,
    joined: Annotated[
        str | None, typer.Option(help="Day of joining. Default: today where there is a key, else none yet.")
    ] = None,
) -> None:
    """Append a plant to the list of plants; a running receiver takes note by itself."""
    from config.enrolment import EnrolledPlant, is_public_key
    from config.enrolment import enrol as append

    if public_key and not is_public_key(public_key):
        refuse("--public-key: must be 32 bytes in base64, as smartwings init prints them")
    try:
        day = date.fromisoformat(joined) if joined else date.today() if public_key else None  # noqa: DTZ011
    except ValueError:
        refuse(f"--joined: must be a date, as in 2026-11-22; not {joined!r}")
    with _faults_reported():
        from config.programme import load_programme

        path = programme.parent / load_programme(programme).plants
        append(path, EnrolledPlant(plant, name, stage, lead_company, consultant, level, grant, public_key, day))
    say(f"{plant}: enrolled in {path}")


@programme_app.command()
def plants(programme: ProgrammeFile, as_json: Json = False) -> None:
    """Every plant of the list: its last report, what is missing, whether it is late."""
    with _faults_reported():
        from config.programme import load_programme, plants_of
        from programme.lateness import is_late

        settings = load_programme(programme)
        standings = _standings(settings, programme)
        now_us = time.time_ns() // 1000
        rows: list[dict[str, Any]] = []
        for one in plants_of(settings, programme):
            stand = standings.get(one.plant)
            rows.append(
                {
                    "plant": one.plant,
                    "name": one.name,
                    "stage": one.stage,
                    "last_report": stand.last_report if stand else None,
                    "received_to": stand.received_to if stand else 0,
                    "missing": stand.missing if stand else [],
                    "late": is_late(one, stand, now_us),
                }
            )
    if as_json:
        say_json({"plants": rows})
        return
    for row in rows:
        remarks = [f"{len(row['missing'])} gaps"] if row["missing"] else []
        remarks += ["late"] if row["late"] else []
        stand = standings.get(row["plant"])
        breaks = ", ".join(map(str, stand.chain_breaks)) if stand else ""
        remarks += [f"chain broken at {breaks}"] if breaks else []
        say("  ".join([row["plant"], row["last_report"] or "no report yet", f"to {row['received_to']}", *remarks]))


@programme_app.command()
def gaps(programme: ProgrammeFile, as_json: Json = False) -> None:
    """Reports that are missing: first and last sequence of each hole, by plant."""
    with _faults_reported():
        from config.programme import load_programme

        standings = _standings(load_programme(programme), programme)
        found = [
            {"plant": stand.plant, "from": first, "to": last}
            for stand in standings.values()
            for first, last in stand.missing
        ]
    if as_json:
        say_json({"gaps": found})
        return
    for gap in found:
        say(f"{gap['plant']}: {gap['from']} to {gap['to']}")
    if not found:
        say("no report is missing")


@programme_app.command()
def summary(
    programme: ProgrammeFile,
    period: Annotated[
        Literal["month", "year"], typer.Option(help="Months asked for: one, or those of a year.")
    ] = "year",
    at: Annotated[str | None, typer.Option(help="A date in the period. Default: today.")] = None,
    as_json: Json = False,
) -> None:
    """What the programme has achieved: plants, improvement, savings, payback."""
    try:
        day = date.fromisoformat(at[:10]) if at else date.today()  # noqa: DTZ011
    except ValueError:
        refuse(f"--at: must be a date, as in 2026-11-22; not {at!r}")
    months = (f"{day:%Y-%m}", f"{day:%Y-%m}") if period == "month" else (f"{day:%Y}-01", f"{day:%Y}-12")
    with _faults_reported():
        from config.programme import load_programme, plants_of
        from programme.standing import monthly_values, standings
        from programme.store import reading
        from programme.summary import Summary

        settings = load_programme(programme)
        enrolled = plants_of(settings, programme)
        with reading(settings.store.url, programme.parent) as store:
            found = Summary(enrolled, standings(store), monthly_values(store), months, time.time_ns() // 1000).as_json()
    if as_json:
        say_json(found)
        return
    for name, value in found["headline"].items():
        say(f"{name.replace('_', ' ')}: {_shown(value)}")
    for row in found["kpis"]:
        say(f"{row['kpi']}: n {row['n']}, mean {row['mean']:+.1%}, median {row['median']:+.1%}")


def _shown(value: Any) -> str:
    return (
        "-" if value is None else f"{value:,.6g}" if isinstance(value, float) and abs(value) < 10 else f"{value:,.0f}"
    )


def _standings(settings: "Programme", programme: Path) -> "dict[str, PlantStanding]":
    from programme.standing import standings
    from programme.store import reading

    with reading(settings.store.url, programme.parent) as store:
        return standings(store)
