"""`smartwings probe modbus HOST[:PORT] …`: what registers hold, with every decoding, the most plausible first."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import Json, quiet_libraries, refuse, say, say_json, write_new

if TYPE_CHECKING:
    from connectors.modbus_coding import U16
    from connectors.modbus_guess import Decoding

probe_app = typer.Typer(help="What a device holds at addresses that nobody has named yet.", no_args_is_help=True)


@probe_app.callback()
def of_protocol() -> None:
    """What a device holds at addresses that nobody has named yet."""


class TableName(StrEnum):
    """Tables of a Modbus device."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"


@probe_app.command()
def modbus(
    address_of_device: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="Device or gateway; port 502.")],
    table: Annotated[TableName, typer.Option(help="Table to read.", show_default=False)],
    address: Annotated[int, typer.Option(help="First address, from 0.", show_default=False)],
    count: Annotated[int, typer.Option(help="How many registers or bits.", show_default=False)],
    unit: Annotated[int, typer.Option(help="Unit behind the address.")] = 1,
    expect: Annotated[float | None, typer.Option(metavar="V", help="What its display shows now.")] = None,
    tags: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a tag list of the best.")] = None,
    as_json: Json = False,
) -> None:
    """Registers with every decoding, the most plausible first; only read, never written."""
    quiet_libraries()
    from connectors.connector import ConnectorError
    from connectors.modbus_guess import apart, decodings
    from connectors.modbus_probe import Probe, probed
    from connectors.reachability import UnreachableError

    asked = Probe(table.value, address, count)
    if fault := asked.fault():
        refuse(f"--{fault}")
    device = _device(address_of_device, unit)
    try:
        words = asyncio.run(probed(device, asked))
    except (UnreachableError, ConnectorError) as error:
        refuse(f"{address_of_device}: {error}")
    found = decodings(table.value, address, words, expect)
    best = apart(found) if expect is None else found[:1]
    if tags is not None:
        from config.tag_row import tag_list

        rows = [one.as_tag(f"u{unit}.{one.table}{one.address}", "plant") for one in best]
        write_new(tags, tag_list(rows, "modbus"))
    if as_json:
        registers = [{"address": address + at, "raw": int(word)} for at, word in enumerate(words)]
        say_json({"registers": registers, "decodings": [_json(one) for one in found], "best": [_json(b) for b in best]})
        return
    _say(asked.table, address, words, best, found)


def _device(address: str, unit: int) -> Any:
    from pydantic import ValidationError

    from commands.site_versions import host_and_port
    from config.devices import ModbusDevice

    host, port = host_and_port(address)
    try:
        return ModbusDevice(id="probed", protocol="modbus", host=host, port=port, unit=unit)
    except ValidationError as error:
        refuse(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}")


def _json(one: "Decoding") -> dict[str, Any]:
    return {
        "address": one.address,
        "type": one.type,
        "order": one.order,
        "value": one.value,
        "scale": one.scale,
        "scaled": one.scaled,
        "plausibility": one.plausibility,
    }


def _say(table: str, address: int, words: "U16", best: list["Decoding"], found: list["Decoding"]) -> None:
    for at, word in enumerate(words):
        letters = bytes(divmod(int(word), 256)).decode("ascii", "replace")
        shown = "".join(letter if letter.isprintable() and letter.isascii() else "." for letter in letters)
        text = f"{int(word)}" if table in ("coil", "discrete") else f"{int(word):#06x}  {int(word):>5}  {shown}"
        say(f"{table} {address + at:>5}  {text}")
    for heading, ranked in (("most plausible", best), ("every decoding", found)):
        say(f"\n{heading}:\naddress  type     order     {'value':>18}  plausible by [bit]")
        for one in ranked:
            scaled = f"  x {one.scale:g} = {one.scaled:g}" if one.scale != 1 else ""
            number = f"{one.address:>7}  {one.type:<7}  {one.order:<8}  {one.value:>18.10g}"
            say(f"{number}  {one.plausibility:>6.1f}{scaled}")
