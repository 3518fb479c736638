"""Which elements does a formula have? Put together piece by piece, each work unit's element once."""

from collections.abc import Iterable
from dataclasses import replace

from kpi.formula import FormulaElement


class ElementList:
    """Elements in the order in which they were added; one that is added again enters by the sum of its factors.

    >>> time = FormulaElement("production time", "press1", 60.0, "s")
    >>> found = ElementList([replace(time, numerator=1.0), replace(time, denominator=1.0)])
    >>> [(one.numerator, one.denominator) for one in found.elements]
    [(1.0, 1.0)]
    """

    def __init__(self, elements: Iterable[FormulaElement] = ()) -> None:
        self._found: dict[tuple[str, str], FormulaElement] = {}
        self.add(elements)

    def add(self, elements: Iterable[FormulaElement]) -> None:
        """Add elements."""
        for one in elements:
            key = one.name, one.work_unit
            known = self._found.get(key)
            if known is None:
                self._found[key] = one
            else:
                factors = known.numerator + one.numerator, known.denominator + one.denominator
                self._found[key] = replace(known, numerator=factors[0], denominator=factors[1])

    @property
    def elements(self) -> tuple[FormulaElement, ...]:
        """Those that enter the formula first, then those that are there to be seen."""
        found = self._found.values()
        entering = [one for one in found if one.numerator or one.denominator]
        return (*entering, *(one for one in found if not (one.numerator or one.denominator)))
