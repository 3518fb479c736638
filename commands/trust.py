"""`smartwings trust SITE DEVICE`: take an OPC UA server's certificate as its own from now on."""

from typing import Annotated

import typer

from commands.terminal import SiteFile, faults_reported, refuse, say


def trust(
    site: SiteFile,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Id of an OPC UA device.", show_default=False)],
) -> None:
    """Show the SHA-256 fingerprint of a server's certificate and store it as trusted; compare it at the server."""
    with faults_reported():
        import asyncio

        from config.devices import OpcUaDevice
        from config.load import load_site
        from connectors.connector import ConnectorError
        from connectors.opcua_certificate import NotTrustedError

        servers = {one.id: one for one in load_site(site).devices if isinstance(one, OpcUaDevice)}
        if device not in servers:
            refuse(f"{device}: is not an OPC UA device of {site}; it has {', '.join(servers) or 'none'}")
        if servers[device].security == "none":
            refuse(f"{device}: its security is none, so there is no certificate to trust")
        from connectors.opcua_security import trust as store_certificate

        try:
            fingerprint = asyncio.run(store_certificate(servers[device], site.parent))
        except NotTrustedError as error:
            from collector.certificate_trouble_text import REFUSED

            known = REFUSED.get(error.cause)
            remedy = f"\n  what to do: {known.remedy.en.format(subject=device)}" if known else ""
            refuse(f"{device}: {error}{remedy}")
        except (ConnectorError, OSError) as error:
            refuse(f"{device}: {servers[device].endpoint}: {_unanswered(error)}")
        flaws = ", ".join(servers[device].certificate_exceptions)
    say(f"{device}: trusts SHA-256 {fingerprint}{f', accepting {flaws}' if flaws else ''}")


def _unanswered(error: Exception) -> str:
    """What stands in the way of a server that was not reached, and what helps."""
    from connectors.device_health import cause_of
    from connectors.opcua_link import plain
    from connectors.reachability import Obstacle, UnreachableError, obstacle_of

    obstacle = obstacle_of(cause_of(error))
    return plain(error) if obstacle is Obstacle.OTHER else str(UnreachableError(obstacle))
