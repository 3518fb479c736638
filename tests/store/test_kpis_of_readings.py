"""Do KPIs depend on nothing but readings and hand counts: not on their order of arrival, nor on where time is cut?"""

import math
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.evaluation import Evaluation
from collector.store import changes, elements
from collector.store.orders import save_quantities
from collector.store.readings import merge
from collector.store.store import reading, transaction, writing
from collector.store.tags import register, text_ids
from config.load import load_site
from config.site import Site
from kpi.outcome import Outcome
from kpi.value import KpiValue
from plant.instant import parse_instant
from plant.kpi_id import KpiId
from plant.period import Period, PeriodKind, periods, range_period
from plant.quantity import Quantity
from plant.reading import Readings, sound
from plant.status_code import BAD, GOOD, UNCERTAIN

SITE = """
plant: {id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}
calendar: {country: KR}
energy: {tariff: kepco-industrial-gap2-hv-a1, emission_factor_t_per_mwh: 0.4173}
shifts:
  - {name: day, start: 08:00, end: 20:00, breaks: [12:00-13:00]}
  - {name: night, start: 20:00, end: 08:00, work_units: [press1]}
work_units:
  press1: {planned_run_time_s: 20, opportunities_per_unit: 3}
  press2: {planned_run_time_s: 40}
  bench: {planned_run_time_s: 70, opportunities_per_unit: 2}
route: [press1, bench]
products:
  A: {planned_run_time_s: 60}
devices:
  - id: machines
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: p.good, work_unit: press1, role: good_count, restarts: shift, max_rate: 600, modulus: 1000,
         swap_tolerance: 5, node: s=1}
      - {name: p.scrap, work_unit: press1, role: scrap_count, node: s=2}
      - {name: p.state, work_unit: press1, role: state, node: s=3}
      - {name: p.product, work_unit: press1, role: product_id, node: s=4}
      - {name: p.kwh, work_unit: press1, role: energy_import, use_uncertain: true, max_hold_s: 7200, node: s=5}
      - {name: p.kw, work_unit: press1, role: power, max_hold_s: 3600, node: s=6}
      - {name: q.produced, work_unit: press2, role: produced_count, restarts: job, node: s=7}
      - {name: q.good, work_unit: press2, role: good_count, node: s=8}
      - {name: q.order, work_unit: press2, role: order_id, node: s=9}
      - {name: q.state, work_unit: press2, role: state, max_hold_s: 14400, node: s=10}
      - {name: m.kwh, work_unit: plant, role: energy_import, node: s=11}
      - {name: m.kvarh, work_unit: plant, role: reactive_import, node: s=12}
"""
START_US = parse_instant("2025-10-30T08:00:00+09:00")
MIN_US = 60_000_000
DAYS = 3
DAY_MIN = 24 * 60
NOW_US = START_US + DAYS * DAY_MIN * MIN_US
TEXTS = ("A", "B", "C")
Row = tuple[int, float, int]
Content = dict[str, list[Row]]

minutes = st.one_of(st.integers(-600, DAYS * DAY_MIN), st.sampled_from([day * DAY_MIN for day in range(DAYS + 1)]))
several = st.lists(minutes, max_size=16, unique=True).map(sorted)
statuses = st.sampled_from((GOOD, GOOD, GOOD, GOOD, GOOD, BAD, UNCERTAIN))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    path = tmp_path_factory.mktemp("site") / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    return load_site(path)


@st.composite
def counted(draw: st.DrawFn) -> list[Row]:
    value, rows = draw(st.integers(0, 999)), []
    for at in draw(several):
        value = draw(st.one_of(st.integers(value, value + 100), st.integers(value, value + 100), st.integers(0, 999)))
        rows.append((at, float(value), draw(statuses)))
    return rows


def one_of(most: int) -> st.SearchStrategy[list[Row]]:
    return st.lists(
        st.tuples(minutes, st.integers(0, most).map(float), statuses), max_size=16, unique_by=lambda row: row[0]
    ).map(sorted)


amounts = st.none() | st.integers(-5, 200).map(float)
by_hand = st.lists(
    st.tuples(
        minutes,
        st.sampled_from(("press1", "press2", "bench", "plant")),
        st.tuples(amounts, amounts, amounts, amounts, amounts),
        st.sampled_from((None, "A", "Z")),
        st.sampled_from((None, "B")),
        st.sampled_from((None, "dent")),
    ),
    max_size=12,
).map(lambda rows: [quantity(f"id:{number}", *row) for number, row in enumerate(rows)])

contents = st.fixed_dictionaries(
    {
        **{name: counted() for name in ("p.good", "p.scrap", "p.kwh", "q.produced", "q.good", "m.kwh", "m.kvarh")},
        **{name: one_of(4) for name in ("p.state", "q.state")},
        **{name: one_of(2) for name in ("p.product", "q.order")},
        "p.kw": one_of(90),
    }
)


def quantity(
    key: str,
    at: int,
    unit: str,
    counted: tuple[float | None, ...],
    product: str | None,
    order: str | None,
    reason: str | None,
) -> Quantity:
    """A row of a hand count: produced, good, scrap, rework and inspected pieces."""
    return Quantity(key, START_US + at * MIN_US, unit, *counted, product=product, order=order, reason=reason)


def readings_of(rows: Sequence[Row], received_us: int) -> Readings:
    times = np.array([START_US + at * MIN_US for at, _, _ in rows], dtype=np.int64)
    values, status = sound(
        np.array([value for _, value, _ in rows], dtype=np.float64),
        np.array([code for _, _, code in rows], dtype=np.uint32),
    )
    received = np.full(len(rows), received_us, dtype=np.int64)
    return Readings(times, values, status, received, np.zeros(len(rows), dtype=np.int64))


def stored(site: Site, folder: Path, imports: Sequence[Content], counts: Sequence[Quantity]) -> Path:
    """A store into which hand counts and some files of readings went, one after the other."""
    path = folder / f"plant{next(_NUMBERS)}.db"
    with writing(path) as connection:
        with transaction(connection):
            tags = register(connection, [(d.id, one.tag()) for d in site.devices for one in d.tags])
            ids = text_ids(connection, TEXTS)
            save_quantities(connection, counts, NOW_US - 100)
        for at, content in enumerate(imports):
            with transaction(connection):
                for name, rows in content.items():
                    if name in ("p.product", "q.order"):
                        rows = [(minute, float(ids[TEXTS[int(value)]]), code) for minute, value, code in rows]
                    merge(connection, tags[name].id, readings_of(rows, NOW_US - 100 + at))
    return path


_NUMBERS = count()


def worked_out(site: Site, path: Path, asked: Sequence[Period], scopes: Sequence[str]) -> list[KpiValue]:
    with reading(path) as connection:
        return list(Evaluation(connection, site, site.clock(), NOW_US).values(asked, scopes, list(KpiId)))


def days(site: Site, kind: PeriodKind = PeriodKind.DAY) -> list[Period]:
    if kind is PeriodKind.SHIFT:
        return site.shift_calendar().periods(START_US, NOW_US)
    return list(periods(kind, START_US, NOW_US, site.clock()))


SCOPES = ("plant", "press1", "press2", "bench", "product:A", "order:B")


@given(contents, by_hand, st.data())
@settings(max_examples=6, deadline=None)
def test_readings_that_come_in_parts_in_any_order_and_twice_give_the_same_kpis(
    site: Site, content: Content, counts: list[Quantity], data: st.DataObject
) -> None:
    parts: list[Content] = [{}, {}, {}]
    for name, rows in content.items():
        for row in data.draw(st.permutations(rows)):
            for at in data.draw(st.sets(st.integers(0, 2), min_size=1)):
                parts[at].setdefault(name, []).append(row)
    with TemporaryDirectory() as folder:
        turned = data.draw(st.permutations(counts))
        at_once = stored(site, Path(folder), [content], counts)
        in_parts = stored(site, Path(folder), parts, [*turned, *turned])
        asked = [*days(site), *days(site, PeriodKind.SHIFT)]
        assert worked_out(site, in_parts, asked, SCOPES) == worked_out(site, at_once, asked, SCOPES)


SUMS = {
    KpiId.PRODUCED_QUANTITY,
    KpiId.GOOD_QUANTITY,
    KpiId.ENERGY,
    KpiId.EMISSIONS,
    KpiId.ENERGY_COST,
    KpiId.MICRO_STOPS,
    KpiId.UNPLANNED_PRODUCTION_TIME,
}
RATIOS = {
    KpiId.QUALITY_RATIO,
    KpiId.SCRAP_RATIO,
    KpiId.DEFECT_RATE,
    KpiId.IDLE_ENERGY_SHARE,
    KpiId.AVAILABILITY,
    KpiId.EFFECTIVENESS,
    KpiId.OEE,
    KpiId.MTBF,
    KpiId.MTTR,
    KpiId.UTILISATION_EFFICIENCY,
    KpiId.ALLOCATION_EFFICIENCY,
    KpiId.TECHNICAL_EFFICIENCY,
    KpiId.SETUP_RATIO,
    KpiId.THROUGHPUT_RATE,
}


@given(contents, by_hand)
@settings(max_examples=6, deadline=None)
def test_days_add_up_to_the_whole_and_so_do_shifts_that_follow_on_one_another(
    site: Site, content: Content, counts: list[Quantity]
) -> None:
    whole = range_period(START_US, NOW_US, site.clock())
    with TemporaryDirectory() as folder:
        path = stored(site, Path(folder), [content], counts)
        for scope in SCOPES:
            found = {value.id: value.outcome for value in worked_out(site, path, [whole], [scope])}
            add_up(worked_out(site, path, days(site), [scope]), found)
            if scope == "press1":  # the planned time of press2 has holes between its shifts
                add_up(worked_out(site, path, days(site, PeriodKind.SHIFT), [scope]), found)


def add_up(parts: Sequence[KpiValue], whole: dict[KpiId, Outcome]) -> None:
    for kpi in SUMS | RATIOS:
        outcomes = [value.outcome for value in parts if value.id is kpi]
        if kpi is KpiId.ENERGY_COST and any(one.value is None for one in outcomes):
            continue  # of a day without any reading nothing is priced, though a step over it may have a price
        added = math.fsum(one.numerator or 0.0 for one in outcomes)
        assert added == pytest.approx(whole[kpi].numerator or 0.0, abs=1e-6), kpi
        if kpi in RATIOS:
            added = math.fsum(one.denominator or 0.0 for one in outcomes)
            assert added == pytest.approx(whole[kpi].denominator or 0.0, abs=1e-6), kpi
        assert frozenset[str]().union(*(one.flags for one in outcomes)) >= whole[kpi].flags - {"suspect", "unbalanced"}


@given(contents, by_hand, st.sets(st.integers(0, DAYS - 1), min_size=1))
@settings(max_examples=6, deadline=None)
def test_days_that_are_kept_give_what_readings_give(
    site: Site, content: Content, counts: list[Quantity], which: set[int]
) -> None:
    asked = [*days(site), range_period(START_US, NOW_US, site.clock())]
    with TemporaryDirectory() as folder:
        path = stored(site, Path(folder), [content], counts)
        plain = worked_out(site, path, asked, SCOPES)
        keep(site, path, [days(site)[at] for at in sorted(which)])
        same_values(worked_out(site, path, asked, SCOPES), plain)


def keep(site: Site, path: Path, some: Sequence[Period]) -> None:
    bounds = [(day.start_us, day.end_us) for day in some]
    with reading(path) as connection:
        records, seen = Evaluation(connection, site, site.clock(), NOW_US).records, changes.newest(connection)
        found = {unit: list(records.stretch_records(unit, bounds)) for unit in ("plant", "press1", "press2")}
    with writing(path) as connection, transaction(connection):
        for unit, days_of_unit in found.items():
            under = [records.settings(unit, *one) for one in bounds]
            assert elements.keep(connection, unit, zip(bounds, under, days_of_unit, strict=True), seen) == len(bounds)


def numbers(value: KpiValue) -> Iterator[float | None]:
    found = value.outcome
    yield from (found.value, found.numerator, found.denominator, found.coverage)


def same_values(ours: Sequence[KpiValue], theirs: Sequence[KpiValue]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        where = (one.scope, one.period.label, one.id)
        assert list(numbers(one)) == pytest.approx(list(numbers(other)), abs=1e-9), where
        ends = ("flags", "reason", "at_us")
        assert [getattr(one.outcome, end) for end in ends] == [getattr(other.outcome, end) for end in ends], where


@given(contents, by_hand)
@settings(max_examples=6, deadline=None)
def test_no_readings_give_a_value_that_is_no_number_or_a_null_without_a_reason(
    site: Site, content: Content, counts: list[Quantity]
) -> None:
    with TemporaryDirectory() as folder:
        path = stored(site, Path(folder), [content], counts)
        kinds = (PeriodKind.DAY, PeriodKind.SHIFT, PeriodKind.MONTH, PeriodKind.WEEK)
        asked = [period for kind in kinds for period in days(site, kind)]
        for value in worked_out(site, path, asked, SCOPES):
            assert all(one is None or math.isfinite(one) for one in numbers(value)), value
            assert (value.outcome.value is None) == (value.outcome.reason is not None), value
            assert 0 <= value.outcome.coverage <= 1 + 1e-12
