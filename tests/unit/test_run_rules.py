"""Run rules: which point completes which rule, and which points make it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.control_chart import ChartKind, Sample, control_chart
from kpi.run_rules import Rule, Violation, violations


def found(*sigmas: float) -> list[tuple[str, int, tuple[int, ...]]]:
    """Violations of a c chart with centre 100, thus sigma 10, whose values are so many sigma from it."""
    samples = [Sample(f"d{at}", 100 + 10 * away) for at, away in enumerate(sigmas)]
    chart = control_chart(ChartKind.C, samples, centre=100.0)
    return [(one.rule.value, one.at, one.involved) for one in violations(chart)]


def test_one_point_beyond_three_sigma_is_enough_and_one_on_the_limit_is_not() -> None:
    assert found(0.0, 3.1, 0.0, -3.1, 0.0) == [("beyond_limit", 1, (1,)), ("beyond_limit", 3, (3,))]
    assert found(3.0, 0.0, -3.0) == []


def test_two_of_three_beyond_two_sigma_are_on_one_side() -> None:
    assert found(2.1, 0.0, 2.1) == [("two_of_three", 2, (0, 2))]
    assert found(-2.1, -2.5) == [("two_of_three", 1, (0, 1))]
    assert found(2.1, 0.0, -2.1) == []
    assert found(2.1, 0.0, 0.0, 2.1) == []
    assert found(2.0, 2.0) == []


def test_the_point_that_completes_two_of_three_counts_itself() -> None:
    assert found(2.1, 2.1, 0.0) == [("two_of_three", 1, (0, 1))]


def test_four_of_five_beyond_one_sigma_are_on_one_side() -> None:
    assert found(1.1, 1.2, -2.0, 1.1, 1.2) == [("four_of_five", 4, (0, 1, 3, 4))]
    assert found(-1.1, -1.2, -1.1, -1.2, 0.0) == [("four_of_five", 3, (0, 1, 2, 3))]
    assert found(1.1, 1.2, -1.1, 1.1, -1.2) == []
    assert found(1.1, 0.0, 0.0, 1.1, 1.2, 1.1) == []


def test_eight_in_a_row_on_one_side_go_on_being_found() -> None:
    side = [0.5, 0.2, 0.5, 0.2, 0.5, 0.2, 0.5, 0.2, 0.5]
    eight, nine = tuple(range(8)), tuple(range(1, 9))
    assert found(*side) == [("eight_on_a_side", 7, eight), ("eight_on_a_side", 8, nine)]
    assert found(*(-away for away in side[:8])) == [("eight_on_a_side", 7, eight)]
    assert found(*side[:7]) == []


def test_a_point_on_the_centre_line_is_on_no_side() -> None:
    assert found(0.5, 0.2, 0.5, 0.2, 0.0, 0.2, 0.5, 0.2, 0.5) == []


def test_six_in_a_row_rise_or_fall_steadily() -> None:
    assert found(-0.9, -0.5, -0.1, 0.3, 0.6, 0.9) == [("six_rising", 5, (0, 1, 2, 3, 4, 5))]
    assert found(0.0, 0.9, 0.6, 0.3, -0.1, -0.5, -0.9) == [("six_falling", 6, (1, 2, 3, 4, 5, 6))]
    assert found(-0.9, -0.5, -0.1, -0.1, 0.6, 0.9) == []
    assert found(-0.5, -0.1, 0.3, 0.6, 0.9) == []


def test_a_point_may_break_several_rules() -> None:
    assert found(2.2, 3.5) == [("beyond_limit", 1, (1,)), ("two_of_three", 1, (0, 1))]


def test_each_point_is_judged_by_the_limits_of_its_own_sample() -> None:
    # p = 0.1: with n = 100 sigma is 0.03, limit 0.19; with n = 25 sigma is 0.06, limit 0.28
    samples = [Sample("many", 20, 100), Sample("few", 5, 25)]
    assert violations(control_chart(ChartKind.P, samples, 0.1)) == (Violation(Rule.BEYOND_LIMIT, 0, (0,)),)


def test_what_no_count_can_be_is_beyond_the_cut_limits() -> None:
    # n = 4, p = 0.5: sigma 0.25, limits cut to 0 and 1; 5 of 4 and -1 of 4 lie exactly 3 sigma away
    samples = [Sample("more than all", 5, 4), Sample("less than none", -1, 4)]
    assert [one.at for one in violations(control_chart(ChartKind.P, samples, 0.5))] == [0, 1]


def test_where_limits_have_no_width_any_other_value_is_beyond() -> None:
    samples = [Sample("good", 0, 10), Sample("bad", 1, 10)]
    assert violations(control_chart(ChartKind.P, samples, 0.0)) == (Violation(Rule.BEYOND_LIMIT, 1, (1,)),)


def test_samples_left_out_do_not_interrupt_a_row() -> None:
    samples = [Sample("a", 125), Sample("b", None), Sample("c", 125)]
    assert violations(control_chart(ChartKind.C, samples, 100.0)) == (Violation(Rule.TWO_OF_THREE, 1, (0, 1)),)


def test_a_chart_without_limits_has_no_violations() -> None:
    assert violations(control_chart(ChartKind.P, [])) == ()
    samples = [Sample(f"d{at}", at, 1e-300) for at in range(3)]
    assert violations(control_chart(ChartKind.U, samples, 1e300)) == ()


def test_values_on_a_line_are_not_put_beyond_it_by_rounding() -> None:
    # 0.1 + 3 x 0.03 is 0.18999999999999997 in binary fractions
    samples = [Sample("a", 19, 100), Sample("b", 1, 100)]
    assert violations(control_chart(ChartKind.P, samples, 0.1)) == ()
    whole = [Sample(f"d{at}", 3, 30) for at in range(8)]
    assert violations(control_chart(ChartKind.P, whole)) == ()


AWAY = st.lists(st.integers(-40, 40).map(lambda tenth: tenth / 10), max_size=25)
MIRRORED = {"six_rising": "six_falling", "six_falling": "six_rising"}


@settings(max_examples=300, derandomize=True, deadline=None)
@given(AWAY)
def test_a_mirrored_chart_has_the_mirrored_violations(sigmas: list[float]) -> None:
    mirrored = [(MIRRORED.get(rule, rule), at, involved) for rule, at, involved in found(*(-away for away in sigmas))]
    assert sorted(mirrored) == sorted(found(*sigmas))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(AWAY, AWAY)
def test_later_points_change_nothing_of_what_was_found_before(before: list[float], after: list[float]) -> None:
    early = [one for one in found(*before, *after) if one[1] < len(before)]
    assert early == found(*before)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(AWAY)
def test_points_involved_end_with_the_point_itself_and_ascend(sigmas: list[float]) -> None:
    for _, at, involved in found(*sigmas):
        assert involved[-1] == at
        assert list(involved) == sorted(set(involved))


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_can_be_found(rule: Rule) -> None:
    seen = found(-0.9, -0.5, -0.1, 0.3, 0.6, 1.1, 2.1, 2.2, 3.1, 2.1, 1.1, 0.9, 0.5, 0.2, -0.4)
    assert rule.value in {name for name, _, _ in seen}
