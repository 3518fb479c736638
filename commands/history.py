"""`smartwings history SITE TAG…`: stored readings out, as CSV, JSON or Parquet."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from commands.terminal import Json, SiteFile, faults_reported, refuse

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from collector.store.tags import StoredTag


def history(
    site: SiteFile,
    tags: Annotated[list[str], typer.Argument(metavar="TAG…", help="Names of tags.", show_default=False)],
    from_: Annotated[str, typer.Option("--from", help="First time or date.", show_default=False)],
    to: Annotated[str | None, typer.Option("--to", help="Time or date after the last. Default: now.")] = None,
    format_: Annotated[str, typer.Option("--format", help="csv, json or parquet.")] = "csv",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Readings with from <= time < to, by tag and time: time,tag,value,status,unit."""
    form = "json" if as_json else format_
    if form not in ("csv", "json", "parquet"):
        refuse(f"--format: must be csv, json or parquet, not {form!r}")
    if form == "parquet" and output is None:
        refuse("--format parquet needs -o FILE")
    with faults_reported():
        from collector.history_rows import csv_parts, history_rows, json_parts
        from collector.question import asked_stretch, asked_tags
        from collector.store.store import reading, store_path
        from config.load import load_site

        settings = load_site(site)
        start_us, end_us = asked_stretch(from_, to, settings.clock(), time.time_ns() // 1000)
        with reading(store_path(settings.store.url, site.parent)) as connection:
            wanted = asked_tags(connection, tags, [tag.name for tag in settings.tags()])
            if form == "parquet" and output is not None:
                _write_parquet(connection, wanted, start_us, end_us, output)
                return
            rows = history_rows(connection, wanted, start_us, end_us, settings.zone)
            with _opened(output) as file:
                file.writelines(json_parts(rows) if form == "json" else csv_parts(rows))


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    if output is None:
        yield sys.stdout
        return
    with _written(output), output.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _written(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refuse(f"{output}: cannot be written: {error.strerror}")


def _write_parquet(connection: "Connection", tags: "list[StoredTag]", start_us: int, end_us: int, output: Path) -> None:
    try:
        from collector.parquet_file import parquet_blocks
    except ImportError:
        refuse("--format parquet needs an extra: pip install 'smartwings[parquet]'")
    with _written(output), output.open("wb") as file:
        file.writelines(parquet_blocks(connection, tags, start_us, end_us))
