"""The page of a site file in a process of its own, without a daemon."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.load import load_site
from tests.acceptance.simulated_plant import wait_until


@contextmanager
def served(site_file: Path) -> Iterator[str]:
    """The address of the page, until the end of the block."""
    site = load_site(site_file)
    assert site.page is not None
    command = [sys.executable, "-m", "collector.page", str(site_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as page:
        try:
            wait_until(lambda: accepts(site.page.listen), "the page answers")
            yield site.page.address
        finally:
            page.terminate()


def accepts(listen: str) -> bool:
    """Whether somebody listens there, as host:port."""
    host, _, port = listen.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
