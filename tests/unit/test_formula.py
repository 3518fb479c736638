"""Elements that make a numerator and a denominator, and the formula with its numbers."""

from dataclasses import replace

import pytest

from kpi.element_list import ElementList
from kpi.formula import MOST_TERMS, Combination, FormulaElement, denominator, numerator, with_numbers

SCRAP = FormulaElement("scrap", "press1", 12.0, "1", numerator=1.0)
REWORK = FormulaElement("rework", "press1", 3.0, "1", numerator=1.0)
PRODUCED = FormulaElement("produced", "press1", 975.0, "1", denominator=1.0)
GOOD = FormulaElement("good", "press1", 960.0, "1")


def at(element: FormulaElement, work_unit: str, value: float | None) -> FormulaElement:
    return replace(element, work_unit=work_unit, value=value)


def test_elements_enter_by_their_factors() -> None:
    found = [SCRAP, replace(REWORK, numerator=-2.0), PRODUCED, GOOD]
    assert (numerator(found), denominator(found)) == (6, 975)


def test_an_element_without_a_value_adds_nothing_to_a_sum_and_leaves_a_product_without_one() -> None:
    without = at(SCRAP, "press2", None)
    assert numerator([SCRAP, without]) == 12
    assert numerator([without]) is None
    assert denominator([SCRAP]) is None
    assert numerator([SCRAP, without], Combination.PRODUCT) is None
    assert numerator([SCRAP, REWORK], Combination.PRODUCT) == 36
    assert numerator([], Combination.PRODUCT) is None


@pytest.mark.parametrize(
    ("elements", "value", "unit", "said"),
    [
        ([SCRAP, PRODUCED], 12 / 975, "ratio", "scrap 12 / produced 975 = 0.012308"),
        ([SCRAP, REWORK, PRODUCED, GOOD], 15 / 975, "ratio", "(scrap 12 + rework 3) / produced 975 = 0.015385"),
        ([SCRAP, at(SCRAP, "press2", 8.0)], 20.0, "1", "scrap: press1 12 + press2 8 = 20"),
        ([SCRAP, at(SCRAP, "press2", None)], 12.0, "1", "scrap: press1 12 + press2 - = 12"),
        ([at(SCRAP, f"p{no}", 1.0) for no in range(MOST_TERMS + 1)], 7.0, "1", "scrap 7 (7 work units) = 7"),
        (
            [SCRAP, at(SCRAP, "press2", 8.0), PRODUCED],
            20 / 975,
            "ratio",
            "(scrap: press1 12 + press2 8) / produced 975 = 0.020513",
        ),
        ([replace(SCRAP, numerator=-1.0)], -12.0, "1", "-scrap 12 = -12"),
        ([replace(SCRAP, numerator=0.5), replace(REWORK, numerator=-1.0)], 3.0, "1", "0.5 x scrap 12 - rework 3 = 3"),
        ([at(SCRAP, "press1", None), PRODUCED], None, "ratio", "scrap - / produced 975 = no value (low_coverage)"),
        ([GOOD], None, "1", "no value (low_coverage)"),
    ],
)
def test_a_formula_says_its_numbers(elements: list[FormulaElement], value: float | None, unit: str, said: str) -> None:
    assert with_numbers(elements, value, unit, "low_coverage" if value is None else None) == said


def test_a_product_names_each_step() -> None:
    steps = [at(SCRAP, "press", 0.9), at(SCRAP, "paint", 0.8)]
    assert with_numbers(steps, 0.72, "ratio", how=Combination.PRODUCT) == "press 0.9 x paint 0.8 = 0.720000"


def test_without_a_reason_there_is_just_no_value() -> None:
    assert with_numbers([], None, "1") == "no value"


def test_those_that_enter_come_first_and_none_twice() -> None:
    found = ElementList([GOOD, SCRAP, replace(GOOD, denominator=1.0), PRODUCED])
    found.add([replace(SCRAP, numerator=0.0)])
    assert [(one.name, one.numerator, one.denominator) for one in found.elements] == [
        ("good", 0, 1),
        ("scrap", 1, 0),
        ("produced", 0, 1),
    ]
    assert [one.name for one in ElementList([GOOD, SCRAP]).elements] == ["scrap", "good"]
