"""What does the formula of a KPI say with its numbers in? Elements that add up to numerator and denominator."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from kpi.element import Element
from kpi.numerals import numeral
from kpi.remark import in_order

MOST_TERMS = 6
"""Work units that a formula names one by one; of more it says how many there are."""


class Origin(StrEnum):
    """How the value of an element came about.

    tag: of its counters or gauges. manual: counted by people. tag_and_manual: both, added. derived: from other
    elements, by its rule. plant_tag: a tag of the plant as a whole, which replaces the sum of its work units. state:
    the machine state in planned time. calendar: shifts less breaks. orders: order lines. setting: the site file, or a
    table that it names.
    """

    TAG = "tag"
    MANUAL = "manual"
    TAG_AND_MANUAL = "tag_and_manual"
    DERIVED = "derived"
    PLANT_TAG = "plant_tag"
    STATE = "state"
    CALENDAR = "calendar"
    ORDERS = "orders"
    SETTING = "setting"


class Combination(StrEnum):
    """How elements become a numerator or denominator."""

    SUM = "sum"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class FormulaElement:
    """One element of a formula, of one work unit (or the plant, a product, an order).

    numerator, denominator: the factor with which the value enters each; 0: it does not, and is there to be seen.
    value: None without any reading. coverage: 0 to 1, None where that means nothing, as of a setting. rule: how it
    follows, in words. tags: whose readings it is made of.
    """

    name: str
    work_unit: str
    value: float | None
    unit: str
    numerator: float = 0.0
    denominator: float = 0.0
    coverage: float | None = None
    flags: tuple[str, ...] = ()
    origin: Origin = Origin.TAG
    rule: str = ""
    tags: tuple[str, ...] = ()


def of_element(element: Element) -> dict[str, object]:
    """Value, coverage and flags of an element, as arguments of a `FormulaElement`.

    >>> of_element(Element(12.0, (1.0, 0.5), frozenset({"manual"})))
    {'value': 12.0, 'coverage': 0.75, 'flags': ('manual',)}
    """
    return {"value": element.value, "coverage": element.coverage, "flags": in_order(element.flags)}


def numerator(elements: Sequence[FormulaElement], how: Combination = Combination.SUM) -> float | None:
    """What the elements make of the numerator; None where none of those that enter has a value, of a product where
    one of them has none.

    >>> used = FormulaElement("used", "plant", 450.0, "kWh", numerator=-1.0)
    >>> expected = FormulaElement("expected", "plant", 500.0, "kWh", numerator=1.0, denominator=1.0)
    >>> numerator([expected, used])
    50.0
    """
    return _combined([(one.numerator, one.value) for one in elements], how)


def denominator(elements: Sequence[FormulaElement]) -> float | None:
    """What the elements make of the denominator; None where none of those that enter has a value."""
    return _combined([(one.denominator, one.value) for one in elements], Combination.SUM)


def _combined(terms: Sequence[tuple[float, float | None]], how: Combination) -> float | None:
    entering = [(factor, value) for factor, value in terms if factor]
    known = [factor * value for factor, value in entering if value is not None]
    if how is Combination.PRODUCT:
        return prod(known) if known and len(known) == len(entering) else None
    return sum(known) if known else None


def with_numbers(
    elements: Sequence[FormulaElement],
    value: float | None,
    unit: str,
    reason: str | None = None,
    how: Combination = Combination.SUM,
) -> str:
    """The formula with its numbers, and what comes of it; `no value` with its reason where there is none.

    Elements of one name are added over work units; where a sum has a single name, its work units stand apart.

    >>> scrap = FormulaElement("scrap", "press1", 12.0, "1", numerator=1.0)
    >>> produced = FormulaElement("produced", "press1", 975.0, "1", denominator=1.0)
    >>> with_numbers([scrap, produced], 12 / 975, "ratio")
    'scrap 12 / produced 975 = 0.012308'
    """
    above = _terms([(one.numerator, one) for one in elements if one.numerator], how)
    below = _terms([(one.denominator, one) for one in elements if one.denominator], Combination.SUM)
    result = numeral(value, unit) if value is not None else f"no value ({reason})" if reason else "no value"
    if not above:
        return result
    if not below:
        return f"{above} = {result}"
    return f"{_grouped(above)} / {_grouped(below)} = {result}"


def _terms(entering: Sequence[tuple[float, FormulaElement]], how: Combination) -> str:
    names = list(dict.fromkeys((one.name, factor) for factor, one in entering))
    if how is Combination.PRODUCT:
        return " x ".join(f"{one.work_unit} {numeral(one.value, one.unit)}" for _, one in entering)
    if len(names) == 1 and 1 < len(entering) <= MOST_TERMS:
        return _joined([(factor, one.work_unit, one.value) for factor, one in entering], names[0][0])
    sums = []
    for name, factor in names:
        values = [one.value for own, one in entering if (one.name, own) == (name, factor) and one.value is not None]
        sums.append((factor, name, sum(values) if values else None))
    several = f" ({len(entering)} work units)" if len(names) == 1 and len(entering) > MOST_TERMS else ""
    return _joined(sums) + several


def _joined(terms: Sequence[tuple[float, str, float | None]], heading: str = "") -> str:
    words = f"{heading}: " if heading else ""
    for at, (factor, name, value) in enumerate(terms):
        sign = " - " if at and factor < 0 else " + " if at else "-" if factor < 0 else ""
        times = "" if abs(factor) == 1 else f"{numeral(abs(factor))} x "
        words += f"{sign}{times}{name} {numeral(value)}"
    return words


def _grouped(terms: str) -> str:
    return f"({terms})" if " + " in terms or " - " in terms else terms
