"""Equipment formulas against sums worked out by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_runs_of import model

from kpi import equipment
from kpi.element import Element
from kpi.equipment import LossTree
from kpi.equipment_use import EquipmentUse, together, use_of
from kpi.outcome import Outcome, Reason

Formula = Callable[[Sequence[EquipmentUse]], Outcome]

OF_STATE: tuple[Formula, ...] = (
    equipment.availability,
    equipment.mtbf,
    equipment.mttr,
    equipment.utilisation_efficiency,
    equipment.technical_efficiency,
    equipment.allocation_efficiency,
    equipment.setup_ratio,
)
OF_RUN_TIME: tuple[Formula, ...] = (
    equipment.effectiveness,
    equipment.oee,
    equipment.net_equipment_effectiveness,
)
ALL: tuple[Formula, ...] = (*OF_STATE, *OF_RUN_TIME, equipment.throughput_rate)


def counted(value: float | None, coverage: float = 1.0, *flags: str) -> Element:
    return Element(value, (coverage,), frozenset(flags))


# 100 min: 60 executing, 10 setup, 12 + 8 out of service, 6 + 4 not executing. 3000 pieces of 1 s each, 2700 good.
HUNDRED = use_of(
    model("E" * 30 + "S" * 10 + "O" * 12 + "N" * 6 + "E" * 20 + "O" * 8 + "E" * 5 + "N" * 4 + "E" * 5),
    produced=counted(3000),
    planned_run_s=counted(3000),
    good_run_s=counted(2700),
)
UNPLANNED_DAY = use_of(model("EE", ".."), produced=counted(0.0), planned_run_s=counted(0.0), good_run_s=counted(0.0))


@pytest.mark.parametrize(
    ("formula", "numerator", "denominator"),
    [
        (equipment.availability, 3600, 6000),
        (equipment.effectiveness, 3000, 3600),
        (equipment.oee, 2700, 6000),
        (equipment.net_equipment_effectiveness, 4200 * 2700, 6000 * 3600),
        (equipment.mtbf, 4200, 2),
        (equipment.mttr, 1200, 2),
        (equipment.utilisation_efficiency, 3600, 5400),
        (equipment.technical_efficiency, 3600, 4800),
        (equipment.allocation_efficiency, 5400, 6000),
        (equipment.setup_ratio, 600, 4200),
        (equipment.throughput_rate, 3000, 1.5),
    ],
)
def test_formulas_by_hand(formula: Formula, numerator: float, denominator: float) -> None:
    found = formula([HUNDRED])
    assert (found.numerator, found.denominator) == (numerator, denominator)
    assert found.value == numerator / denominator
    assert (found.coverage, found.flags, found.reason) == (1, frozenset(), None)


def test_the_worked_shift_of_480_minutes() -> None:
    # 60 min of breaks, 47 min of stops, 1.0 s a piece, 19271 made of which 423 rejected.
    states = "E" * 120 + "N" * 30 + "E" * 90 + "N" * 60 + "E" * 163 + "N" * 17
    time = model(states, "p" * 240 + "." * 60 + "p" * 180)
    shift = use_of(time, produced=counted(19271), planned_run_s=counted(19271.0), good_run_s=counted(18848.0))
    assert (shift.pbt_s, shift.apt_s) == (420 * 60, 373 * 60)
    values = [equipment.availability([shift]).value, equipment.effectiveness([shift]).value, 18848 / 19271]
    assert [round(100 * value, 2) for value in values if value] == [88.81, 86.11, 97.8]
    oee = equipment.oee([shift]).value
    assert oee is not None
    assert round(100 * oee, 2) == 74.79
    assert oee == pytest.approx((values[0] or 0) * (values[1] or 0) * values[2])


def test_net_effectiveness_is_the_product_of_its_three_factors() -> None:
    found = equipment.net_equipment_effectiveness([HUNDRED]).value
    assert found == pytest.approx(4200 / 6000 * (3000 / 3600) * (2700 / 3000))


def test_ratios_of_several_work_units_are_sums_over_sums() -> None:
    fast = use_of(model("E" * 10), produced=counted(600), planned_run_s=counted(600), good_run_s=counted(600))
    found = equipment.availability([HUNDRED, fast])
    assert (found.numerator, found.denominator) == (3600 + 600, 6000 + 600)
    assert equipment.oee([HUNDRED, fast]).value == 3300 / 6600
    assert equipment.mtbf([HUNDRED, fast]).value == 4800 / 2


@pytest.mark.parametrize("formula", ALL)
def test_a_site_without_shifts_has_no_calendar(formula: Formula) -> None:
    assert formula([EquipmentUse(None), EquipmentUse(None, has_state=True)]) == Outcome(None, reason=Reason.NO_CALENDAR)


@pytest.mark.parametrize("formula", ALL)
def test_without_work_units_tags_or_counters_there_is_no_source(formula: Formula) -> None:
    assert formula([]).reason is Reason.NO_SOURCE
    assert formula([EquipmentUse(6000.0)]).reason is Reason.NO_SOURCE


@pytest.mark.parametrize("formula", [*OF_RUN_TIME, equipment.throughput_rate])
def test_a_state_alone_is_no_source_of_pieces(formula: Formula) -> None:
    assert formula([use_of(model("EE"))]).reason is Reason.NO_SOURCE


@pytest.mark.parametrize("formula", OF_RUN_TIME)
def test_pieces_without_a_planned_run_time_say_so(formula: Formula) -> None:
    unit = use_of(model("EE"), produced=counted(5), lacks_run_time=True)
    assert formula([unit]).reason is Reason.NO_PLANNED_RUN_TIME
    assert formula([unit, EquipmentUse(60.0)]).reason is Reason.NO_PLANNED_RUN_TIME


def test_pieces_per_hour_need_no_planned_run_time() -> None:
    unit = use_of(model("EE"), produced=counted(5), lacks_run_time=True)
    assert equipment.throughput_rate([unit]).value == pytest.approx(150)
    assert equipment.throughput_rate([replace(unit, produced=None)]).reason is Reason.NO_SOURCE


def test_a_lack_of_a_state_comes_before_that_of_a_run_time() -> None:
    unit = EquipmentUse(60.0, produced=counted(5), lacks_run_time=True)
    assert equipment.effectiveness([unit]).reason is Reason.NO_SOURCE
    assert equipment.oee([unit]).reason is Reason.NO_PLANNED_RUN_TIME


def test_a_work_unit_that_lacks_one_side_counts_in_neither() -> None:
    stateless = EquipmentUse(1000.0, planned_run_s=counted(500), good_run_s=counted(400))
    pieceless = use_of(model("E" * 10))
    units = [HUNDRED, stateless, pieceless]
    assert equipment.availability(units).denominator == 6000 + 600
    assert (equipment.effectiveness(units).numerator, equipment.effectiveness(units).denominator) == (3000, 3600)
    assert (equipment.oee(units).numerator, equipment.oee(units).denominator) == (2700 + 400, 6000 + 1000)


def test_oee_needs_no_state() -> None:
    found = equipment.oee([EquipmentUse(1000.0, good_run_s=counted(400, 0.9))])
    assert (found.value, found.coverage) == (0.4, 0.9)
    silent = use_of(model("." * 10), good_run_s=counted(300))
    assert equipment.oee([silent]).value == 0.5


@pytest.mark.parametrize("formula", ALL)
def test_without_planned_time_there_is_no_denominator(formula: Formula) -> None:
    found = formula([UNPLANNED_DAY])
    assert (found.value, found.reason) == (None, Reason.NO_DENOMINATOR)


@pytest.mark.parametrize("formula", ALL)
def test_a_work_unit_that_is_not_planned_changes_nothing(formula: Formula) -> None:
    idle = replace(UNPLANNED_DAY, good_run_s=Element(None, (0.0,)), planned_run_s=Element(None, (0.0,)))
    assert formula([HUNDRED, idle]) == formula([HUNDRED])


@pytest.mark.parametrize("formula", [*OF_STATE, equipment.effectiveness])
def test_with_too_little_known_numerator_and_denominator_are_kept(formula: Formula) -> None:
    time = model("E" * 60 + "S" * 4 + "O" * 5 + "E" * 10 + "." * 21)
    found = formula([use_of(time, planned_run_s=counted(4000), good_run_s=counted(3900))])
    assert (found.value, found.reason, found.coverage) == (None, Reason.LOW_COVERAGE, pytest.approx(0.79))
    assert found.numerator is not None
    assert found.denominator


def test_a_work_unit_without_readings_lowers_the_coverage() -> None:
    silent = use_of(model("." * 100))
    found = equipment.availability([HUNDRED, silent])
    assert (found.coverage, found.reason) == (0.5, Reason.LOW_COVERAGE)
    assert (found.numerator, found.denominator) == (3600, 12000)


def test_without_any_reading_of_the_state_there_is_no_numerator() -> None:
    found = equipment.availability([use_of(model("." * 100))])
    assert (found.numerator, found.denominator, found.reason) == (None, 6000, Reason.LOW_COVERAGE)
    assert equipment.mttr([use_of(model("." * 100))]).denominator is None


def test_the_coverage_of_a_ratio_is_the_lowest_of_its_elements() -> None:
    unit = replace(HUNDRED, planned_run_s=counted(3000, 0.85), good_run_s=counted(2700, 0.7))
    assert equipment.effectiveness([unit]).coverage == 0.85
    found = equipment.oee([unit])
    assert (found.value, found.numerator, found.reason) == (None, 2700, Reason.LOW_COVERAGE)
    net = equipment.net_equipment_effectiveness([replace(HUNDRED, good_run_s=counted(None, 0.0))])
    assert (net.numerator, net.denominator, net.reason) == (None, 6000 * 3600, Reason.LOW_COVERAGE)


def test_flags_come_from_the_state_and_the_pieces_that_are_used() -> None:
    unit = replace(HUNDRED, flags=frozenset({"clock"}), good_run_s=counted(2700, 1.0, "counter_reset"))
    assert equipment.availability([unit]).flags == {"clock"}
    assert equipment.oee([unit]).flags == {"counter_reset"}
    assert equipment.net_equipment_effectiveness([unit]).flags == {"clock", "counter_reset"}


def test_effectiveness_is_not_clipped_but_an_implausible_one_is_suspect() -> None:
    found = equipment.effectiveness([replace(HUNDRED, planned_run_s=counted(3780))])
    assert (found.value, found.flags) == (1.05, frozenset())
    found = equipment.effectiveness([replace(HUNDRED, planned_run_s=counted(4500))])
    assert (found.value, found.flags) == (1.25, {"suspect"})


def test_without_production_nothing_is_divided_by_it() -> None:
    unit = use_of(model("N" * 10), produced=counted(0), planned_run_s=counted(0), good_run_s=counted(0))
    reasons = {formula([unit]).reason for formula in ALL} - {None}
    assert reasons == {Reason.NO_DENOMINATOR}
    assert equipment.availability([unit]).value == 0
    assert equipment.oee([unit]).value == 0
    assert equipment.net_equipment_effectiveness([unit]).reason is Reason.NO_DENOMINATOR


def test_without_a_failure_the_time_worked_is_kept_as_the_least_there_was_between_two() -> None:
    found = equipment.mtbf([use_of(model("E" * 8 + "S" * 2))])
    assert (found.value, found.numerator, found.denominator) == (None, 600, 0)
    assert found.reason is Reason.NO_DENOMINATOR


def test_an_open_repair_counts_between_failures_and_not_in_the_time_to_repair() -> None:
    unit = use_of(model("E" * 10 + "O" * 5 + "E" * 10 + "O" * 15))
    assert equipment.mtbf([unit]).value == 600
    assert (equipment.mttr([unit]).value, equipment.mttr([unit]).denominator) == (300, 1)


def test_sums_of_states_are_kept_as_lower_bounds() -> None:
    unit = use_of(model("E" * 4 + "NN" + "E" * 2 + "." * 12))
    found = equipment.state_sum([unit, unit], lambda use: use.micro_stops)
    assert (found.value, found.numerator, found.denominator, found.coverage) == (2, 2, None, pytest.approx(0.4))
    assert found.reason is None
    assert equipment.state_sum([unit], lambda use: use.micro_stop_s).value == 120
    assert equipment.state_sum([UNPLANNED_DAY], lambda use: use.unplanned_s).value == 120


def test_sums_of_states_are_absent_without_a_source_or_a_reading() -> None:
    def apt_s(use: EquipmentUse) -> float:
        return use.apt_s

    assert equipment.state_sum([], apt_s).reason is Reason.NO_SOURCE
    assert equipment.state_sum([EquipmentUse(None)], apt_s).reason is Reason.NO_CALENDAR
    found = equipment.state_sum([use_of(model("..."))], apt_s)
    assert (found.value, found.reason) == (None, Reason.LOW_COVERAGE)


def test_the_loss_tree_divides_planned_time() -> None:
    assert equipment.loss_tree([HUNDRED]) == LossTree(6000, 1800, 600, 0, 600, 300, 2700, 1)


def test_a_negative_speed_loss_stays_visible_and_unknown_time_stands_apart() -> None:
    unit = use_of(model("E" * 90 + "." * 10), planned_run_s=counted(5700, 0.95), good_run_s=counted(5600, 0.97))
    tree = equipment.loss_tree([unit])
    assert tree == LossTree(6000, 0, 0, 600, -300, 100, 5600, pytest.approx(0.9))


def test_a_loss_tree_that_cannot_be_told_says_why() -> None:
    assert equipment.loss_tree([use_of(model("E"))]) is Reason.NO_SOURCE
    assert equipment.loss_tree([replace(HUNDRED, planned_run_s=counted(None, 0.0))]) is Reason.LOW_COVERAGE
    assert equipment.loss_tree([replace(HUNDRED, good_run_s=counted(None, 0.0))]) is Reason.LOW_COVERAGE
    assert equipment.loss_tree([EquipmentUse(None)]) is Reason.NO_CALENDAR
    empty = equipment.loss_tree([UNPLANNED_DAY])
    assert isinstance(empty, LossTree)
    assert empty.pbt_s == 0


def test_together_adds_what_there_is() -> None:
    both = together([HUNDRED, EquipmentUse(100.0, produced=counted(7, 0.5), lacks_run_time=True)])
    assert (both.pbt_s, both.apt_s, both.has_state, both.lacks_run_time) == (6100, 3600, True, True)
    assert both.produced == Element(3007, (1.0, 0.5))
    assert both.good_run_s == HUNDRED.good_run_s
    assert (both.failures, both.repairs, both.repair_s) == (2, 2, 1200)
    assert (both.micro_stops, both.micro_stop_s, both.coverages) == (1, 240, (1.0,))
    assert together([]) == EquipmentUse(None)


def test_a_unit_is_what_its_time_model_says() -> None:
    found = use_of(model("EE SS OO N . E", "pp pp pp p p ."), frozenset({"clock"}), lacks_run_time=True)
    times = (found.apt_s, found.setup_s, found.out_of_service_s, found.not_executing_s, found.unknown_s)
    assert times == (120, 120, 120, 60, 60)
    assert (found.unplanned_s, found.coverage, found.flags, found.lacks_run_time) == (60, 0.875, {"clock"}, True)
    assert (found.aupt_s, found.aubt_s) == (240, 360)


SECONDS = st.one_of(st.integers(0, 10**7).map(float), st.floats(0, 1e12))
ELEMENTS = st.one_of(
    st.none(), st.builds(counted, st.one_of(st.none(), st.integers(-(10**9), 10**9).map(float)), st.floats(0, 1))
)
USES = st.builds(
    EquipmentUse,
    pbt_s=st.one_of(st.none(), SECONDS),
    has_state=st.booleans(),
    apt_s=SECONDS,
    setup_s=SECONDS,
    out_of_service_s=SECONDS,
    not_executing_s=SECONDS,
    unknown_s=SECONDS,
    failures=st.integers(0, 5),
    repairs=st.integers(0, 5),
    repair_s=SECONDS,
    coverages=st.one_of(st.just(()), st.tuples(st.floats(0, 1))),
    produced=ELEMENTS,
    planned_run_s=ELEMENTS,
    good_run_s=ELEMENTS,
    lacks_run_time=st.booleans(),
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(USES, max_size=3), st.sampled_from(ALL))
def test_there_is_a_finite_value_or_a_reason_never_both(units: list[EquipmentUse], formula: Formula) -> None:
    found = formula(units)
    assert (found.value is None) == (found.reason is not None)
    numbers = [found.value, found.numerator, found.denominator, found.coverage]
    assert all(abs(number) < float("inf") for number in numbers if number is not None)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(USES, max_size=3))
def test_a_loss_tree_adds_up_to_what_is_known_of_planned_time(units: list[EquipmentUse]) -> None:
    tree = equipment.loss_tree(units)
    if isinstance(tree, Reason):
        return
    parts = [tree.availability_loss_s, tree.setup_loss_s, tree.unknown_s]
    parts += [tree.speed_loss_s, tree.quality_loss_s, tree.fully_productive_s]
    counting = [use for use in units if use.has_state and use.planned_run_s and use.good_run_s]
    planned = [use for use in counting if use.pbt_s] or counting
    states = [
        part
        for use in planned
        for part in (use.apt_s, use.setup_s, use.out_of_service_s, use.not_executing_s, use.unknown_s)
    ]
    assert sum(parts) == pytest.approx(sum(states), abs=1e-3)
