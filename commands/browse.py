"""`smartwings browse opc.tcp://HOST:PORT`: which variables does a server have, and what are they worth now?"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import (
    Json,
    faults_reported,
    quiet_libraries,
    refuse,
    require_new,
    say,
    say_json,
    write_new,
)

if TYPE_CHECKING:
    from config.devices import OpcUaDevice
    from connectors.opcua_browse import Browsed
    from connectors.opcua_variable import Variable


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be browsed, and how. device: under which id the server's certificate is trusted."""

    endpoint: str
    under: str | None
    security: str | None
    fingerprint: str | None
    accept: tuple[str, ...]
    device: str


def browse(
    endpoint: Annotated[str, typer.Argument(metavar="opc.tcp://HOST:PORT", help="The server.", show_default=False)],
    under: Annotated[str | None, typer.Option(metavar="NODE", help="Begin there. Default: Objects.")] = None,
    tags: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a tag list.")] = None,
    security: Annotated[str | None, typer.Option(metavar="POLICY", help="As in the site file, or none.")] = None,
    fingerprint: Annotated[
        str | None, typer.Option(metavar="SHA256", help="Of the server's certificate, compared at the server.")
    ] = None,
    accept: Annotated[
        list[str] | None, typer.Option(metavar="FLAW", help="Of its certificate, as in certificate_exceptions.")
    ] = None,
    site: Annotated[
        Path | None,
        typer.Option(metavar="SITE", help="Connect as this plant does, and to its device as its settings say."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="ID", help="Under which the certificate is trusted.")] = "browsed",
    as_json: Json = False,
) -> None:
    """The server's variables: node, path, type, value now, unit, and the role that the name makes plain."""
    quiet_libraries()
    require_new(tags)
    from connectors.connector import ConnectorError
    from connectors.opcua_draft import proposed_tags, tags_of
    from connectors.reachability import UnreachableError

    asked = _Asked(endpoint, under, security, fingerprint, tuple(accept or ()), device)
    try:
        with faults_reported():
            found = _found(site, asked)
    except (UnreachableError, ConnectorError, ValueError) as error:
        refuse(f"{endpoint}: {_told(error)}")
    if tags is not None:
        from config.tag_row import tag_list

        write_new(tags, tag_list(proposed_tags(found.variables), "opcua"))
    rows = [_json(one, next((tag["role"] for tag in tags_of(one)), None)) for one in found.variables]
    if as_json:
        say_json({"variables": rows, "whole": found.whole, "cut": list(found.cut)})
    else:
        _say(found, rows)


def _found(site: Path | None, asked: _Asked) -> "Browsed":
    import asyncio

    known = None if site is None else _known(site, asked)
    with tempfile.TemporaryDirectory() as folder:
        place = site.parent if site is not None else Path(folder)
        if known is not None and asked.security in (None, known.security):
            return asyncio.run(_browsed_as(known, asked, place))
        return asyncio.run(_browsed(asked, place))


def _known(site: Path, asked: _Asked) -> "OpcUaDevice | None":
    """The plant's device at this endpoint, the one with this id first; never one elsewhere: it has passwords."""
    from config.devices import OpcUaDevice
    from config.load import load_site

    devices = load_site(site).devices
    there = [one for one in devices if isinstance(one, OpcUaDevice) and one.endpoint == asked.endpoint]
    return next((one for one in there if one.id == asked.device), there[0] if there else None)


async def _browsed_as(known: "OpcUaDevice", asked: _Asked, folder: Path) -> "Browsed":
    from config.devices import OpcUaDevice
    from connectors.opcua_browse import browsed
    from connectors.opcua_introduction import introduced

    exceptions = (*known.certificate_exceptions, *asked.accept)
    server = OpcUaDevice.model_validate({**known.model_dump(), "tags": (), "certificate_exceptions": exceptions})
    if server.security != "none" and server.ca_file is None:
        await _pinned(server, folder, asked.fingerprint, (await introduced(server.endpoint)).fingerprint)
    return await browsed(server, folder, asked.under)


async def _pinned(server: "OpcUaDevice", folder: Path, fingerprint: str | None, shown: str) -> None:
    from connectors.opcua_certificate import trusted_file
    from connectors.opcua_introduction import trusted
    from connectors.reachability import UnreachableError

    if fingerprint is None and trusted_file(folder, server.id).exists():
        return
    try:
        await trusted(server, folder, fingerprint)
    except UnreachableError as error:
        compare = f"it shows SHA-256 {shown}; compare it there, then add --fingerprint with it"
        raise UnreachableError(error.obstacle, error.detail or compare) from None


async def _browsed(asked: _Asked, folder: Path) -> "Browsed":
    from config.devices import OpcUaDevice, is_loopback
    from connectors.opcua_browse import browsed
    from connectors.opcua_introduction import introduced, unsecured
    from connectors.reachability import Obstacle, UnreachableError

    met = await introduced(asked.endpoint)
    chosen = asked.security or met.policies[0]
    if asked.security is None and chosen == "none" and not is_loopback(_host(asked.endpoint)):
        raise UnreachableError(Obstacle.SECURITY, "it only offers none; --security none browses it in clear")
    if chosen not in met.policies:
        raise UnreachableError(Obstacle.SECURITY, f"it offers {', '.join(met.policies)}")
    server = unsecured(asked.endpoint)
    if chosen != "none":
        server = OpcUaDevice.model_validate(
            {**server.model_dump(), "id": asked.device, "security": chosen, "certificate_exceptions": asked.accept}
        )
        await _pinned(server, folder, asked.fingerprint, met.fingerprint)
    return await browsed(server, folder, asked.under)


def _host(endpoint: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(endpoint).hostname or ""


def _told(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors()[0]
        option = "--accept: " if first["loc"][:1] == ("certificate_exceptions",) else ""
        return option + str(first["msg"]).removeprefix("Value error, ")
    return str(error)


def _json(one: "Variable", role: str | None) -> dict[str, Any]:
    return {
        "node": one.node,
        "node_by_uri": one.node_by_uri,
        "path": "/".join(one.path),
        "type": one.type,
        "value": one.value,
        "status": one.status,
        "unit": one.unit,
        "texts": {str(number): text for number, text in one.texts.items()},
        "elements": one.elements,
        "fields": list(one.fields),
        "role": role,
    }


def _say(found: "Browsed", rows: list[dict[str, Any]]) -> None:
    width = max((len(row["path"]) for row in rows), default=0)
    kinds = max((len(row["type"]) for row in rows), default=0)
    for row in rows:
        value = "-" if row["value"] is None else str(row["value"])[:30]
        status = "" if row["status"] == "Good" else f"  {row['status']}"
        described = f"{row['type']:<{kinds}}  {value:>16} {row['unit']:<6}  {row['role'] or '-':<15}"
        say(f"{row['path']:<{width}}  {described}  {row['node']}{status}{_made_of(row)}")
    if not rows:
        say("no variables")
    for missing in found.cut:
        say(f"not shown: {missing}; --under NODE begins further down")


def _made_of(row: dict[str, Any]) -> str:
    """Texts of an enumeration, elements of an array, fields of a structure."""
    texts = ";".join(f"{number}={text}" for number, text in row["texts"].items())
    elements = f"{row['elements']} elements" if row["elements"] else ""
    return "".join(f"  {part}" for part in (texts, elements, " ".join(row["fields"])) if part)
