"""What did each tag read last? Rows of the latest readings, as `smartwings read` and addresses show them."""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.question import QuestionError
from collector.store.latest import latest
from collector.store.tags import stored_tags, texts
from config.site import Site
from plant.instant import format_instant
from plant.status_code import status_name
from plant.tag import Kind


def wanted_tags(site: Site, asked: Sequence[str] | None, named: object) -> list[str]:
    """Names of the tags asked for; none: all of the site file. named: what the site is called in words.

    Raises QuestionError for a name that is not in the site file.
    """
    known = dict.fromkeys(tag.name for tag in site.tags())
    for name in asked or ():
        if name not in known:
            has = ", ".join(known) or "none"
            raise QuestionError("tag", "{name}: is not a tag of {named}; it has {has}", name=name, named=named, has=has)
    return list(asked or known)


def latest_rows(connection: Connection, wanted: Iterable[str], zone: ZoneInfo) -> list[dict[str, Any]]:
    """The latest reading of each tag, in the order asked for; tags without one are left out."""
    stored, newest, named = stored_tags(connection), latest(connection), texts(connection)
    rows = []
    for name in wanted:
        if name in stored and stored[name].id in newest:
            found, tag = newest[stored[name].id], stored[name].tag
            value = named.get(int(found.value)) if tag.kind is Kind.TEXT and found.value is not None else found.value
            rows.append(reading_row(name, tag.storage_unit, found.time_us, value, found.status, zone))
    return rows


def reading_row(
    name: str, unit: str, time_us: int, value: float | str | None, status: int, zone: ZoneInfo
) -> dict[str, Any]:
    """One reading in the shape of `read`: tag, time, value, unit, status and its age [s] by this computer's clock."""
    return {
        "tag": name,
        "time": format_instant(time_us, zone),
        "value": value,
        "unit": unit,
        "status": status_name(status),
        "age_s": round(time.time() - time_us / 1e6, 3),
    }
