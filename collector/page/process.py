"""How does the page run beside the daemon? As a child, so that no visitor ever holds up the collecting of readings."""

import asyncio
import logging
import sys
from contextlib import suppress
from pathlib import Path

END_S = 5.0
_CHUNK_BYTES = 65536

log = logging.getLogger(__name__)


async def run_page(site_file: Path) -> None:
    """Run the page until cancelled. Raises OSError with its last words when it ends by itself."""
    page = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # what lies in the working directory is not imported
        "-m",
        "collector.page",
        str(site_file),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    last = ""
    try:
        assert page.stderr is not None
        while said := await page.stderr.read(_CHUNK_BYTES):  # not by lines: one may be longer than a reader's limit
            for line in said.decode(errors="replace").splitlines():
                last = line.rstrip() or last
                log.info("%s", last)  # the page's log is the daemon's
        raise OSError(f"the page ended: {last or f'exit code {await page.wait()}'}")
    finally:
        await _ended(page)


async def _ended(page: "asyncio.subprocess.Process") -> None:
    """Closing its input tells the page to end; one that does not is killed."""
    assert page.stdin is not None
    page.stdin.close()
    try:
        await asyncio.wait_for(page.wait(), END_S)
    except (TimeoutError, asyncio.CancelledError):
        with suppress(ProcessLookupError):
            page.kill()
        await page.wait()
