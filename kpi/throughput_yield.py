"""How much comes through a whole route at the first attempt, and how many defects does a unit or a million bring?

Six Sigma measures beside ISO 22400: rolled throughput yield, defects per unit (DPU), defects per million opportunities
(DPMO), and defective units per million (ppm) of the process. Value is always numerator / denominator: per million means
that the denominator is counted in millions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, prod

from kpi.element import Element
from kpi.outcome import Outcome, Reason, absent, ratio_of

_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class RolledYield:
    """Rolled throughput yield, and the steps of the route whose first pass yield has no value, in the route's order."""

    outcome: Outcome
    without_value: tuple[str, ...] = ()


def rolled_throughput_yield(steps: Sequence[tuple[str, Outcome]]) -> RolledYield:
    """The product of the first pass yields of a route [ratio], never clipped.

    steps: name and first pass yield, each step of the route once. A step without a value leaves the whole without one,
    with the reason of the first such step: a product over the rest would flatter. Coverage is the lowest, flags are
    those of all. The value is also the numerator, as of a sum. A route without steps has no source; a product too large
    for a number has no denominator.

    >>> route = [("press", Outcome(0.9, 90, 100, 1.0)), ("paint", Outcome(0.8, 72, 90, 0.97))]
    >>> found = rolled_throughput_yield(route)
    >>> round(found.outcome.value, 4), found.outcome.coverage
    (0.72, 0.97)
    """
    if not steps:
        return RolledYield(absent(Reason.NO_SOURCE))
    outcomes = [outcome for _, outcome in steps]
    coverage = min(outcome.coverage for outcome in outcomes)
    flags = frozenset[str]().union(*(outcome.flags for outcome in outcomes))
    without = [(name, outcome.reason) for name, outcome in steps if outcome.value is None]
    if without:
        outcome = Outcome(None, None, None, coverage, flags, without[0][1])
        return RolledYield(outcome, tuple(name for name, _ in without))
    value = prod(outcome.value for outcome in outcomes if outcome.value is not None)
    if not isfinite(value):
        return RolledYield(Outcome(None, None, None, coverage, flags, Reason.NO_DENOMINATOR))
    return RolledYield(Outcome(value, value, None, coverage, flags))


def defects_per_unit(defects: Element | None, units: Element | None) -> Outcome:
    """Defects / units [1]; a unit may have several, so that it may be above 1. None without a source or without units.

    >>> defects_per_unit(Element(30.0, (1.0,)), Element(20.0, (1.0,))).value
    1.5
    """
    return ratio_of(defects, units)


def defects_per_million_opportunities(
    defects: Element | None, units: Element | None, opportunities: float | None
) -> Outcome:
    """Defects / million opportunities [ppm]; the denominator is units x opportunities / 1 000 000.

    opportunities: for a defect in one unit, above 0, a number of the plant's own with a version. Without it, or with
    one that is not above 0, there is no source.

    >>> defects_per_million_opportunities(Element(12.0, (1.0,)), Element(1000.0, (1.0,)), 5).value
    2400.0
    """
    if opportunities is None or not (isfinite(opportunities) and opportunities > 0):
        return absent(Reason.NO_SOURCE)
    return _per_million(defects, units, opportunities)


def process_ppm(defective: Element | None, produced: Element | None) -> Outcome:
    """Defective units / million units produced [ppm]; incoming and customer ppm have other denominators.

    >>> process_ppm(Element(12.0, (1.0,)), Element(4000.0, (1.0,))).value
    3000.0
    """
    return _per_million(defective, produced, 1.0)


def _per_million(count: Element | None, units: Element | None, each: float) -> Outcome:
    if count is None or units is None or units.value is None:
        return ratio_of(count, units)
    millions = units.value * (each / _MILLION)
    if not isfinite(millions):
        return Outcome(
            None,
            count.value,
            None,
            min(count.coverage, units.coverage),
            count.flags | units.flags,
            Reason.NO_DENOMINATOR,
        )
    return ratio_of(count, replace(units, value=millions))
