"""How well was equipment used? Availability, effectiveness, OEE, reliability and losses of one or several work units.

Formulas take the use of every work unit of a scope; of none, they have no source. Each is a sum over a sum and never
clipped. A work unit that lacks numerator or denominator counts in neither, nor does one that was not planned.
Formulas are those of ISO 22400-2:2014 unless it says `local`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from kpi.element import Element
from kpi.equipment_use import EquipmentUse, together
from kpi.outcome import Outcome, Reason, absent, flags_of, quotient

HOUR_S = 3600.0
MOST_PLAUSIBLE = 1.05
"""Effectiveness or OEE above it is flagged `suspect`: a planned run time too long, or stops read as production."""

Need = Callable[[EquipmentUse], object]
Terms = Callable[[EquipmentUse], tuple[float | None, float | None]]

STATE: Need = attrgetter("has_state")
PRODUCED: Need = attrgetter("produced")
PLANNED_RUN: Need = attrgetter("planned_run_s")
GOOD_RUN: Need = attrgetter("good_run_s")


def availability(units: Sequence[EquipmentUse]) -> Outcome:
    """APT / PBT [s / s]: setup lowers it.

    >>> shift = EquipmentUse(25200.0, True, apt_s=22380.0, not_executing_s=2820.0, coverages=(1.0,))
    >>> availability([shift]).value == 373 / 420
    True
    """
    return _ratio(units, (STATE,), lambda use: (use.read(use.apt_s), use.pbt_s))


def effectiveness(units: Sequence[EquipmentUse]) -> Outcome:
    """Sum of PRI x PQ / APT [s / s]; above 1 the planned run time is too long, or stops are read as production."""
    return _plausible(_ratio(units, (STATE, PLANNED_RUN), lambda use: (_s(use.planned_run_s), use.read(use.apt_s))))


def oee(units: Sequence[EquipmentUse]) -> Outcome:
    """Overall equipment effectiveness: sum of PRI x GQ / PBT [s / s].

    It is availability x effectiveness x quality, from which APT and PQ cancel: no state is needed, and what is not
    known of the state leaves it as it is.
    """
    return _plausible(_ratio(units, (GOOD_RUN,), lambda use: (_s(use.good_run_s), use.pbt_s)))


def net_equipment_effectiveness(units: Sequence[EquipmentUse]) -> Outcome:
    """NEE, which does not punish setup: AUPT / PBT x effectiveness x quality = AUPT x sum of PRI x GQ / (PBT x APT).

    AUPT = APT + AUST. Numerator and denominator are products of sums [s x s]; quality is weighted by planned run time.
    """

    def terms(use: EquipmentUse) -> tuple[float | None, float | None]:
        good_s = _s(use.good_run_s)
        return None if good_s is None else good_s * use.aupt_s, (use.pbt_s or 0.0) * use.apt_s

    return _plausible(_ratio(units, (STATE, GOOD_RUN), terms))


def mtbf(units: Sequence[EquipmentUse]) -> Outcome:
    """Mean time between failures [s]: (APT + AUST) / failures; without a failure the numerator is its least value."""
    return _ratio(units, (STATE,), lambda use: (use.read(use.aupt_s), use.read(use.failures)))


def mttr(units: Sequence[EquipmentUse]) -> Outcome:
    """Mean time to repair [s]: time of the repairs that were done in the period / their number."""
    return _ratio(units, (STATE,), lambda use: (use.read(use.repair_s), use.read(use.repairs)))


def utilisation_efficiency(units: Sequence[EquipmentUse]) -> Outcome:
    """APT / AUBT [s / s]; AUBT = APT + AUST + ADET, delay ADET being time OutOfService."""
    return _ratio(units, (STATE,), lambda use: (use.read(use.apt_s), use.read(use.aubt_s)))


def technical_efficiency(units: Sequence[EquipmentUse]) -> Outcome:
    """APT / (APT + ADET) [s / s]."""
    return _ratio(units, (STATE,), lambda use: (use.read(use.apt_s), use.read(use.apt_s + use.out_of_service_s)))


def allocation_efficiency(units: Sequence[EquipmentUse]) -> Outcome:
    """AUBT / PBT [s / s]."""
    return _ratio(units, (STATE,), lambda use: (use.read(use.aubt_s), use.pbt_s))


def setup_ratio(units: Sequence[EquipmentUse]) -> Outcome:
    """AUST / AUPT [s / s]: the share of processing time that is setup; lower is better."""
    return _ratio(units, (STATE,), lambda use: (use.read(use.setup_s), use.read(use.aupt_s)))


def throughput_rate(units: Sequence[EquipmentUse]) -> Outcome:
    """Pieces produced in PBT / AUBT [1 / h]; local: ISO divides by the execution time of an order."""
    return _ratio(units, (STATE, PRODUCED), lambda use: (_s(use.produced), use.read(use.aubt_s / HOUR_S)))


def state_sum(units: Sequence[EquipmentUse], amount: Callable[[EquipmentUse], float]) -> Outcome:
    """A sum that follows from states, such as the number of micro-stops [1] or unplanned production time [s]; local.

    With a low coverage it is kept as a lower bound, and absent where no state was known in PBT and nothing was counted
    outside it.
    """
    use = _contributing(units, (STATE,))
    if isinstance(use, Reason):
        return absent(use)
    value = summed(use, amount(use))
    reason = Reason.LOW_COVERAGE if value is None else None
    return Outcome(value, value, None, use.coverage, use.flags, reason)


def summed(use: EquipmentUse, counted: float) -> float | None:
    """A sum that follows from states; None where nothing was counted and no state was known in PBT."""
    return counted if counted or not use.pbt_s else use.read(counted)


@dataclass(frozen=True, slots=True)
class LossTree:
    """Where PBT went [s]: the six parts below it add up to it, however far one of them lies outside the plausible.

    availability_loss_s: NotExecuting and OutOfService. speed_loss_s: APT less planned run time of all pieces; negative
    where pieces were made faster than planned, or while the state was not known. quality_loss_s: planned run time of
    pieces that are not good. fully_productive_s: that of good ones. coverage: 0 to 1, of what is least known.
    """

    pbt_s: float
    availability_loss_s: float
    setup_loss_s: float
    unknown_s: float
    speed_loss_s: float
    quality_loss_s: float
    fully_productive_s: float
    coverage: float


def loss_tree(units: Sequence[EquipmentUse]) -> LossTree | Reason:
    """Where the planned busy time of the work units went, or why that cannot be told; local.

    Only the units count that have a state, planned run times and counted pieces. Its parts are sums: with a low
    coverage they are kept.
    """
    needs = (STATE, PLANNED_RUN, GOOD_RUN)
    use = _contributing(units, needs)
    if isinstance(use, Reason):
        return use
    planned_run_s, good_run_s = _s(use.planned_run_s), _s(use.good_run_s)
    if planned_run_s is None or good_run_s is None:
        return Reason.LOW_COVERAGE
    return LossTree(
        pbt_s=use.pbt_s or 0.0,
        availability_loss_s=use.not_executing_s + use.out_of_service_s,
        setup_loss_s=use.setup_s,
        unknown_s=use.unknown_s,
        speed_loss_s=use.apt_s - planned_run_s,
        quality_loss_s=planned_run_s - good_run_s,
        fully_productive_s=good_run_s,
        coverage=_coverage(use, needs),
    )


def _s(element: Element | None) -> float | None:
    return element.value if element else None


def _ratio(units: Sequence[EquipmentUse], needs: Sequence[Need], terms: Terms) -> Outcome:
    use = _contributing(units, needs)
    if isinstance(use, Reason):
        return absent(use)
    numerator, denominator = terms(use)
    coverage = _coverage(use, needs)
    flags = flags_of(_elements(use, needs)) | (use.flags if STATE in needs else frozenset())
    if not use.pbt_s:
        return Outcome(None, numerator, denominator, coverage, flags, Reason.NO_DENOMINATOR)
    return quotient(numerator, denominator, coverage, flags)


def _contributing(units: Sequence[EquipmentUse], needs: Sequence[Need]) -> EquipmentUse | Reason:
    """Together, the work units that have all that is needed; of these the planned ones, where there is any."""
    if units and all(unit.pbt_s is None for unit in units):
        return Reason.NO_CALENDAR
    places = contributing(units, needs)
    if places:
        return together([units[at] for at in places])
    others = [need for need in needs if need not in (PLANNED_RUN, GOOD_RUN)]
    unpriced = any(unit.lacks_run_time and all(need(unit) for need in others) for unit in units)
    return Reason.NO_PLANNED_RUN_TIME if unpriced else Reason.NO_SOURCE


def contributing(units: Sequence[EquipmentUse], needs: Sequence[Need]) -> list[int]:
    """The places of the work units that a formula with these needs adds up: those that have all of them, and of these
    the planned ones, where there is any; none where no unit has a calendar."""
    if all(unit.pbt_s is None for unit in units):
        return []
    able = [at for at, unit in enumerate(units) if all(need(unit) for need in needs)]
    return [at for at in able if units[at].pbt_s] or able


def _elements(use: EquipmentUse, needs: Sequence[Need]) -> list[Element]:
    return [element for need in needs if isinstance(element := need(use), Element)]


def _coverage(use: EquipmentUse, needs: Sequence[Need]) -> float:
    of_state = [use.coverage] if STATE in needs else []
    return min([*of_state, *(element.coverage for element in _elements(use, needs))])


def _plausible(outcome: Outcome) -> Outcome:
    if outcome.value is None or outcome.value <= MOST_PLAUSIBLE:
        return outcome
    return replace(outcome, flags=outcome.flags | {"suspect"})
