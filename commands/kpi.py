"""`smartwings kpi SITE`: KPI values with their evidence, over any period, scope and calendar."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.explained import say_explained, say_left_out
from commands.terminal import Json, SiteFile, faults_reported, is_date, refuse, say, say_json, time_option
from plant.kpi_id import KpiId
from plant.period import PeriodKind
from plant.tag import PLANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from collector.evaluation import Evaluation
    from config.site import Site
    from kpi.value import KpiValue
    from plant.period import Clock, Period
    from plant.shift import ShiftCalendar


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
    if calendar not in ("production", "civil"):
        refuse(f"--calendar: must be production or civil, not {calendar!r}")
    with faults_reported():
        from collector.evaluation import Evaluation
        from collector.store.store import reading, store_path
        from config.load import load_site

        settings = load_site(site)
        clock = settings.clock("civil" if calendar == "civil" else "production")
        as_of_us = None if as_of is None else _as_of(as_of, clock)
        now_us = time.time_ns() // 1000 if as_of_us is None else as_of_us
        asked = _periods(settings, clock, now_us, period, at, from_, to, scope)
        with reading(store_path(settings.store.url, Path(site).parent)) as connection:
            evaluation = Evaluation(connection, settings, clock, now_us, as_of_us)
            scopes = _scopes(evaluation, scope)
            values = evaluation.values(asked, scopes, kpi or list(KpiId))
            if explain:
                say_explained(evaluation, Path(site), values, as_json=as_json, leave_out=not kpi)
            elif as_json:
                say_json({"values": [value.as_json(settings.zone) for value in values]})
            else:
                _say_table(list(values), settings.zone)


def _as_of(text: str, clock: "Clock") -> int:
    as_of_us = time_option("--as-of", text, lambda day: clock.day_start(day + timedelta(days=1)))
    end_us = clock.day_start(clock.day_of(as_of_us) + timedelta(days=1))
    if end_us - as_of_us <= 1_000_000:  # whoever writes 23:59:59 means the end of the day
        as_of_us = end_us
    if as_of_us > time.time_ns() // 1000:
        refuse(f"--as-of: must not be in the future; a date alone means the end of that day; not {text!r}")
    return as_of_us


def _scopes(evaluation: "Evaluation", asked: list[str] | None) -> list[str]:
    from config.site import SCOPE

    known = evaluation.scopes()
    for name in asked or ():
        if name not in known and not SCOPE.fullmatch(name):
            refuse(f"--scope: must be one of {', '.join(known)}, product:… or order:…; not {name!r}")
    return list(dict.fromkeys(asked)) if asked else known


def _periods(
    site: "Site",
    clock: "Clock",
    now_us: int,
    kind: PeriodKind,
    at: str | None,
    from_: str | None,
    to: str | None,
    scope: list[str] | None,
) -> "Sequence[Period]":
    from plant.period import range_period

    if (from_ is None and to is not None) or (at is not None and from_ is not None):
        refuse("--to needs --from, and --at goes with neither")
    if kind is PeriodKind.RANGE and from_ is None:
        refuse("--period range needs --from and --to")
    if from_ is None and kind is PeriodKind.SHIFT:
        return _one_shift(site.shift_calendar(), clock, now_us, at, scope)
    if from_ is None:
        return _one_period(site, clock, now_us, kind, at)
    start_us = time_option("--from", from_, clock.day_start)
    end_us = time_option("--to", to, clock.day_start) if to is not None else now_us
    if start_us >= end_us:
        refuse("--to: must be after --from")
    if kind is PeriodKind.RANGE:
        return [range_period(start_us, end_us, clock)]
    return list(_all_periods(site, clock, kind, start_us, end_us))


def _all_periods(site: "Site", clock: "Clock", kind: PeriodKind, start_us: int, end_us: int) -> "Iterable[Period]":
    from plant.period import periods

    if kind is PeriodKind.SHIFT:
        return site.shift_calendar().periods(start_us, end_us)
    return periods(kind, start_us, end_us, clock)


def _one_period(site: "Site", clock: "Clock", now_us: int, kind: PeriodKind, at: str | None) -> "Sequence[Period]":
    if at is not None:
        at_us = time_option("--at", at, clock.day_start)
        return list(_all_periods(site, clock, kind, at_us, at_us + 1))
    open_now = next(iter(_all_periods(site, clock, kind, now_us, now_us + 1)))
    before_us = open_now.start_us - 1
    return list(_all_periods(site, clock, kind, before_us, before_us + 1))


def _one_shift(
    calendar: "ShiftCalendar", clock: "Clock", now_us: int, at: str | None, scope: list[str] | None
) -> "Sequence[Period]":
    """The shift at a time or at the start of a date, else the date's first; by default the last closed. If only work
    units are asked for, those of each."""
    units = scope if scope and all(name != PLANT and ":" not in name for name in scope) else [None]
    found = []
    for unit in units:
        if at is None:
            fortnight_us = 14 * 86400 * 1_000_000
            closed = [one for one in calendar.periods(now_us - fortnight_us, now_us, unit) if one.end_us <= now_us]
            found += sorted(closed, key=lambda one: one.end_us)[-1:]
            continue
        at_us = time_option("--at", at, clock.day_start)
        covering = calendar.periods(at_us, at_us + 1, unit)
        if not covering and is_date(at):
            in_day = calendar.periods(at_us, clock.day_start(clock.day_of(at_us) + timedelta(days=1)), unit)
            covering = [one for one in in_day if one.start_us == in_day[0].start_us]
        found += covering
    labels = {one.label for one in found}
    bounds = min((one.start_us for one in found), default=0), max((one.end_us for one in found), default=0)
    return [one for one in calendar.periods(*bounds) if one.label in labels]


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
