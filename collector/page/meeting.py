"""How does the page ask a device that is being connected? In a thread, one at a time or two, and never for long.

What speaks OPC UA is loaded when it is asked for: it takes as long to load as all the rest of the page.
"""

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from collector.device_connector import open_connector
from collector.page.drafts import Candidate, Draft, LiveValue
from config.devices import Device, ModbusDevice, OpcUaDevice, is_loopback
from config.profile import register_facts, registers
from config.tag_row import values_of
from connectors.connector import Connector
from connectors.modbus_guess import Asked, Decoding, guess
from connectors.modbus_probe import Held, Probe, probed, probed_parts
from connectors.opcua_draft import as_name, tags_of
from connectors.reachability import Obstacle, UnreachableError
from connectors.role_proposal import role_for_unit
from plant.status_code import is_bad, status_name
from plant.tag import PLANT, Role

T = TypeVar("T")

LONGEST_S = 25.0
MOST_MEETINGS = 2
MOST_DECODINGS = 300

_DEVICE: TypeAdapter[Device] = TypeAdapter(Device)
_meetings = asyncio.Semaphore(MOST_MEETINGS)


async def apart_from_pages(work: Coroutine[Any, Any, T]) -> T:
    """Do work in a loop of its own in a thread, so that no page waits for a machine. Raises UnreachableError."""

    async def limited() -> T:
        async with asyncio.timeout(LONGEST_S):
            return await work

    async with _meetings:
        try:
            return await asyncio.to_thread(asyncio.run, limited())
        except TimeoutError:
            raise UnreachableError(Obstacle.NO_ANSWER, f"no end within {LONGEST_S:g} s") from None


def device_of(draft: Draft, known: Device | None, tags: list[dict[str, Any]] | None = None) -> Device:
    """The draft's device with these tags; known: as the site file has it. Raises ValueError for faulty settings."""
    settings = (
        known.model_dump(exclude_unset=True) if known is not None else {"id": draft.device, **(draft.settings or {})}
    )
    return _DEVICE.validate_python({**settings, "tags": tags or []})


async def reach(draft: Draft, device: Device) -> None:
    """Find out whether the device answers at all, and what an OPC UA server offers. Raises UnreachableError."""
    if isinstance(device, ModbusDevice):
        try:
            await apart_from_pages(probed(device, Probe("input", 0, 1)))
        except UnreachableError as error:
            if error.obstacle not in (Obstacle.ADDRESS_REFUSED, Obstacle.FUNCTION_REFUSED):
                raise
    else:
        from connectors.opcua_introduction import introduced

        draft.met = await apart_from_pages(introduced(device.endpoint))
        if draft.settings is not None:
            draft.settings["security"] = draft.met.policies[0]
            if draft.met.policies[0] == "none" and not is_loopback(urlsplit(device.endpoint).hostname or ""):
                draft.settings["allow_insecure"] = True
    draft.reached = True


async def trust(draft: Draft, device: OpcUaDevice, folder: Path, fingerprint: str) -> None:
    """Take the server's certificate as its own, if it is still the one that was compared. Raises UnreachableError."""
    from connectors.opcua_introduction import trusted

    await apart_from_pages(trusted(device, folder, fingerprint))


async def look(draft: Draft, device: Device, folder: Path) -> None:
    """Read what the device has: registers by their probe, variables of a server. Raises UnreachableError."""
    if isinstance(device, ModbusDevice):
        assert draft.probe is not None
        held = await apart_from_pages(probed_parts(device, draft.probe, with_context=draft.expect is not None))
        draft.candidates = await asyncio.to_thread(_decoded, draft, held)
    else:
        from connectors.opcua_browse import browsed

        found = await apart_from_pages(browsed(device, folder))
        draft.candidates = []
        for one in found.variables:
            path = " / ".join(one.path)
            for tag in tags_of(one) or [{}]:
                part = f"[{tag['index']}].{tag['field']}" if "field" in tag else ""
                likely = tag.get("role", "other") != "other"
                draft.candidates.append(Candidate(one.node, path + part, one.type, one.value, one.unit, tag, likely))
    draft.looked_us = time.time_ns() // 1000


async def look_by_profile(draft: Draft, device: ModbusDevice, profile: str) -> None:
    """The registers of a shipped map as the device has them now. Raises UnreachableError."""
    tags, work_unit = [], as_name(draft.device) or PLANT
    for row in registers(profile):
        facts = values_of(register_facts(row))
        tags.append({"name": row.text("register"), "work_unit": work_unit, "role": "other", **facts})
    draft.candidates, draft.order, draft.beside = [], None, 0
    values = await _read_all(device.model_copy(update={"profile": None}), tags, Path())
    for tag in tags:
        live = values[tag["name"]]
        where = f"{tag['table']} {tag['address']}"
        kept = {**tag, "name": f"{as_name(draft.device)}.{tag['name']}"}
        shown = live.value if live.status == "Good" else None
        draft.candidates.append(
            Candidate(where, tag["name"], tag["type"], shown, live.unit, kept, tag["role"] != "other")
        )
    draft.looked_us = time.time_ns() // 1000


async def read_chosen(draft: Draft, known: Device | None, folder: Path) -> None:
    """Read every chosen tag as the collector would. Raises UnreachableError, ConnectorError and ValueError."""
    draft.live = await _read_all(device_of(draft, known), draft.tags, folder)


async def _read_all(device: Device, tags: list[dict[str, Any]], folder: Path) -> dict[str, LiveValue]:
    full = _DEVICE.validate_python({**device.model_dump(exclude_unset=True), "tags": tags})
    units = {one.name: one.tag().storage_unit for one in full.tags}

    async def read() -> dict[str, LiveValue]:
        connector: Connector = open_connector(full, folder)
        batch = (await connector.read_once()).batch
        found: dict[str, LiveValue] = {}
        for at in range(len(batch) if batch else 0):
            assert batch is not None
            name, code = batch.names[int(batch.tags[at])], int(batch.status[at])
            value = batch.texts.get(at, None if is_bad(code) else float(batch.values[at]))
            found[name] = LiveValue(value, units[name], status_name(code), int(batch.times_us[at]))
        return found

    return await apart_from_pages(read())


def _decoded(draft: Draft, held: Held) -> list[Candidate]:
    assert draft.probe is not None
    asked = Asked(draft.probe.address, draft.probe.count)
    found = guess(draft.probe.table, held.address, held.words, draft.expect, asked, held.is_refused)
    draft.order = (found.orders[0].letters, found.confidence.value) if found.orders else None
    draft.beside = found.beside(draft.probe.address)
    sure = found.near[:1]
    best = [*sure, *(one for one in found.best if one not in sure)]
    chosen = {(one.address, one.type, one.order) for one in best}
    rest = [one for one in found.decodings if (one.address, one.type, one.order) not in chosen]
    return [_candidate(draft, one, one in best, one in sure) for one in [*best, *rest[:MOST_DECODINGS]]]


def _candidate(draft: Draft, one: Decoding, likely: bool, sure: bool) -> Candidate:
    name = f"{as_name(draft.device)}.{one.table}{one.address}"
    order = "" if one.type in ("bool", "string") else f" {one.order}"
    scale = f" × {one.scale:g}" if one.scale != 1 else ""
    role, unit = role_for_unit(draft.expect.unit) if sure and draft.expect is not None else (Role.OTHER, "")
    if one.type == "string":
        role = Role.PRODUCT_ID  # a text must be an order, a product or an alarm
    tag = one.as_tag(name, as_name(draft.device) or PLANT, role, unit)
    value = None if one.scaled != one.scaled else one.scaled
    return Candidate(f"{one.table} {one.address}", "", f"{one.type}{order}{scale}", value, unit, tag, likely)
