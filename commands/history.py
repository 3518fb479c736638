"""`smartwings history SITE TAG…`: stored readings out, as CSV, JSON or Parquet."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from commands.terminal import Json, SiteFile, faults_reported, refuse, time_option

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

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
        from collector.store.store import reading, store_path
        from config.load import load_site

        settings = load_site(site)
        clock = settings.clock()
        start_us = time_option("--from", from_, clock.day_start)
        end_us = time_option("--to", to, clock.day_start) if to is not None else time.time_ns() // 1000
        if start_us >= end_us:
            refuse("--to: must be after --from")
        with reading(store_path(settings.store.url, site.parent)) as connection:
            wanted = _known(connection, tags, [tag.name for tag in settings.tags()])
            rows = _rows(connection, wanted, start_us, end_us, settings.zone)
            if form == "parquet" and output is not None:
                _write_parquet(connection, wanted, start_us, end_us, output)
            else:
                with _opened(output) as file:
                    (_write_json if form == "json" else _write_csv)(rows, file)


def _known(connection: "Connection", names: list[str], in_file: list[str]) -> "list[StoredTag]":
    from collector.store.tags import stored_tags

    stored = stored_tags(connection)
    for name in names:
        if name not in stored and name not in in_file:
            near = ", ".join([*in_file, *(known for known in stored if known not in in_file)]) or "none yet"
            refuse(f"{name}: is not a tag of this plant; it has {near}")
    return [stored[name] for name in names if name in stored]


def _rows(
    connection: "Connection", tags: "list[StoredTag]", start_us: int, end_us: int, zone: "ZoneInfo"
) -> Iterator[dict[str, object]]:
    from collector.store.readings import series_by_day
    from collector.store.tags import texts
    from plant.instant import format_instant
    from plant.status_code import status_name
    from plant.tag import Kind

    named = texts(connection)
    for stored in tags:
        is_text = stored.tag.kind is Kind.TEXT
        for readings in series_by_day(connection, stored.id, start_us, end_us):
            columns = (readings.times_us.tolist(), readings.values.tolist(), readings.status.tolist())
            for time_us, number, status in zip(*columns, strict=True):
                value = None if number != number else named.get(int(number)) if is_text else number
                yield {
                    "tag": stored.tag.name,
                    "time": format_instant(time_us, zone),
                    "value": value,
                    "unit": stored.tag.storage_unit,
                    "status": status_name(status),
                }


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


def _write_csv(rows: Iterator[dict[str, object]], file: IO[str]) -> None:
    import csv

    out = csv.writer(file, lineterminator="\n")
    out.writerow(("time", "tag", "value", "status", "unit"))
    for row in rows:
        value = row["value"]
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e16
        shown = int(value) if whole else value  # type: ignore[call-overload]
        out.writerow((row["time"], row["tag"], "" if shown is None else shown, row["status"], row["unit"]))


def _write_json(rows: Iterator[dict[str, object]], file: IO[str]) -> None:
    import json

    file.write('{"readings": [')
    for at, row in enumerate(rows):
        file.write(("" if at == 0 else ", ") + json.dumps(row, ensure_ascii=False, allow_nan=False))
    file.write("]}\n")


def _write_parquet(connection: "Connection", tags: "list[StoredTag]", start_us: int, end_us: int, output: Path) -> None:
    try:
        from collector.parquet_file import write_parquet
    except ImportError:
        refuse("--format parquet needs an extra: pip install 'smartwings[parquet]'")
    with _written(output), output.open("wb") as file:
        write_parquet(connection, tags, start_us, end_us, file)
