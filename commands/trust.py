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
        from connectors.opcua_certificate import NotTrustedError

        servers = {one.id: one for one in load_site(site).devices if isinstance(one, OpcUaDevice)}
        if device not in servers:
            refuse(f"{device}: is not an OPC UA device of {site}; it has {', '.join(servers) or 'none'}")
        from connectors.opcua_security import trust as store_certificate

        try:
            fingerprint = asyncio.run(store_certificate(servers[device], site.parent))
        except NotTrustedError as error:
            from collector.certificate_trouble_text import REFUSED

            known = REFUSED.get(error.cause)
            remedy = f"\n  what to do: {known.remedy.en.format(subject=device)}" if known else ""
            refuse(f"{device}: {error}{remedy}")
        except (ConnectorError, OSError, TimeoutError) as error:
            refuse(f"{device}: {error}")
        flaws = ", ".join(servers[device].certificate_exceptions)
    say(f"{device}: trusts SHA-256 {fingerprint}{f', accepting {flaws}' if flaws else ''}")
