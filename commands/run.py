"""`smartwings run SITE`: the collector in the foreground, until SIGTERM or Ctrl-C."""

import logging
import signal

from commands.terminal import SiteFile, faults_reported, quiet_libraries, refuse, say


def run(site: SiteFile) -> None:
    """Read the machines, store every reading, report; SIGTERM or Ctrl-C drains within 20 s and ends."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    quiet_libraries()
    with faults_reported():
        import asyncio

        from collector import daemon
        from config.load import Secrets, load_site
        from connectors.connector import ConnectorError

        settings = load_site(site, Secrets.PRESENT)

        async def until_told() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            tags = sum(len(device.tags) for device in settings.devices)
            told = f"collecting {tags} tags of {len(settings.devices)} devices"
            await daemon.run(settings, site, stop, lambda: say(told))

        try:
            asyncio.run(until_told())
        except ConnectorError as error:
            refuse(f"{site}: {error}")
