"""`smartwings read SITE [TAG…]`: the latest reading of tags, from the store or from the device."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import Json, SiteFile, faults_reported, quiet_libraries, say, say_json, value_text

if TYPE_CHECKING:
    from config.site import Site

WATCH_S = 1.0


def read(
    site: SiteFile,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[TAG]…", help="Tags; none: all.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Again every second, what has changed, until Ctrl-C.")] = False,
    device: Annotated[
        bool, typer.Option("--device", help="From the device, once, beside a running collector.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Latest readings: tag, time, value, unit, status, age."""
    quiet_libraries()
    with faults_reported():
        from collector.reading_rows import wanted_tags
        from config.load import load_site

        settings = load_site(site)
        wanted = wanted_tags(settings, tags, site)
        shown: dict[str, Any] = {}
        while True:
            rows = _from_devices(settings, site, wanted) if device else _from_store(settings, site, wanted)
            changed = [row for row in rows if shown.get(row["tag"]) != (row["time"], row["value"], row["status"])]
            if as_json:
                say_json({"readings": changed})
            else:
                _say_rows(changed, [] if shown else [name for name in wanted if all(r["tag"] != name for r in rows)])
            if not watch:
                return
            shown.update({row["tag"]: (row["time"], row["value"], row["status"]) for row in rows})
            time.sleep(WATCH_S)


def _from_store(settings: "Site", site: Path, wanted: list[str]) -> list[dict[str, Any]]:
    from collector.reading_rows import latest_rows
    from collector.store.store import reading, store_path

    with reading(store_path(settings.store.url, site.parent)) as connection:
        return latest_rows(connection, wanted, settings.zone)


def _from_devices(settings: "Site", site: Path, wanted: list[str]) -> list[dict[str, Any]]:
    """Rows of the tags; one that has no value, or one that can hardly be right, says why (`reason`)."""
    import asyncio

    from collector.reading_rows import reading_row
    from collector.trial_reading import trial_readings

    rows = []
    for device in settings.devices:
        if not any(tag.name in wanted for tag in device.tags):
            continue
        for one in asyncio.run(trial_readings(device, site.parent)):
            name = one.tag.name
            if name in wanted:
                unit = one.tag.storage_unit
                row = reading_row(name, unit, one.time_us, one.value, one.status, settings.zone)
                reason = one.fault or one.doubt
                rows.append(row if reason is None else {**row, "reason": reason})
    return rows


def _say_rows(rows: list[dict[str, Any]], without: list[str]) -> None:
    width = max((len(row["tag"]) for row in rows), default=0)
    for row in rows:
        value, age = value_text(row["value"]), f"{row['age_s']:.1f} s ago"
        say(f"{row['tag']:<{width}}  {value:>16} {row['unit']:<6} {row['status']:<14} {row['time']}  {age}")
    alike: dict[str, list[str]] = {}
    for row in rows:
        alike.setdefault(row.get("reason", ""), []).append(row["tag"])
    for reason, tags in alike.items():
        if reason:
            say(f"{', '.join(tags)}: {reason}")
    for name in without:
        say(f"{name}: no reading yet")
