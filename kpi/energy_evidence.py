"""What stands behind an energy KPI? Quarter hours around the peak, cost by band, energy while idle, bill, baseline."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpi.demand import LEAST_COVERED, Blocks, may_set_peak, peak
from kpi.energy import IdleEnergy
from kpi.kpi import ElectricityBill
from kpi.regression import EnergyModel
from kpi.tariff import CostLine

MOST_QUARTERS = 5
"""Quarter hours of the largest demand that are shown."""
_BESIDE_PEAK = 2


@dataclass(frozen=True, slots=True)
class QuarterHour:
    """A clock quarter hour: energy, demand (4 x kWh), whether it is estimated, its known share (0 to 1), whether it may
    set the peak, and whether it is the peak."""

    start_us: int
    kwh: float
    kw: float
    estimated: bool
    covered: float
    may_set_peak: bool
    is_peak: bool


@dataclass(frozen=True, slots=True)
class QuarterHours:
    """The quarter hours of a period.

    shown: those of the largest demand, and those beside the peak, by time. count: all; estimated: how many of them
    are; half_known: how many of the others are known for less than 95 %.
    """

    shown: tuple[QuarterHour, ...]
    count: int
    estimated: int
    half_known: int


@dataclass(frozen=True, slots=True)
class ModelEvidence:
    """What the regression over the baseline's periods makes of this one: the model (None: it could not be fitted), and
    the values of its variables."""

    model: EnergyModel | None
    values: Mapping[str, float]
    expected_kwh: float | None


@dataclass(frozen=True, slots=True)
class EnergyEvidence:
    """What concerns the KPI of: quarter hours, cost by band, energy while idle, the bill with the peaks of the months
    that count [kW], and the energy baseline. None or empty: does not concern it, or is not there."""

    quarter_hours: QuarterHours | None = None
    costs: tuple[CostLine, ...] = ()
    idle: IdleEnergy | None = None
    bill: ElectricityBill | None = None
    peaks_kw: Mapping[str, float | None] | None = None
    baseline: ModelEvidence | None = None


def quarter_hours(blocks: Blocks) -> QuarterHours:
    """The quarter hours that an engineer looks at: the `MOST_QUARTERS` largest, whether or not they may set the peak,
    the peak itself, and the two on either side of it."""
    may = may_set_peak(blocks)
    found = peak(blocks)
    peak_at = None if found is None else int(np.searchsorted(blocks.start_us, found[1]))
    places = set(np.argsort(-blocks.kwh, kind="stable")[:MOST_QUARTERS].tolist())
    if peak_at is not None:
        places |= set(range(max(0, peak_at - _BESIDE_PEAK), min(len(may), peak_at + _BESIDE_PEAK + 1)))
    return QuarterHours(
        tuple(_shown(blocks, at, bool(may[at]), at == peak_at) for at in sorted(places)),
        len(may),
        int(np.count_nonzero(blocks.estimated)),
        int(np.count_nonzero(~blocks.estimated & (blocks.covered < LEAST_COVERED))),
    )


def _shown(blocks: Blocks, at: int, may: bool, is_peak: bool) -> QuarterHour:
    kwh = float(blocks.kwh[at])
    return QuarterHour(
        int(blocks.start_us[at]), kwh, 4.0 * kwh, bool(blocks.estimated[at]), float(blocks.covered[at]), may, is_peak
    )
