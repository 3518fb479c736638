"""The command `smartwings`: one module a command, none of which loads a library before it is asked for."""

import sys

import typer

from commands.backup import backup
from commands.browse import browse
from commands.certificate import certificate
from commands.check import check
from commands.correct import correct_app
from commands.demo import demo
from commands.history import history
from commands.import_files import import_app
from commands.init import init
from commands.kpi import kpi
from commands.password import password
from commands.probe import probe_app
from commands.probe_sunspec import sunspec
from commands.programme import programme_app
from commands.read import read
from commands.reports import reports
from commands.restore import restore
from commands.run import run
from commands.sign_in import sign_in
from commands.simulate import simulate
from commands.site_versions import site_app
from commands.status import status
from commands.support import support
from commands.trust import trust
from commands.verify import verify

app = typer.Typer(
    name="smartwings",
    help="Shop-floor collector and KPI monitor: readings stored without loss, KPIs with their evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(init)
app.command()(check)
app.command()(run)
app.command()(status)
app.command()(read)
app.command()(history)
app.add_typer(import_app, name="import")
app.command()(kpi)
app.add_typer(correct_app, name="correct")
app.command()(reports)
app.command()(backup)
app.command()(restore)
app.command()(verify)
app.add_typer(site_app, name="site")
probe_app.command()(sunspec)
app.add_typer(probe_app, name="probe")
app.command()(browse)
app.command()(trust)
app.command()(support)
app.command()(password)
app.command(name="sign-in")(sign_in)
app.command()(certificate)
app.command()(simulate)
app.command()(demo)
app.add_typer(programme_app, name="programme")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    app()
