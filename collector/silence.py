"""Which tags were silent for long before a reading came? What was over for them is not as it seemed."""

from collections.abc import Iterable

import numpy as np

from collector.store.tags import StoredTag
from plant.instant import US_PER_S
from plant.reading import I64, U32

LATE_US = 3600 * US_PER_S
_NEVER_US = 2**62


class Silences:
    """The time of the newest reading of each tag, as columns by the tag's id."""

    def __init__(self, tags: Iterable[StoredTag]) -> None:
        known = {stored.id: _NEVER_US if stored.last_us is None else stored.last_us for stored in tags}
        self._newest_us = np.full(max(known, default=0) + 1, _NEVER_US, dtype=np.int64)
        self._newest_us[list(known)] = list(known.values())

    def any_end(self, tag_ids: U32, times_us: I64) -> bool:
        """Whether there is a reading more than an hour after what its tag read before."""
        return bool((times_us > self._newest_us[tag_ids] + LATE_US).any())

    def ended_by(self, tag_ids: U32, times_us: I64) -> list[int]:
        """Times of the last reading before, of the tags whose first reading here is more than an hour after it."""
        tags, rows = np.unique(tag_ids, return_inverse=True)
        first_us = np.full(len(tags), _NEVER_US, dtype=np.int64)
        np.minimum.at(first_us, rows, times_us)
        before_us = self._newest_us[tags]
        return list(before_us[first_us > before_us + LATE_US].tolist())

    def remember(self, tag_ids: U32, times_us: I64) -> None:
        """Note readings, once they are committed: a commit that fails is tried again, silences and all."""
        first = tag_ids[self._newest_us[tag_ids] == _NEVER_US]
        self._newest_us[first] = -_NEVER_US
        np.maximum.at(self._newest_us, tag_ids, times_us)
