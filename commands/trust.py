"""`smartwings trust SITE DEVICE`: take an OPC UA server's certificate as its own from now on."""

import asyncio
from typing import Annotated

import typer

from commands.terminal import SiteFile, faults_reported, refuse, say


def trust(
    site: SiteFile,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="Id of an OPC UA device.", show_default=False)],
) -> None:
    """Show the SHA-256 fingerprint of a server's certificate and store it as trusted; compare it at the server."""
    with faults_reported():
        from config.devices import OpcUaDevice
        from config.load import load_site
        from connectors.connector import ConnectorError

        servers = {one.id: one for one in load_site(site).devices if isinstance(one, OpcUaDevice)}
        if device not in servers:
            refuse(f"{device}: is not an OPC UA device of {site}; it has {', '.join(servers) or 'none'}")
        from connectors.opcua_security import trust as store_certificate

        try:
            fingerprint = asyncio.run(store_certificate(servers[device], site.parent))
        except (ConnectorError, OSError, TimeoutError) as error:
            refuse(f"{device}: {error}")
    say(f"{device}: trusts SHA-256 {fingerprint}")
