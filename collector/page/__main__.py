"""`python -m collector.page SITE`: the page in a process of its own; it ends when whoever started it does."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from collector.page.app import protected_app
from collector.page.beyond_loopback import require_protected, tls_context
from collector.page.server import serve
from collector.page.source import Source
from config.fault import InputError

log = logging.getLogger("collector.page")

_NICER = 10  # where the processor is scarce, collecting comes first
_TURN_S = 0.001  # so that a KPI that is being worked out does not hold up whoever opens a page


async def _serve(site_file: Path) -> None:
    source = Source(site_file)
    settings, folder = source.site.page, site_file.parent
    assert settings is not None
    require_protected(settings, folder)
    tls = tls_context(settings, folder)
    serving = asyncio.create_task(serve(protected_app(source), settings.host, settings.port, tls))
    parent = asyncio.create_task(_parent_ends())
    await asyncio.wait([serving, parent], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()


async def _parent_ends() -> None:
    """Until standard input ends, as it does when whoever holds its other end is gone, killed or not."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass


def main() -> None:
    """Serve until standard input ends."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the daemon, which ends the page by its input
        signal.signal(number, signal.SIG_IGN)
    os.nice(_NICER)
    sys.setswitchinterval(_TURN_S)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("collector.page.sign_in").setLevel(logging.INFO)  # who entered is kept, not only who did not
    try:
        asyncio.run(_serve(Path(sys.argv[1])))
    except (OSError, InputError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
