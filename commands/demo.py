"""`smartwings demo`: simulated plant, collector, broker and receiver on this machine, and the proof at the end."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terminal import FOUND_FAULT, faults_reported, refuse, say

if TYPE_CHECKING:
    from commands.demo_count import PieceLine

_INTERRUPTED = 130


class _HurriedError(BaseException):
    """A person asked a second time, or before there was anything to sum up: end at once."""


def demo(
    seconds: Annotated[
        float | None,
        typer.Option(min=0, help="End by itself after so long. Default: Ctrl-C ends it.", show_default=False),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir", metavar="D", help="Keep everything here. Default: a temporary folder.", show_default=False
        ),
    ] = None,
) -> None:
    """A plant, its collector, a broker and the programme on this machine, with history; exit 3 if a piece was lost.

    The machines are simulated, everything else is what runs in a plant. At the end the machines stand still, and what
    they produced is compared with what the KPIs counted.
    """
    try:
        import iotcore  # noqa: F401
    except ImportError:
        refuse("demo needs a broker: pip install 'smartwings[demo]'")
    with faults_reported(), _folder(directory) as path:
        from commands.demo_folder import demo_folder
        from commands.demo_run import DemoError, DemoRun

        asked = _Asked()
        try:
            with demo_folder(path) as folder, DemoRun(folder) as run:
                run.start()
                asked.may_wait = True
                _introduce(run.introduction())
                run.watch(seconds, asked)
                lines = run.stop_and_count()
                summary = run.summary()
        except DemoError as fault:
            typer.echo(str(fault), err=True)
            raise typer.Exit(1) from None
        except _HurriedError:
            raise typer.Exit(_INTERRUPTED) from None
    _conclude(lines, summary)


class _Asked:
    """Whether a person has asked for the end: Ctrl-C, a closed terminal, or SIGTERM."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.may_wait = False
        self._once = False
        for number in self._SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                signal.signal(number, self._ask)

    def __bool__(self) -> bool:
        return self._once

    def _ask(self, *_: Any) -> None:
        if self._once or not self.may_wait:
            for number in self._SIGNALS:
                signal.signal(number, signal.SIG_IGN)  # what is left to do takes a moment
            raise _HurriedError
        self._once = True


@contextmanager
def _folder(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory.absolute()
        return
    path = Path(tempfile.mkdtemp(prefix="smartwings-demo-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _introduce(sections: dict[str, list[str]]) -> None:
    for heading, lines in sections.items():
        say(f"\n{heading}")
        for line in lines:
            say(f"  {line}")
    say("")


def _conclude(lines: "list[PieceLine]", summary: list[str]) -> None:
    from commands.demo_count import total_difference

    say("\nPieces since the first stored reading:")
    say(f"  {'work unit':<10} {'counter':<16} {'produced':>12} {'counted':>12} {'difference':>11}")
    for line in lines:
        amounts = f"{line.produced:>12,} {line.counted:>12,} {line.difference:>11,}"
        say(f"  {line.work_unit:<10} {line.role:<16} {amounts}")
    for text in summary:
        say(text)
    difference = total_difference(lines)
    say(f"difference produced - counted: {difference}")
    if difference:
        raise typer.Exit(FOUND_FAULT)
