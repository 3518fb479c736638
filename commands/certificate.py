"""`smartwings certificate SITE`: a certificate for the page, or a new one by which OPC UA servers know us."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import SiteFile, faults_reported, refuse, say

if TYPE_CHECKING:
    from config.site import Site


def certificate(
    site: SiteFile,
    opcua: Annotated[
        bool, typer.Option("--opcua", help="Renew the certificate and key that we show to OPC UA servers.")
    ] = False,
) -> None:
    """Write the certificate and key that page.certificate_file and page.key_file name; print the fingerprint."""
    with faults_reported():
        from config.load import load_site

        settings = load_site(site)
        if opcua:
            _renew(settings, site)
        else:
            _make_for_page(settings, site)


def _make_for_page(settings: "Site", site: Path) -> None:
    from collector.page.certificate import make_certificate

    if settings.page is None:
        refuse(f"{site}: has no page")
    file, fingerprint = make_certificate(settings.page, site.parent)
    say(f"wrote {file}")
    say(f"SHA-256 {fingerprint}; compare it with what the browser shows before you trust it there")


def _renew(settings: "Site", site: Path) -> None:
    from config.devices import OpcUaDevice
    from connectors.connector import ConnectorError
    from connectors.opcua_renewal import renewed

    servers = [one for one in settings.devices if isinstance(one, OpcUaDevice) and one.security != "none"]
    if not servers:
        refuse(f"{site}: has no OPC UA device that needs a certificate")
    try:
        made = renewed(site.parent)
    except (ConnectorError, OSError) as error:
        refuse(str(error))
    say(f"wrote {made.shown}, SHA-256 {made.sha256}, application URI {made.application_uri}")
    say(f"kept the old certificate and its key in {made.kept}")
    say("connections that stand keep the old certificate; the next ones are refused until the new one is trusted at:")
    for one in servers:
        say(f"  {one.id}: {one.endpoint}")
