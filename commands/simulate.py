"""smartwings simulate: serve every loopback device of a site."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from config.site import Site
    from simulators.serve import Listening

_WRONG = 2


def simulate(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="Site file.")],
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Log of every value that a perfect reader would have seen.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another number is another plant.")] = 1,
) -> None:
    """Serve every loopback device of SITE until Ctrl-C.

    SIGUSR1 lets the plant stand still: from then on every device shows what it showed at that instant, which is
    printed as `frozen at TIME`.
    """
    from config.fault import InputError
    from config.load import load_site
    from simulators.serve import CannotServeError
    from simulators.truth import TruthLogError

    try:
        settings = load_site(site)
        asyncio.run(_served(settings, site.parent, truth, seed))
    except InputError as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        raise typer.Exit(_WRONG) from None
    except (CannotServeError, TruthLogError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_WRONG) from None


async def _served(site: "Site", folder: Path, truth: Path | None, seed: int) -> None:
    from plant.instant import format_instant
    from simulators.clock import PlantClock
    from simulators.serve import serve

    stop, clock = asyncio.Event(), PlantClock()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(
        signal.SIGUSR1, lambda: typer.echo(f"frozen at {format_instant(clock.freeze(), site.zone)}")
    )
    await serve(site, folder, truth, seed, stop, announce=_announce, clock=clock)


def _announce(listening: "Listening") -> None:
    for served in listening.served:
        typer.echo(str(served))
    for device, why in (*listening.left_out, *listening.notes):
        typer.echo(f"{device}: {why}", err=True)
