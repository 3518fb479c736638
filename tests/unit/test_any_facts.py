"""Does any input at all, through series, steps, records and elements, bring a KPI to NaN, infinity or an exception?"""

import json
import math
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import S, series_of
from tariff_of import tariff, version

from kpi.billing import billing_demand, power_factor_item
from kpi.catalogue import CATALOGUE
from kpi.counter import Restarting, Steps, counter_steps
from kpi.counter_record import counter_record, joined_counter
from kpi.delivery import DeliveryCount
from kpi.demand import Blocks, blocks, together
from kpi.element import FLAGS, Element
from kpi.energy import EnergyUse, IdleEnergy, MeanPower
from kpi.equipment import LossTree, loss_tree
from kpi.equipment_use import EquipmentUse, use_of
from kpi.gauge_record import gauge_record, joined_gauge
from kpi.kpi import Defects, ElectricityBill, EnergyBaseline, ScopeFacts, TariffTerms
from kpi.order_line import LineResult
from kpi.pieces import PieceCount, completed
from kpi.series import TagSeries
from kpi.state import state_runs
from kpi.time_model import time_model
from kpi.value import Comparison, KpiValue
from plant.intervals import Intervals, intervals
from plant.period import Period, PeriodKind
from plant.status_code import BAD, GOOD, UNCERTAIN
from plant.tag import STANDARD_STATES, CounterRules, Restarts, Role
from plant.tariff import BillingRule, PowerFactorRule

SEOUL = ZoneInfo("Asia/Seoul")
END_S = 7200
NONE = np.empty(0, dtype=np.int64)
PERIOD = Period(PeriodKind.RANGE, "any", 0, END_S * S)

any_number = st.floats(allow_nan=False, allow_infinity=False)
counts = st.one_of(st.integers(0, 100).map(float), st.floats(-(2.0**53), 2.0**53), st.just(0.0))
positive = st.one_of(st.floats(1e-300, 1e300), st.sampled_from((1.0, 1.8, 1e-320, 1e308)))
shares = st.one_of(st.sampled_from((0.0, 0.8, 0.95, 1.0)), st.floats(0, 1))
flags = st.frozensets(st.sampled_from(FLAGS), max_size=2)
seconds = st.integers(0, END_S)
stretches = st.lists(st.tuples(seconds, seconds), max_size=4)
rules = st.builds(
    CounterRules,
    st.sampled_from(Restarts),
    st.none() | st.floats(1e-300, 1e300),
    st.none() | st.floats(1e-300, 1e300),
    st.sampled_from((0.0, 5.0, 1e300)),
    st.sampled_from((1.0, 1e-300, 1e300)),
)


@st.composite
def any_series(draw: st.DrawFn, role: Role, values: st.SearchStrategy[float]) -> TagSeries:
    row = st.tuples(seconds, values, st.sampled_from((GOOD, GOOD, GOOD, BAD, UNCERTAIN)))
    found = [
        (at, math.nan if status == BAD else value, status)
        for at, value, status in sorted(draw(st.lists(row, max_size=12)), key=lambda one: one[0])
    ]
    return series_of(
        list(found),
        draw(rules),
        role=role,
        known=draw(st.sampled_from(("readings", None, (0, END_S)))),
        gaps=[(min(gap), max(gap)) for gap in draw(stretches)],
        max_hold_s=draw(st.none() | st.sampled_from((1e-6, 600.0, 1e9))),
        use_uncertain=draw(st.booleans()),
    )


def set_of(rows: list[tuple[int, int]]) -> Intervals:
    return intervals([(min(row) * S, max(row) * S) for row in rows])


def steps_of(series: TagSeries, shifts: Intervals) -> Steps:
    return counter_steps(series, Restarting(shifts[:, 0], shifts[:, 1]))


def element_of(series: TagSeries, expected: Intervals) -> Element:
    steps = steps_of(series, expected)
    middle, end = END_S * S // 2, END_S * S
    halves = [counter_record(series, steps, *bounds) for bounds in ((0, middle), (middle, end))]
    return joined_counter(halves).element(0, end, expected)


def blocks_of(series: TagSeries) -> Blocks:
    return blocks(series, steps_of(series, intervals([])), 0, END_S * S)


counters = any_series(Role.ENERGY_IMPORT, counts)
measured = st.builds(element_of, counters, stretches.map(set_of))
written = st.builds(Element, st.none() | counts, st.lists(shares, max_size=3).map(tuple), flags)
elements = st.one_of(measured, written)
amounts = ("produced", "good", "scrap", "rework", "inspected", "trial")
units = st.builds(completed, st.dictionaries(st.sampled_from(amounts), elements), st.booleans())
pieces = st.builds(
    PieceCount,
    st.lists(units, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(amounts), elements),
    st.just(()),
    st.booleans(),
)


def mean_of(series: TagSeries) -> MeanPower:
    found = joined_gauge([gauge_record(series, 0, S), gauge_record(series, S, END_S * S)])
    return MeanPower(found.mean, found.known_s / END_S, found.flags)


meters = st.lists(counters.map(blocks_of), min_size=1, max_size=2).map(together)
energy_uses = st.builds(
    EnergyUse,
    st.none() | elements,
    st.none() | elements,
    st.none() | elements,
    st.none() | meters,
    shares,
    st.sampled_from((0.0, 1e-6, float(END_S))),
    st.none() | st.builds(IdleEnergy, elements, counts, st.floats(0, END_S), shares),
    st.lists(any_series(Role.POWER, any_number).map(mean_of), max_size=2).map(tuple),
)


def scaled(element: Element | None, factor: float) -> Element | None:
    if element is None or element.value is None:
        return element
    return Element(element.value * factor, element.coverages, element.flags)


@st.composite
def equipment_uses(draw: st.DrawFn) -> EquipmentUse:
    if draw(st.booleans()):
        return EquipmentUse(draw(st.none() | st.floats(0, END_S)))
    states = draw(any_series(Role.STATE, st.one_of(st.integers(0, 4).map(float), any_number)))
    time = time_model(state_runs(states, 0, END_S * S), STANDARD_STATES, draw(stretches.map(set_of)), (0, END_S * S))
    produced, good, factor = draw(st.none() | elements), draw(st.none() | elements), draw(positive)
    return use_of(
        time,
        draw(flags),
        produced=produced,
        planned_run_s=scaled(produced, factor),
        good_run_s=scaled(good, factor),
        lacks_run_time=draw(st.booleans()),
    )


lines = st.builds(
    LineResult,
    st.just("A"),
    st.none(),
    st.dates(),
    counts,
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    counts,
    counts,
    st.booleans(),
    st.none() | st.booleans(),
    st.none() | st.booleans(),
    st.none() | any_number,
)
deliveries = st.builds(
    DeliveryCount,
    st.lists(lines, max_size=4),
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=4),
    shares,
    shares,
    shares,
)
TERMS = TariffTerms(tariff(version(date(1970, 1, 1))), SEOUL)
RULE = BillingRule(frozenset({1, 7}), floor_ratio=0.3)
FACTOR = PowerFactorRule(frozenset(range(96)), 0.9, 0.6, 0.95, 0.002, 0.002, 30)


def bill_of(active: TagSeries, reactive: TagSeries, kw: float | None, cost: float) -> ElectricityBill:
    found = blocks_of(active)
    item = power_factor_item(cost, found, (FACTOR, blocks_of(reactive)), None, SEOUL)
    return ElectricityBill(billing_demand("2018-07", {"2018-07": kw}, RULE, 400.0), item)


facts = st.builds(
    ScopeFacts,
    pieces,
    energy_uses,
    st.none() | deliveries,
    st.lists(equipment_uses(), max_size=3),
    st.booleans(),
    st.none() | st.floats(0, 1e308),
    st.sampled_from((None, TERMS)),
    st.none() | st.builds(bill_of, counters, counters, st.none() | counts, any_number),
    st.lists(st.tuples(st.just("step"), pieces), max_size=3),
    st.none() | st.builds(Defects, elements, elements, st.none() | elements),
    st.none() | st.builds(EnergyBaseline, elements, st.none() | any_number, shares, st.booleans(), flags),
)
comparisons = st.builds(Comparison, st.none() | any_number, st.none() | any_number, st.none() | st.floats(0, 1e308))


@given(facts, comparisons)
@settings(max_examples=40, deadline=None)
def test_every_kpi_of_any_facts_is_a_number_or_absent_with_a_reason(found: ScopeFacts, against: Comparison) -> None:
    for kpi in CATALOGUE:
        outcome = kpi.outcome(found)
        assert (outcome.value is None) == (outcome.reason is not None), (kpi.id, outcome)
        assert 0 <= outcome.coverage <= 1 + 1e-9, (kpi.id, outcome)
        assert outcome.flags <= set(FLAGS)
        said = KpiValue(kpi, "plant", PERIOD, outcome, against, "KRW", END_S * S).as_json(SEOUL)
        json.dumps(said, allow_nan=False)


@given(st.lists(equipment_uses(), max_size=3))
@settings(deadline=None)
def test_losses_of_any_use_add_up_to_the_planned_time(uses: list[EquipmentUse]) -> None:
    tree = loss_tree(uses)
    if isinstance(tree, LossTree):
        parts = (
            tree.availability_loss_s,
            tree.setup_loss_s,
            tree.unknown_s,
            tree.speed_loss_s,
            tree.quality_loss_s,
            tree.fully_productive_s,
        )
        if all(math.isfinite(part) and abs(part) < 1e9 for part in parts):
            assert math.fsum(parts) == pytest.approx(tree.pbt_s, abs=1e-6)
