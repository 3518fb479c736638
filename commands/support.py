"""`smartwings support SITE -o FILE`: what those who help need to see, without secrets."""

import time
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import SiteFile, faults_reported, refuse, say


def support(
    site: SiteFile,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Zip file to write.")],
) -> None:
    """Write a support bundle: settings, health, versions, sizes, last events, gaps and log lines; no secrets."""
    with faults_reported():
        from collector.support_bundle import support_bundle, told_by

        packed = support_bundle(site, told_by(site), time.time_ns() // 1000)
    try:
        output.write_bytes(packed)
    except OSError as error:
        refuse(f"{output}: cannot be written: {error.strerror}")
    say(f"{output}: {len(packed):,} bytes; look through it before you hand it on")
