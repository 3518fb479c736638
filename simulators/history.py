"""What would a perfect reader have stored of past days? Simulated history as columns, one pair a tag."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from config.site import Site
from config.tags import ModbusTag, OpcUaTag
from plant.instant import US_PER_S
from plant.reading import I64
from simulators.scene import Column, Scene


@dataclass(frozen=True, slots=True, eq=False)
class TagHistory:
    """Readings of one tag. times_us: UTC us, ascending; values: in the unit of storage (float64), or texts."""

    tag: ModbusTag | OpcUaTag
    times_us: I64
    values: Column


def history(site: Site, seed: int, start_us: int, end_us: int, step_s: float = 10.0) -> Iterator[TagHistory]:
    """Readings of every tag of a site in [start, end), every `step_s`, as its device would have given them.

    The same plant as `serve` shows for this seed: what is read afterwards goes on from here.
    """
    scene = Scene(site, seed)
    times_us = np.arange(start_us, end_us, round(step_s * US_PER_S), dtype=np.int64)
    for device in site.devices:
        for tag in device.tags:
            source = scene.source(tag)
            yield TagHistory(tag, times_us, source.read(source.given(times_us)))
