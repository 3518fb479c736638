"""From when on can a time be true? What a clock that cannot be right may date, and what it may not: pure."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plant.instant import US_PER_S, parse_instant
from plant.reading import Batch

RELEASED_US = parse_instant("2026-01-01T00:00:00Z")
"""Before any release of this program: a clock that shows less is wrong."""
MOST_BEHIND_US = 24 * 3600 * US_PER_S
"""How far a clock may be behind the newest record that was made by it: a wrong time zone is put right so, and drift."""


def earliest_credible_us(newest_us: int | None) -> int:
    """The earliest time that a clock may show by which the newest record was made then; None: there is no record.

    >>> earliest_credible_us(None) == RELEASED_US
    True
    """
    return RELEASED_US if newest_us is None else max(RELEASED_US, newest_us - MOST_BEHIND_US)


def dated_by_source(batch: Batch, earliest_us: int) -> Batch | None:
    """The readings that bring a credible time of their own, dated by it; None without any.

    Their time of receipt is not known: the newest of these times stands for it, which it cannot be before.
    """
    claimed_us = batch.times_us + batch.source_offset_us
    kept: NDArray[np.bool_] = claimed_us >= earliest_us
    if not kept.any():
        return None
    places = np.cumsum(kept) - 1
    times_us = claimed_us[kept]
    return replace(
        batch,
        tags=batch.tags[kept],
        times_us=times_us,
        values=batch.values[kept],
        status=batch.status[kept],
        received_us=int(times_us.max()),
        source_offset_us=np.zeros(len(times_us), dtype=np.int64),
        texts={int(places[row]): text for row, text in batch.texts.items() if kept[row]},
    )
