"""What do the formulas of equipment need to know of work units, and what is it of several together?"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpi.element import Element, total
from kpi.time_model import UnitTime


@dataclass(frozen=True, slots=True)
class EquipmentUse:
    """What the formulas need of one work unit, or of several together, over one period.

    pbt_s: planned busy time [s]; None: the site has no shifts. has_state: there is a state tag; without it the times
    and counts of states are 0 and mean nothing. coverages: known share of PBT of each work unit with a state tag that
    was planned. flags: remarks on the readings of the state. produced [1], planned_run_s: sum of planned run time per
    item x pieces produced [s], good_run_s: the same of good pieces; all three of pieces counted inside PBT, None
    without a source. lacks_run_time: pieces were made for which no planned run time is known.
    """

    pbt_s: float | None
    has_state: bool = False
    apt_s: float = 0.0
    setup_s: float = 0.0
    out_of_service_s: float = 0.0
    not_executing_s: float = 0.0
    unknown_s: float = 0.0
    unplanned_s: float = 0.0
    failures: int = 0
    repairs: int = 0
    repair_s: float = 0.0
    micro_stops: int = 0
    micro_stop_s: float = 0.0
    coverages: tuple[float, ...] = ()
    flags: frozenset[str] = frozenset()
    produced: Element | None = None
    planned_run_s: Element | None = None
    good_run_s: Element | None = None
    lacks_run_time: bool = False

    @property
    def coverage(self) -> float:
        """Mean known share of PBT (0 to 1) over the work units; 0 where none was planned."""
        return sum(self.coverages) / len(self.coverages) if self.coverages else 0.0

    @property
    def aupt_s(self) -> float:
        """Actual unit processing time AUPT [s]: production and setup."""
        return self.apt_s + self.setup_s

    @property
    def aubt_s(self) -> float:
        """Actual unit busy time AUBT [s]: processing, and delay ADET, which is time OutOfService."""
        return self.aupt_s + self.out_of_service_s

    def read(self, amount: float) -> float | None:
        """An amount that follows from states; None where no state was known in PBT."""
        return amount if any(self.coverages) else None


def use_of(
    time: UnitTime,
    flags: frozenset[str] = frozenset(),
    *,
    produced: Element | None = None,
    planned_run_s: Element | None = None,
    good_run_s: Element | None = None,
    lacks_run_time: bool = False,
) -> EquipmentUse:
    """The use of a work unit with a state tag, in a site with shifts; arguments as of `EquipmentUse`."""
    return EquipmentUse(
        pbt_s=time.pbt_s,
        has_state=True,
        apt_s=time.apt_s,
        setup_s=time.setup_s,
        out_of_service_s=time.out_of_service_s,
        not_executing_s=time.not_executing_s,
        unknown_s=time.unknown_s,
        unplanned_s=time.unplanned_s,
        failures=len(time.failures),
        repairs=len(time.repairs),
        repair_s=time.repairs.time_s,
        micro_stops=len(time.micro_stops),
        micro_stop_s=time.micro_stops.time_s,
        coverages=time.coverages,
        flags=flags,
        produced=produced,
        planned_run_s=planned_run_s,
        good_run_s=good_run_s,
        lacks_run_time=lacks_run_time,
    )


def together(units: Sequence[EquipmentUse]) -> EquipmentUse:
    """The sums over several work units; an amount is that of the units that have it, None where none has.

    The formulas choose the units that may be added for them. Of no units: nothing, and no calendar.
    """
    planned = [unit.pbt_s for unit in units if unit.pbt_s is not None]
    return EquipmentUse(
        pbt_s=sum(planned) if planned else None,
        has_state=any(unit.has_state for unit in units),
        apt_s=sum(unit.apt_s for unit in units),
        setup_s=sum(unit.setup_s for unit in units),
        out_of_service_s=sum(unit.out_of_service_s for unit in units),
        not_executing_s=sum(unit.not_executing_s for unit in units),
        unknown_s=sum(unit.unknown_s for unit in units),
        unplanned_s=sum(unit.unplanned_s for unit in units),
        failures=sum(unit.failures for unit in units),
        repairs=sum(unit.repairs for unit in units),
        repair_s=sum(unit.repair_s for unit in units),
        micro_stops=sum(unit.micro_stops for unit in units),
        micro_stop_s=sum(unit.micro_stop_s for unit in units),
        coverages=tuple(share for unit in units for share in unit.coverages),
        flags=frozenset().union(*(unit.flags for unit in units)),
        produced=_total([unit.produced for unit in units]),
        planned_run_s=_total([unit.planned_run_s for unit in units]),
        good_run_s=_total([unit.good_run_s for unit in units]),
        lacks_run_time=any(unit.lacks_run_time for unit in units),
    )


def _total(elements: Sequence[Element | None]) -> Element | None:
    found = [element for element in elements if element is not None]
    return total(found) if found else None
