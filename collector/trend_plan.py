"""How finely is a tag drawn over a time? Reading by reading when near, else in stretches of a width that fits."""

from dataclasses import dataclass

from collector.store.aggregates import QUARTER_US
from plant.instant import US_PER_S

READINGS_A_PIXEL = 4
MOST_DECODED = 700_000
_DAY_US = 96 * QUARTER_US
_FINE = [at * scale for scale in (1_000, 10_000, 100_000) for at in (1, 2, 5)]
_SECONDS = [at * US_PER_S for at in (1, 2, 5, 10, 15, 30, 60, 120, 300, 900, 1800)]
_HOURS = [at * 4 * QUARTER_US for at in (1, 2, 3, 6, 12)]
_DAYS = [at * _DAY_US for at in (1, 2, 7, 14, 28, 91, 364)]
WIDTHS_US = (*_FINE, *_SECONDS, *_HOURS, *_DAYS)
"""Widths of stretches; every one from a quarter hour on is a whole number of quarter hours."""


@dataclass(frozen=True, slots=True)
class TrendPlan:
    """width_us: of the stretches, should there be more readings than fit. summarised: made from quarter hours."""

    width_us: int
    summarised: bool


def trend_plan(span_us: int, pixels: int, readings: int) -> TrendPlan:
    """The way to draw a time of about so many readings on so many pixels.

    Quarter hours do where a stretch is no shorter; they also must where more readings than a look may wait for would be
    unpacked, so that a stretch is then a quarter hour although there is room for shorter ones.
    """
    width_us = next((width for width in WIDTHS_US if width * pixels >= span_us), WIDTHS_US[-1])
    if readings <= READINGS_A_PIXEL * pixels:
        return TrendPlan(width_us, summarised=False)
    if readings > MOST_DECODED and span_us > _DAY_US:
        width_us = max(width_us, QUARTER_US)
    return TrendPlan(width_us, summarised=width_us >= QUARTER_US)
