"""How does a command speak to a person or a script? Output, options that are times, faults and exit codes."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

USAGE, FOUND_FAULT = 2, 3
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

SiteFile = Annotated[Path, typer.Argument(metavar="SITE", help="Site file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """Print one or more lines of output."""
    typer.echo(text)


def say_json(data: Any) -> None:
    """Print data as strict JSON."""
    typer.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))


def refuse(message: str) -> NoReturn:
    """End with exit code 2: wrong usage, settings or file."""
    typer.echo(message, err=True)
    raise typer.Exit(USAGE)


@contextmanager
def faults_reported() -> Iterator[None]:
    """Faults in files, settings and the store end the command with one line each and exit code 2, not a traceback."""
    from collector.store.store import StoreError
    from config.fault import InputError

    try:
        yield
    except (InputError, StoreError) as error:
        refuse(str(error))
    except BrokenPipeError:  # the reader of our output has seen enough
        os._exit(0)


def time_option(name: str, text: str, day_start: Any) -> int:
    """The instant of an option: ISO 8601 with an offset, or a date alone, which is the start of that day."""
    from plant.instant import instant, parse_instant

    try:
        try:
            us = int(day_start(date.fromisoformat(text)))
        except ValueError:
            us = parse_instant(text)
    except ValueError as error:
        refuse(f"{name}: {error}, or a date as in 2026-11-22; not {text!r}")
    except OverflowError:
        us = instant(EARLIEST) - 1
    if not instant(EARLIEST) <= us < instant(LATEST):  # where the calendar ends, nothing has a day before or after
        refuse(f"{name}: must lie in the years {EARLIEST.year} to {LATEST.year - 1}, not {text!r}")
    return us
