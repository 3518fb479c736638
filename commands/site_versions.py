"""`smartwings site SITE add|undo|versions|show`: devices and tags put into the site file, kept as versions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import Json, SiteFile, faults_reported, refuse, say, say_json

if TYPE_CHECKING:
    from config.site_edit import Addition

site_app = typer.Typer(
    help="Devices and tags put into the site file: shown as a difference, applied, kept, undone.", no_args_is_help=True
)

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who applies it.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Apply without being asked again.")]
Text = Annotated[str | None, typer.Option(metavar="TEXT", help="Why.", show_default=False)]


@site_app.callback()
def of_site(context: typer.Context, site: SiteFile) -> None:
    """Devices and tags put into the site file: shown as a difference, applied, kept, undone."""
    context.obj = site


@site_app.command()
def add(
    context: typer.Context,
    device: Annotated[str, typer.Option(metavar="ID", help="A new device, or one that is there.", show_default=False)],
    by: By,
    modbus: Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="It is new and speaks Modbus.")] = None,
    opcua: Annotated[str | None, typer.Option(metavar="opc.tcp://…", help="It is new and speaks OPC UA.")] = None,
    put: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A key of the device.")] = None,
    tags: Annotated[Path | None, typer.Option(metavar="FILE", help="Tag list, as probe and browse write it.")] = None,
    reason: Text = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Add a device or tags: the difference is shown, checked, and applied when you say so. Comments stay."""
    with faults_reported():
        from collector.entry import RefusedError
        from collector.site_change import proposal

        site: Path = context.obj
        addition = _addition(site, device, modbus, opcua, put or [], tags)
        try:
            found = proposal(site, addition)
        except RefusedError as error:
            refuse(str(error))
        if as_json and not yes:
            say_json({"difference": found.difference, "digest": found.digest})
            return
        if not as_json:
            say("\n".join(found.difference))
        _ask_first(yes)
        told = f"device {device} added" if addition.settings is not None else f"tags of {device} added"
        request = {"command": "apply", "by": by, "reason": reason or told, "digest": found.digest}
        _change(site, {**request, "addition": addition.as_json()}, as_json)


@site_app.command()
def undo(
    context: typer.Context,
    by: By,
    version: Annotated[int | None, typer.Argument(metavar="[ID]", help="The version. Default: the newest.")] = None,
    reason: Text = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put the files back to what they were before a version, if nobody changed them since."""
    with faults_reported():
        versions = _versions(context.obj)
        if version is None:
            if not versions:
                refuse("nothing was applied yet")
            version = int(versions[0]["id"])
        found = next((one for one in versions if one["id"] == version), None)
        if found is None:
            refuse(f"version {version}: there is none")
        if not as_json:
            say(f"takes back version {version}: {found['reason']}")
        _ask_first(yes)
        told = reason or f"version {version} undone"
        _change(context.obj, {"command": "undo", "by": by, "reason": told, "version": version}, as_json)


@site_app.command()
def versions(context: typer.Context, as_json: Json = False) -> None:
    """Every version, the newest first: when, who, why, which files."""
    with faults_reported():
        found = _versions(context.obj)
    if as_json:
        say_json({"versions": found})
        return
    for one in found:
        undone = f"; undone by version {one['undone_by']}" if one["undone_by"] else ""
        say(f"{one['id']:>5}  {one['recorded_at']}  {', '.join(one['files'])}; {one['by']}: {one['reason']}{undone}")
    if not found:
        say("no versions")


@site_app.command()
def show(
    context: typer.Context,
    version: Annotated[int, typer.Argument(metavar="ID", help="The version.", show_default=False)],
) -> None:
    """The difference that a version made."""
    with faults_reported():
        found = next((one for one in _versions(context.obj) if one["id"] == version), None)
    if found is None:
        refuse(f"version {version}: there is none")
    say("\n".join(found["difference"]))


def _versions(site_file: Path) -> list[dict[str, Any]]:
    from collector.site_change import versions_json
    from collector.store.store import reading, store_path
    from config.load import load_site

    site = load_site(site_file)
    with reading(store_path(site.store.url, site_file.parent)) as connection:
        return versions_json(connection, site)


def _addition(
    site: Path, device: str, modbus: str | None, opcua: str | None, put: list[str], tags: Path | None
) -> "Addition":
    from config.document import scalar
    from config.site_edit import Addition
    from config.tag_row import read_tags

    settings: dict[str, Any] | None = None
    if modbus is not None and opcua is not None:
        refuse("needs --modbus or --opcua, not both")
    if modbus is not None:
        host, port = host_and_port(modbus)
        settings = {"protocol": "modbus", "host": host, "port": port}
    elif opcua is not None:
        settings = {"protocol": "opcua", "endpoint": opcua}
    for pair in put:
        key, given, value = pair.partition("=")
        if not given:
            refuse(f"--set: must look like unit=3, not {pair!r}")
        if settings is None:
            refuse("--set: only for a new device; needs --modbus or --opcua")
        settings[key.strip()] = scalar(value.strip(), plain=True)
    if settings is not None and tags is not None and tags.resolve().is_relative_to(site.parent.resolve()):
        read_tags(tags)
        return Addition(device, settings, [], tags.resolve().relative_to(site.parent.resolve()).as_posix())
    return Addition(device, settings, read_tags(tags) if tags is not None else [])


def host_and_port(address: str) -> tuple[str, int]:
    """Host and port of HOST[:PORT], port 502 where none is given; refused for what is neither."""
    host, colon, port = address.rpartition(":")
    if not colon or (address.count(":") > 1 and not host.endswith("]")):
        host, port = address, "502"
    if not port.isdigit() or not host:
        refuse(f"{address}: must look like 192.168.10.7:502")
    return host.strip("[]"), int(port)


def _ask_first(yes: bool) -> None:
    import sys

    if yes:
        return
    if not sys.stdin.isatty():
        refuse("nothing was changed; add --yes to apply it")
    typer.confirm("Apply it?", abort=True)


def _change(site_file: Path, request: dict[str, Any], as_json: bool) -> None:
    import time

    from collector import site_change
    from collector.control import ask
    from collector.store.store import store_path, writing
    from config.load import load_site

    path = store_path(load_site(site_file).store.url, site_file.parent)
    answer = ask(path, request)
    running = answer is not None
    if answer is None:
        change = site_change.applied if request["command"] == "apply" else site_change.undone
        with writing(path) as connection:
            answer = change(connection, site_file, time.time_ns() // 1000, request)
    if not answer["ok"]:
        refuse(answer["message"])
    if as_json:
        say_json({"version": answer["version"]})
        return
    goes_on = "; the collector goes on with it" if running else ""
    say(f"version {answer['version']['id']} applied{goes_on}")
