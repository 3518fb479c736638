"""How does a command speak to a person or a script? Output, faults and exit codes."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

USAGE, FOUND_FAULT = 2, 3

SiteFile = Annotated[Path, typer.Argument(metavar="SITE", help="Site file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """Print one or more lines of output."""
    typer.echo(text)


def value_text(value: float | str | None) -> str:
    """A value as people read it; without one a dash."""
    return "-" if value is None else f"{value:,.10g}" if isinstance(value, float) else value


def say_json(data: Any) -> None:
    """Print data as strict JSON."""
    typer.echo(json.dumps(data, ensure_ascii=False, allow_nan=False))


def refuse(message: str) -> NoReturn:
    """End with exit code 2: wrong usage, settings or file."""
    typer.echo(message, err=True)
    raise typer.Exit(USAGE)


def require_new(path: Path | None) -> None:
    """End with exit code 2 where a file that is to be written is there already, before anything is asked for it."""
    if path is not None and path.exists():
        refuse(f"{path}: is there already; nothing was written. Name another file, or move this one away")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; say so. One that is there is left as it is, exit code 2."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        require_new(path)
    except OSError as error:
        refuse(f"{path}: cannot be written: {error.strerror}")
    typer.echo(f"wrote {path}", err=True)


@contextmanager
def faults_reported() -> Iterator[None]:
    """Faults in files, settings and the store end the command with one line each and exit code 2, not a traceback."""
    from collector.question import QuestionError
    from collector.store.store import StoreError
    from config.fault import InputError

    try:
        yield
    except (InputError, StoreError) as error:
        refuse(str(error))
    except QuestionError as error:
        refuse(error.spelt(_option))
    except BrokenPipeError:  # the reader of our output has seen enough
        os._exit(0)


def _option(key: str) -> str:
    return "--" + key.replace("_", "-")


def quiet_libraries() -> None:
    """Keep what protocol libraries log of each request from the terminal: causes are in our own lines."""
    import logging

    for library in ("asyncua", "pymodbus", "apscheduler", "alembic", "uvicorn"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
