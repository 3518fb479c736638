"""Shares of a total by cause."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.pareto import Share, pareto

NAMES = st.none() | st.sampled_from(["dent", "scratch", "crack", ""])


def test_largest_first_with_share_and_what_it_is_with_all_before() -> None:
    # 50 + 30 + 20 = 100
    assert pareto([("b", 30), ("a", 50), ("c", 20)]) == (
        Share("a", 50, 0.5, 0.5),
        Share("b", 30, 0.3, 0.8),
        Share("c", 20, 0.2, 1.0),
    )


def test_equal_amounts_are_in_the_order_of_names_and_no_name_comes_last() -> None:
    assert [found.name for found in pareto([(None, 5), ("b", 5), ("a", 5), ("c", 6)])] == ["c", "a", "b", None]


def test_amounts_without_a_cause_are_shown_and_take_their_place() -> None:
    assert pareto([("a", 1), (None, 3)])[0] == Share(None, 3, 0.75, 0.75)


def test_no_name_is_not_an_empty_name() -> None:
    assert [found.name for found in pareto([(None, 1), ("", 1)])] == ["", None]


def test_corrections_are_taken_off_and_a_cause_below_zero_stays() -> None:
    # a: 10 - 2 = 8, b: -3; total 5
    assert pareto([("a", 10), ("b", -3), ("a", -2)]) == (Share("a", 8, 1.6, 1.6), Share("b", -3, -0.6, 1.0))


@pytest.mark.parametrize("amounts", [[0.0, 0.0], [2.0, -5.0], [3.0, -3.0], [0.1, 0.2, -0.3], [1e308, 1e308]])
def test_a_total_that_is_not_above_zero_has_no_shares(amounts: list[float]) -> None:
    rows = [(f"c{at}", amount) for at, amount in enumerate(amounts)]
    assert {(found.share, found.cumulated) for found in pareto(rows)} == {(None, None)}


def test_nothing_gives_nothing() -> None:
    assert pareto([]) == ()


@pytest.mark.parametrize("amount", [float("nan"), float("inf")])
def test_what_is_no_amount_is_refused_by_name(amount: float) -> None:
    with pytest.raises(ValueError, match="not a finite amount: dent, None"):
        pareto([("dent", amount), (None, amount), ("scratch", 1.0)])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.tuples(NAMES, st.integers(-50, 200)), max_size=20))
def test_shares_add_up_and_the_order_of_rows_changes_nothing(rows: list[tuple[str | None, float]]) -> None:
    found = pareto(rows)
    assert found == pareto(reversed(rows))
    assert {one.name for one in found} == {name for name, _ in rows}
    assert sum(one.amount for one in found) == sum(amount for _, amount in rows)
    assert [one.amount for one in found] == sorted((one.amount for one in found), reverse=True)
    if sum(amount for _, amount in rows) > 0:
        assert sum(one.share or 0.0 for one in found) == pytest.approx(1.0)
        assert found[-1].cumulated == 1.0


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.tuples(NAMES, st.floats(-1e307, 1e307)), max_size=12))
def test_no_amount_gives_nan_or_infinity(rows: list[tuple[str | None, float]]) -> None:
    for one in pareto(rows):
        assert all(number is None or isfinite(number) for number in (one.amount, one.share, one.cumulated))
