"""`smartwings kpi SITE`: KPI values with their evidence, over any period, scope and calendar."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.explained import say_explained, say_left_out
from commands.terminal import Json, SiteFile, faults_reported, say, say_json
from plant.kpi_id import KpiId
from plant.period import PeriodKind

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from kpi.value import KpiValue


Explain = Annotated[bool, typer.Option("--explain", help="Why each value is what it is, down to the readings.")]


def kpi(
    site: SiteFile,
    period: Annotated[PeriodKind, typer.Option(help="Kind of period.")] = PeriodKind.DAY,
    at: Annotated[str | None, typer.Option(help="Time or date in the period. Default: the last closed.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="List every period from this time or date.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="… to before this one. Default: now.")] = None,
    kpi: Annotated[list[KpiId] | None, typer.Option(help="KPI, repeatable. Default: all.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="plant, a work unit, product:P or order:O. Default: plant and work units.")
    ] = None,
    calendar: Annotated[str, typer.Option(help="production or civil days.")] = "production",
    as_of: Annotated[
        str | None, typer.Option(help="As known at this time, or at the end of this day. Default: now.")
    ] = None,
    explain: Explain = False,
    as_json: Json = False,
) -> None:
    """KPI values, each with numerator, denominator, coverage, grade, flags, and why there is none."""
    with faults_reported():
        from collector.kpi_answer import kpi_json
        from collector.kpi_question import KpiQuestion, KpiSelection
        from collector.store.store import reading, store_path
        from config.load import load_site

        settings = load_site(site)
        question = KpiQuestion(period, at, from_, to, kpi or (), scope or (), calendar, as_of)
        selected = KpiSelection(settings, question, time.time_ns() // 1000)
        with reading(store_path(settings.store.url, Path(site).parent)) as connection:
            evaluation = selected.evaluation(connection)
            values = evaluation.values(selected.periods, selected.scopes(evaluation), selected.kpis)
            if explain:
                say_explained(evaluation, Path(site), values, as_json=as_json, leave_out=not kpi)
            elif as_json:
                say_json(kpi_json(values, settings.zone))
            else:
                _say_table(list(values), settings.zone)


def _compared(value: "KpiValue") -> list[str]:
    """The change against the baseline in every form that has a number; misses where they are not the rate itself."""
    from kpi.improvement import Trend

    said = [] if value.improvement is None else [f"{value.improvement:+.1%}"]
    if value.points is not None:
        said.append(f"{value.points:+.1f} points")
    if value.fewer_misses is not None and value.kpi.trend is Trend.HIGHER:
        said.append(f"{-value.fewer_misses:+.1%} misses")
    return [f"{', '.join(said)} against baseline"] if said else []


def _say_table(values: "list[KpiValue]", zone: "ZoneInfo") -> None:
    from rich.console import Console
    from rich.table import Table

    from kpi.outcome import BY_SETTINGS
    from plant.instant import format_instant

    table = Table(box=None, pad_edge=False)
    for heading in ("period", "scope", "KPI", "value", "unit", "coverage", "grade", "remarks"):
        table.add_column(heading, justify="right" if heading in ("value", "coverage") else "left", no_wrap=True)
    for value in values:
        found = value.outcome
        if found.reason in BY_SETTINGS:
            continue
        remarks = [found.reason.value] if found.reason else []
        remarks += [f"at {format_instant(found.at_us, zone)}"] if found.at_us is not None else []
        remarks += sorted(found.flags)
        remarks += _compared(value)
        number = (
            "-" if found.value is None else f"{found.value:,.6g}" if abs(found.value) < 1e5 else f"{found.value:,.2f}"
        )
        row = (value.period.label, value.scope, value.id.value, number, value.unit)
        table.add_row(*row, f"{found.coverage:.3f}", value.grade.value, ", ".join(remarks))
    console = Console(width=200, soft_wrap=True, highlight=False)
    if table.row_count:
        console.print(table)
    say_left_out(values)
    if not values:
        say("no such period: the site file has no shift there")
