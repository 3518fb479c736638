"""Where will the demand of the quarter hour that runs now end, if the power of the last minutes goes on?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpi.counter import Steps
from kpi.demand import BLOCK_US
from plant.instant import US_PER_S
from plant.reading import F64, I64

RECENT_US = 180 * US_PER_S
"""How far back the power that is taken to go on reaches."""
STALE_US = 300 * US_PER_S
"""A meter that said nothing for longer says nothing of the quarter hour either."""
_US_PER_H = 3600 * US_PER_S


@dataclass(frozen=True, slots=True)
class DemandForecast:
    """The clock quarter hour that holds an instant, as far as it is gone.

    start_us: of the quarter hour [us]. read_us: of the newest reading that all meters have reached [us]. left_s: from
    the instant to the end of the quarter hour. kwh: used in it until read_us. mean_kw: mean power until then, None
    right at its beginning. recent_kw: mean power of the last minutes. kw: demand (4 x kWh) in which the quarter hour
    ends if that goes on.
    """

    start_us: int
    read_us: int
    left_s: float
    kwh: float
    mean_kw: float | None
    recent_kw: float
    kw: float


def demand_forecast(meters: Sequence[Steps], now_us: int) -> DemandForecast | None:
    """What the meters of the plant say of the quarter hour that runs now.

    meters: steps of each, from before the quarter hour on. None without meters, and where one of them has no accepted
    step within the last 5 minutes, or none before that to tell its power from.

    >>> minute = 60 * US_PER_S
    >>> at_us = np.arange(1, 6) * minute
    >>> one = Steps(at_us - minute, at_us, np.full(5, 2.0), np.zeros(5, dtype=np.int8))
    >>> found = demand_forecast([one], 5 * minute)
    >>> found.kwh, found.mean_kw, found.recent_kw, found.kw, found.left_s
    (10.0, 120.0, 120.0, 120.0, 600.0)
    """
    start_us = now_us // BLOCK_US * BLOCK_US
    used = [_accepted(one, now_us) for one in meters]
    if not used or any(not len(times) or now_us - int(times[-1]) > STALE_US for times, _ in used):
        return None
    read_us = min(int(times[-1]) for times, _ in used)
    since_us = max(read_us - RECENT_US, max(int(times[0]) for times, _ in used))
    if since_us >= read_us:
        return None
    counted = sum(np.interp([start_us, since_us, read_us], times, sums) for times, sums in used)
    at_start, recently, so_far = np.asarray(counted).tolist()
    kwh = so_far - at_start
    recent_kw = (so_far - recently) * _US_PER_H / (read_us - since_us)
    gone_us, end_us = max(0, read_us - start_us), start_us + BLOCK_US
    rest_us = end_us - max(read_us, start_us)
    return DemandForecast(
        start_us,
        read_us,
        (end_us - now_us) / US_PER_S,
        kwh,
        kwh * _US_PER_H / gone_us if gone_us else None,
        recent_kw,
        4.0 * (kwh + recent_kw * rest_us / _US_PER_H),
    )


def _accepted(steps: Steps, now_us: int) -> tuple[I64, F64]:
    """Instants and running sum of a meter's accepted steps until now; the first is where the first of them began."""
    use = steps.accepted & (steps.at_us <= now_us)
    if not use.any():
        return np.empty(0, dtype=np.int64), np.empty(0)
    times = np.append(steps.before_us[use][:1], steps.at_us[use])
    return times, np.append(0.0, np.cumsum(steps.amount[use]))
