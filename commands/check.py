"""`smartwings check SITE`: are the settings sound, what will be read, and which KPIs can have no value?"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.read_plan_text import device_lines, line_lines, line_warnings
from commands.terminal import (
    FOUND_FAULT,
    USAGE,
    Json,
    SiteFile,
    faults_reported,
    quiet_libraries,
    say,
    say_json,
    value_text,
)

if TYPE_CHECKING:
    from config.site import Site


def check(
    site: SiteFile,
    connect: Annotated[bool, typer.Option("--connect", help="Read every tag once and say good or why not.")] = False,
    as_json: Json = False,
) -> None:
    """Settings, read plan, tags, and KPIs that will have no value and why."""
    quiet_libraries()
    with faults_reported():
        from collector.read_plan import line_plans, read_plan, requests_of_poll
        from config.fault import InputError
        from config.load import Secrets, load_site

        try:
            settings = load_site(site, Secrets.PRIVATE)
        except InputError as error:
            if not as_json:
                raise
            faults = [
                {"file": f.file, "line": f.line, "column": f.column, "key": f.key, "message": f.message}
                for f in error.faults
            ]
            say_json({"devices": [], "lines": [], "kpis_without_value": [], "warnings": [], "faults": faults})
            raise typer.Exit(USAGE) from None
        without_value, remarks = _of_store(settings, site)
        lines = line_plans(settings.devices)
        result: dict[str, Any] = {
            "devices": [{**read_plan(one), "requests": requests_of_poll(one)} for one in settings.devices],
            "lines": lines,
            "kpis_without_value": without_value,
            "warnings": [*_warnings(settings, site), *line_warnings(lines), *remarks],
            "faults": [],
        }
        if connect:
            _connect(settings, site, result)
    if as_json:
        say_json(result)
    else:
        _say(settings, result)
    if result["faults"]:
        raise typer.Exit(FOUND_FAULT)


def _of_store(settings: "Site", site: Path) -> tuple[list[dict[str, str]], list[str]]:
    """KPIs that the settings, and the files imported so far, can give no value; and remarks on baselines."""
    from collector.foresight import kpis_without_value
    from collector.store.store import reading, store_path

    with reading(store_path(settings.store.url, site.parent)) as connection:
        return kpis_without_value(connection, settings, time.time_ns() // 1000)


def _warnings(settings: "Site", site: Path) -> Iterator[str]:
    from collector.plant_standing import certificates
    from collector.plant_trouble import certificate_troubles
    from collector.read_plan import beyond_one_request
    from config.load import missing_secrets
    from config.remarks import device_remarks
    from plant.shift import DAY_MIN
    from plant.tag import Kind

    for name in missing_secrets(settings, site.parent):
        yield f"{name}: is not there; smartwings run needs it"
    day_start = settings.plant.production_day_start
    shifts = [one.shift() for one in settings.shifts] + [one.shift() for one in settings.calendar.extra_shifts]
    starts = (day_start, day_start + DAY_MIN)
    spanning = [one.name for one in shifts if any(one.start_min < start < one.end_min for start in starts)]
    for name in dict.fromkeys(spanning):
        yield f"shift {name} spans production_day_start; its pieces are split between two days"
    yield from device_remarks(settings.devices)
    for one in certificate_troubles(tuple(certificates(settings, site.parent)), (), time.time_ns() // 1000):
        yield f"{one.what.en.rstrip('.')}; {one.remedy.en}"
    units = settings.work_unit_names()
    if len(units) > 1 and not any(one.output is not None for one in settings.work_units.values()):
        yield f"work_units: none says output; the plant's pieces are those of all of {', '.join(units)}"
    yield from _tariff_warnings(settings, site)
    for device in settings.devices:
        if beyond := beyond_one_request(device):
            names = f"{beyond[0]} and {len(beyond) - 1} more" if len(beyond) > 1 else beyond[0]
            yield f"{device.id}: start_at_zero, but no request from 0 reaches {names}; the device may refuse these"
    for tag in settings.tags():
        if tag.kind is Kind.COUNTER and tag.counter and tag.counter.max_rate_per_h is None:
            yield f"{tag.name}: has no max_rate; jumps of this counter cannot be told from production"


def _tariff_warnings(settings: "Site", site: Path) -> Iterator[str]:
    from config.tariff import load_tariff
    from plant.tariff import DayType

    name = settings.energy.tariff
    if name is None:
        return
    tariff = load_tariff(name, site.parent)
    today = settings.clock("civil").day_of(time.time_ns() // 1000)
    if tariff.version_on(today) is None:
        first = tariff.versions[0].valid_from
        yield f"energy.tariff: {name} has no price for today, {today}; its first is of {first}"
    apart = any(
        hours != version.bands[season, DayType.WORKING]
        for version in tariff.versions
        for (season, kind), hours in version.bands.items()
        if kind is DayType.HOLIDAY
    )
    if apart and settings.calendar.country is None:
        yield f"calendar: no country is named; {name} prices public holidays apart"


def _connect(settings: "Site", site: Path, result: dict[str, Any]) -> None:
    """Read every tag once and put into the result what came, with faults and warnings."""
    import asyncio

    from collector.trial_reading import trial_readings
    from plant.status_code import status_name

    rows = result["readings"] = []
    for device in settings.devices:
        for one in asyncio.run(trial_readings(device, site.parent)):
            name = one.tag.name
            status = status_name(one.status)
            rows.append(
                {"device": device.id, "tag": name, "status": status, "value": one.value, "unit": one.tag.storage_unit}
            )
            if one.fault is not None:
                result["faults"].append(
                    {"file": str(site), "line": None, "column": None, "key": name, "message": one.fault}
                )
            if one.doubt is not None:
                result["warnings"].append(f"{name}: {one.doubt}")


def _say(settings: "Site", result: dict[str, Any]) -> None:
    from plant.unit import CONVERSIONS

    say(f"plant {settings.plant.id}: settings are sound")
    for line in [
        *(line for device in result["devices"] for line in device_lines(device)),
        *line_lines(result["lines"]),
    ]:
        say(line)
    for tag in settings.tags():
        unit = f" [{tag.storage_unit}]" if tag.storage_unit else ""
        converted = f", converted from {tag.unit}" if tag.unit not in ("", tag.storage_unit) else ""
        say(f"  {tag.name}: {tag.role} of {tag.work_unit}{unit}{converted}")
    for stored, units in CONVERSIONS.items():
        say(f"units stored as {stored}: {', '.join(units)}")
    for warning in result["warnings"]:
        say(f"warning: {warning}")
    by_scope: dict[tuple[str, str], list[str]] = {}
    for one in result["kpis_without_value"]:
        by_scope.setdefault((one["scope"], one["reason"]), []).append(one["kpi"])
    for (scope, reason), kpis in by_scope.items():
        say(f"no value at {scope}, {reason}: {', '.join(kpis)}")
    for row in result.get("readings", ()):
        read = "" if row["value"] is None else f" {value_text(row['value'])} {row['unit']}".rstrip()
        say(f"{row['device']}: {row['tag']}: {row['status']}{read}")
    alike: dict[str, list[str]] = {}
    for fault in result["faults"]:
        alike.setdefault(fault["message"], []).append(fault["key"])
    for message, tags in alike.items():
        say(f"fault: {', '.join(tags)}: {message}")
