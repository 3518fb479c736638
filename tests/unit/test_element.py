"""Elements: sums that know how much of them is known."""

import pytest

from kpi.element import Element, Grade, combination, grade, total


@pytest.mark.parametrize(
    ("coverage", "wanted"),
    [(1.0, Grade.GOOD), (0.95, Grade.GOOD), (0.9499, Grade.PARTIAL), (0.8, Grade.PARTIAL), (0.7999, Grade.LOW)],
)
def test_grades_begin_at_their_bound(coverage: float, wanted: Grade) -> None:
    assert grade(coverage) is wanted


def test_an_element_of_several_tags_has_the_mean_of_their_coverages() -> None:
    found = total([Element(1.0, (1.0, 0.4)), Element(2.0, (0.4,), frozenset({"clock"}))])
    assert found == Element(3.0, (1.0, 0.4, 0.4), frozenset({"clock"}))
    assert found.coverage == pytest.approx(0.6)


def test_what_never_read_adds_nothing_and_counts_as_unknown() -> None:
    found = total([Element(4.0, (1.0,)), Element(None, (0.0,))])
    assert (found.value, found.coverage) == (4.0, 0.5)


def test_nothing_is_known_of_nothing() -> None:
    assert total([]) == Element(None, ())
    assert total([]).coverage == 0
    assert total([Element(None, (0.0,))]).value is None


def test_differences_keep_coverage_and_flags_of_all_terms() -> None:
    found = combination([(1.0, Element(9.0, (1.0,))), (-1.0, Element(4.0, (0.5,), frozenset({"manual"})))])
    assert found == Element(5.0, (1.0, 0.5), frozenset({"manual"}))
