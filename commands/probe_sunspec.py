"""`smartwings probe sunspec HOST[:PORT]`: which SunSpec models a device holds, their values, and a tag list of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import Json, quiet_libraries, refuse, say, say_json, write_new

if TYPE_CHECKING:
    from connectors.sunspec import Found, SunSpecMap, Value


def sunspec(
    address_of_device: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="Device or gateway; port 502.")],
    unit: Annotated[int, typer.Option(min=0, max=255, help="Unit behind the address.")] = 1,
    tags: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a tag list of its meters.")] = None,
    every_point: Annotated[
        bool, typer.Option("--all", help="Tags of every value, not only of those that count.")
    ] = False,
    as_json: Json = False,
) -> None:
    """SunSpec models of a device, found by their marker and chain; only read, never written."""
    quiet_libraries()
    from connectors.sunspec import meter_tags

    found = _found(address_of_device, unit)
    rows = meter_tags(found, f"u{unit}", every_point)
    if tags is not None:
        from config.tag_row import tag_list

        if not rows:
            refuse(f"{address_of_device}: has no meter model (201 to 204, 211 to 214) with values; nothing was written")
        write_new(tags, tag_list(rows, "modbus"))
    if as_json:
        models = [_json(one) for one in found.models]
        say_json({"base": found.base, "identity": found.identity(), "models": models, "tags": rows})
        return
    _say(found)


def _found(address: str, unit: int) -> "SunSpecMap":
    import asyncio

    from commands.site_versions import host_and_port
    from config.devices import ModbusDevice
    from connectors.connector import ConnectorError
    from connectors.reachability import UnreachableError
    from connectors.sunspec import SunSpecError
    from connectors.sunspec_probe import discovered

    host, port = host_and_port(address)
    if not 1 <= port <= 65535:
        refuse(f"{address}: a port is a number from 1 to 65535")
    device = ModbusDevice(id="probed", protocol="modbus", host=host, port=port, unit=unit)
    try:
        return asyncio.run(discovered(device))
    except (SunSpecError, UnreachableError, ConnectorError) as error:
        refuse(f"{address}: {error}")


def _json(found: "Found") -> dict[str, Any]:
    values = [
        {
            "point": one.point.name,
            "address": one.address,
            "value": one.value,
            "unit": one.point.unit,
            "role": one.point.role or None,
        }
        for one in found.values
    ]
    name = found.model.name if found.model else None
    return {"id": found.id, "name": name, "address": found.address, "length": found.length, "values": values}


def _say(found: "SunSpecMap") -> None:
    from connectors.sunspec import NEAR_BASES

    say(f"SunSpec marker at holding register {found.base}")
    if found.base in NEAR_BASES:
        say("  beside where it belongs: its maker counts addresses otherwise. Those below are as they are read.")
    for one in found.models:
        name = one.model.name if one.model else "not known here"
        say(f"\nmodel {one.id} ({name}) at {one.address}, {one.length} registers")
        for value in one.values:
            if value.value not in (None, ""):
                say(_line(value))


def _line(value: "Value") -> str:
    shown = value.value if isinstance(value.value, str) else f"{value.value:.10g}"
    return f"  {value.address:>5}  {value.point.name:<16} {shown:>14} {value.point.unit:<5} {value.point.role}".rstrip()
