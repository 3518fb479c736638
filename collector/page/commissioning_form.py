"""What did somebody fill into the forms of commissioning? Plain values, or why they cannot be taken."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData

from collector.page.drafts import MOST_TAGS, Draft
from collector.page.words import text as _
from config.devices import OpcUaDevice, shipped
from config.document import scalar
from config.model import NAME
from config.site import Site
from config.tag_row import values_of
from connectors.modbus_expected import Expected, expected
from connectors.modbus_probe import Probe

FIELDS = ("name", "work_unit", "role", "unit", "max_rate")
_MOST_HOST = 253


class FormError(Exception):
    """What was filled in cannot be taken; the message is said to whoever filled it in."""


def new_device(form: FormData, site: Site) -> tuple[str, str, dict[str, Any] | None]:
    """Id, protocol and settings of the device to begin with; settings None for one that the site file has."""
    known = {device.id: device.protocol for device in site.devices}
    there = _text(form, "there")
    if there:
        if there not in known:
            raise FormError(_("There is no such device."))
        return there, known[there], None
    name = _text(form, "device")
    if not re.fullmatch(NAME, name):
        raise FormError(_("A name begins with a letter or digit and has at most 80 letters, digits, '_', '.' or '-'."))
    if name in known:
        raise FormError(_("There is a device of this name already."))
    if _text(form, "protocol") == "opcua":
        return name, "opcua", _server(_text(form, "endpoint"))
    host = _text(form, "host")
    if not host or len(host) > _MOST_HOST or any(letter.isspace() or letter in "/@#?" for letter in host):
        raise FormError(_("Give the address of the device: its number or name, without anything before it."))
    port, unit = _whole(form, "port", 502), _whole(form, "unit", 1)
    if not 1 <= port <= 65535:
        raise FormError(_("A port is a number from 1 to 65535."))
    if not 0 <= unit <= 255:
        raise FormError(_("A unit is a number from 0 to 255."))
    return name, "modbus", {"protocol": "modbus", "host": host, "port": port, "unit": unit}


def _server(endpoint: str) -> dict[str, Any]:
    from connectors.opcua_introduction import unsecured

    try:
        device: OpcUaDevice = unsecured(endpoint)
    except ValueError:
        raise FormError(_("An address of an OPC UA server looks like opc.tcp://192.168.10.5:4840.")) from None
    return {"protocol": "opcua", "endpoint": device.endpoint, "security": "Basic256Sha256"}


def probe_of(form: FormData) -> tuple[Probe, Expected | None]:
    """Which registers to read, and what the display shows now (None: not said)."""
    table = _text(form, "table")
    if table not in ("holding", "input", "coil", "discrete"):
        raise FormError(_("Choose a table."))
    probe = Probe(table, _whole(form, "address", 0), _whole(form, "count", 10))  # type: ignore[arg-type]
    if probe.fault() is not None:
        raise FormError(_("Addresses are from 0 to 65535; at most 1,000 registers are read at once."))
    expect = _text(form, "expect")
    try:
        return probe, expected(expect) if expect else None
    except ValueError:
        raise FormError(_("What the display shows must be a number, with its unit or without.")) from None


def profile_of(form: FormData) -> str | None:
    """The shipped register map that was chosen."""
    name = _text(form, "profile")
    return name if name in shipped() else None


def added_tags(draft: Draft, form: FormData, taken: set[str]) -> list[dict[str, Any]]:
    """The tags of a draft with those that were ticked; each once, and named as no other tag of the plant."""
    tags = list(draft.tags)
    for pick in form.getlist("pick"):
        at = int(pick) if isinstance(pick, str) and pick.isdigit() else -1
        if not 0 <= at < len(draft.candidates) or len(tags) >= MOST_TAGS:
            continue
        tag = draft.candidates[at].tag
        if not tag or any(_place(tag) == _place(one) for one in tags):
            continue
        names = taken | {one["name"] for one in tags}
        name, count = tag["name"], 1
        while name in names:
            count += 1
            name = f"{tag['name'][:74]}_{count}"
        tags.append({**tag, "name": name})
    return tags


def named_tags(draft: Draft, form: FormData) -> tuple[list[dict[str, Any]], float | None]:
    """The tags as they were named, without those taken out; and the poll's period, where one is given [s]."""
    tags = []
    for at, before in enumerate(draft.tags):
        if f"without_{at}" in form:
            continue
        kept = {key: value for key, value in before.items() if key not in FIELDS}
        said = values_of({key: _text(form, f"{key}_{at}") for key in FIELDS})
        if said.get("role") != "state":
            kept.pop("states", None)  # proposed for the state that it is not
        tags.append({**{key: said[key] for key in FIELDS if key in said}, **kept})
    poll = scalar(_text(form, "poll_s"), plain=True)
    return tags, float(poll) if isinstance(poll, int | float) and not isinstance(poll, bool) else None


def reason_of(form: FormData, otherwise: str) -> str:
    """Why, in the words of whoever applies it."""
    return _text(form, "reason") or otherwise


def _place(tag: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(tag.get(key) for key in ("node", "index", "field", "table", "address", "type", "order", "bit"))


def _text(form: FormData, key: str) -> str:
    value = form.get(key, "")
    return value.strip() if isinstance(value, str) else ""


def _whole(form: FormData, key: str, otherwise: int) -> int:
    text = _text(form, key)
    if not text:
        return otherwise
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1
