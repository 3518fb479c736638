"""p, u and c charts: centre line, limits of each point, what is left out."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.control_chart import FEWEST_POINTS, ChartKind, ControlChart, Limits, NoLimits, Sample, control_chart

ANY = st.none() | st.floats(allow_nan=True, allow_infinity=True)
COUNTED = st.tuples(st.integers(0, 500), st.integers(1, 500))


def samples(*pairs: tuple[float | None, float | None]) -> list[Sample]:
    return [Sample(f"d{at}", count, size) for at, (count, size) in enumerate(pairs)]


def limits(chart: ControlChart, at: int) -> tuple[float, float, float]:
    found = chart.points[at].limits
    assert found is not None
    return found.sigma, found.lower, found.upper


def test_p_chart_has_the_ratio_of_sums_as_centre_and_wider_limits_for_smaller_samples() -> None:
    # (2 + 38) / (100 + 300) = 0.1; the mean of 0.02 and 0.12667 is 0.0733
    chart = control_chart(ChartKind.P, samples((2, 100), (38, 300)))
    assert chart.centre == pytest.approx(0.1)
    # sqrt(0.1 x 0.9 / 100) = 0.03: 0.1 - 0.09, 0.1 + 0.09; sqrt(0.1 x 0.9 / 300) = 0.0173205
    assert limits(chart, 0) == pytest.approx((0.03, 0.01, 0.19))
    assert limits(chart, 1) == pytest.approx((0.0173205, 0.0480385, 0.1519615), abs=1e-7)
    assert [point.value for point in chart.points] == [0.02, 38 / 300]


def test_u_chart_is_of_defects_a_unit_which_may_be_above_one() -> None:
    chart = control_chart(ChartKind.U, samples((30, 20), (60, 25)))
    assert chart.centre == 2.0
    # sqrt(2 / 20) = 0.316228, 3 sigma 0.948683
    assert limits(chart, 0) == pytest.approx((0.316228, 1.051317, 2.948683), abs=1e-6)
    assert chart.points[1].value == 2.4


def test_c_chart_counts_defects_of_samples_of_one_size() -> None:
    chart = control_chart(ChartKind.C, samples((12, None), (20, 50), (16, 50)))
    assert chart.centre == 16.0
    assert limits(chart, 0) == (4.0, 4.0, 28.0)
    assert [point.value for point in chart.points] == [12.0, 20.0, 16.0]


def test_a_c_chart_of_samples_of_different_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="u chart"):
        control_chart(ChartKind.C, samples((12, 50), (20, 60)))
    assert control_chart(ChartKind.C, samples((12, 50), (20, 0))).left_out == ("d1",)


def test_lower_limits_are_cut_at_zero_and_upper_ones_of_a_share_at_one() -> None:
    assert limits(control_chart(ChartKind.P, samples((1, 10)), 0.1), 0)[1] == 0.0
    assert limits(control_chart(ChartKind.P, samples((9, 10)), 0.9), 0)[2] == 1.0
    assert limits(control_chart(ChartKind.U, samples((9, 10)), 0.9), 0)[1:] == pytest.approx((0.0, 1.8))
    assert limits(control_chart(ChartKind.C, samples((4, None)), 4.0), 0)[1:] == (0.0, 10.0)


@pytest.mark.parametrize("pair", [(None, 10), (1, None), (1, 0), (1, -5), (1, float("nan")), (float("inf"), 10)])
def test_samples_without_count_or_size_are_left_out_and_listed(pair: tuple[float | None, float | None]) -> None:
    chart = control_chart(ChartKind.P, samples((1, 10), pair, (3, 10)))
    assert chart.left_out == ("d1",)
    assert [point.label for point in chart.points] == ["d0", "d2"]
    assert chart.centre == 0.2


def test_a_frozen_centre_line_is_used_whatever_the_points_say() -> None:
    chart = control_chart(ChartKind.P, samples((50, 100)), centre=0.1)
    assert (chart.centre, chart.provisional) == (0.1, False)
    assert limits(chart, 0) == pytest.approx((0.03, 0.01, 0.19))


def test_limits_from_fewer_than_twenty_points_are_provisional() -> None:
    assert FEWEST_POINTS == 20
    assert control_chart(ChartKind.P, samples(*[(1, 10)] * 19, (1, None))).provisional
    assert not control_chart(ChartKind.P, samples(*[(1, 10)] * 20)).provisional


def test_without_points_there_is_no_centre() -> None:
    chart = control_chart(ChartKind.U, [])
    assert chart == ControlChart(ChartKind.U, None, (), True, (), NoLimits.NO_POINTS)
    assert control_chart(ChartKind.U, [], centre=1.0).reason is None


@pytest.mark.parametrize(
    ("kind", "centre"), [(ChartKind.P, 1.1), (ChartKind.P, -0.1), (ChartKind.U, -0.1), (ChartKind.C, float("nan"))]
)
def test_a_centre_line_that_no_count_can_have_gives_no_limits(kind: ChartKind, centre: float) -> None:
    chart = control_chart(kind, samples((1, 10)), centre)
    assert (chart.centre, chart.reason) == (None, NoLimits.IMPOSSIBLE_CENTRE)
    assert chart.points[0].limits is None


@pytest.mark.parametrize("count", [0.0, 10.0])
def test_all_or_nothing_defective_has_limits_without_width(count: float) -> None:
    chart = control_chart(ChartKind.P, samples((count, 10), (count, 10)))
    assert chart.points[0].limits == Limits(0.0, count / 10, count / 10)


def test_corrections_below_zero_stay_on_the_chart() -> None:
    chart = control_chart(ChartKind.P, samples((-1, 10), (3, 10)))
    assert (chart.centre, chart.points[0].value) == (0.1, -0.1)


def test_limits_too_large_for_a_number_are_absent() -> None:
    assert control_chart(ChartKind.U, samples((0, 1e-300)), centre=1e300).points[0].limits is None


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.sampled_from([ChartKind.P, ChartKind.U]), st.lists(COUNTED, min_size=1, max_size=30))
def test_the_order_of_samples_moves_no_line(kind: ChartKind, pairs: list[tuple[int, int]]) -> None:
    pairs = [(min(pair), max(pair)) for pair in pairs]
    straight = control_chart(kind, samples(*pairs))
    turned = control_chart(kind, samples(*reversed(pairs)))
    assert straight.centre == turned.centre
    assert [point.limits for point in straight.points] == [point.limits for point in reversed(turned.points)]
    for point in straight.points:
        assert point.limits is not None
        assert straight.centre is not None
        assert 0 <= point.limits.lower <= straight.centre <= point.limits.upper


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.sampled_from([ChartKind.P, ChartKind.U]), st.lists(st.tuples(ANY, ANY), max_size=12), ANY)
def test_no_input_gives_nan_or_infinity(
    kind: ChartKind, pairs: list[tuple[float | None, float | None]], centre: float | None
) -> None:
    chart = control_chart(kind, samples(*pairs), centre)
    assert len(chart.points) + len(chart.left_out) == len(pairs)
    assert (chart.centre is None) == (chart.reason is not None)
    numbers = [chart.centre or 0.0, *(point.value for point in chart.points)]
    for point in chart.points:
        numbers += [point.limits.sigma, point.limits.lower, point.limits.upper] if point.limits else []
    assert all(isfinite(number) for number in numbers)
