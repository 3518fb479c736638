"""Hand counts: sums and the share of shifts that have a row."""

from kpi.element import Element
from kpi.manual import HandCount
from plant.period import Period, PeriodKind
from plant.quantity import Quantity

SHIFTS = [Period(PeriodKind.SHIFT, f"d/{start}", start, start + 10) for start in (0, 10, 20, 30)]
ALL = frozenset({"produced", "good", "scrap"})


def row(time_us: int, **amounts: float) -> Quantity:
    return Quantity(f"k{time_us}", time_us, "bench", **amounts)  # type: ignore[arg-type]


def test_amounts_are_summed_with_their_corrections() -> None:
    count = HandCount([row(1, good=5), row(2, good=-2), row(3, scrap=1)], [], ALL)
    assert count.element("good") == Element(3.0, (1.0,), frozenset({"manual"}))


def test_what_people_never_count_has_no_source() -> None:
    assert HandCount([row(1, good=5)], [], ALL).element("rework") is None


def test_a_period_without_a_row_has_no_value_and_is_not_known() -> None:
    assert HandCount([], [], ALL).element("good") == Element(None, (0.0,))
    assert HandCount([row(1, scrap=5)], [], ALL).element("good") == Element(None, (0.0,))


def test_a_row_of_zero_is_a_row() -> None:
    assert HandCount([row(1, good=0)], [], ALL).element("good") == Element(0.0, (1.0,), frozenset({"manual"}))


def test_coverage_is_the_share_of_shifts_with_a_row() -> None:
    count = HandCount([row(10, good=5), row(11, good=1), row(12, good=1)], SHIFTS, ALL)
    element = count.element("good")
    assert element is not None
    assert (element.value, element.coverage) == (7, 0.5)


def test_a_row_at_the_end_of_a_shift_is_that_shifts_and_one_at_its_start_is_not() -> None:
    for time_us, wanted in ((10, 0.25), (0, 0.0), (41, 0.0)):
        element = HandCount([row(time_us, good=5)], SHIFTS, ALL).element("good")
        assert element is not None
        assert element.coverage == wanted
