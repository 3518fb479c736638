"""Between which readings does a meter change lie, and what does the counter's step between them count with it?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from collector.store.tags import StoredTag
from collector.tag_window import following, leading
from kpi.counter import Restarting, StepKind, counter_steps
from kpi.series import TagSeries
from plant.correction import MeterChange
from plant.reading import Readings, believed, joined


@dataclass(frozen=True, slots=True)
class MeterStep:
    """The believed readings of a counter around an instant: time [us] and value, None where there is none.

    adds: what the step between them counts with the meter changes in it, in the unit of storage; None where there is
    no step, or where a part of it cannot be, so that the changes have no effect.
    """

    before: tuple[int, float] | None
    after: tuple[int, float] | None
    adds: float | None

    def bounds(self, at_us: int) -> tuple[int, int]:
        """The time that a change at this instant may touch."""
        return self.before[0] if self.before else at_us, self.after[0] if self.after else at_us


def meter_step(
    connection: Connection, stored: StoredTag | None, at_us: int, changes: Sequence[MeterChange]
) -> MeterStep:
    """The step of a counter that an instant lies in, from before it to at or after it; nothing of a tag that is not
    known or has no readings."""
    if stored is None or stored.last_us is None:
        return MeterStep(None, None, None)
    before = _believed(stored, leading(connection, stored, at_us - 1))
    after = _believed(stored, following(connection, stored, at_us - 1))
    adds = None
    if len(before) and len(after) and stored.tag.counter:  # what was a counter may have another role now
        none = np.empty(0, dtype=np.int64)
        series = TagSeries(stored.tag, joined([before, after]))
        steps = counter_steps(series, Restarting(none, none), changes)
        adds = float(steps.amount[0]) if steps.kind[0] == StepKind.CHANGED else None
    return MeterStep(_row(before), _row(after), adds)


def _row(found: Readings) -> tuple[int, float] | None:
    return (int(found.times_us[0]), float(found.values[0])) if len(found) else None


def _believed(stored: StoredTag, found: Readings) -> Readings:
    """The one reading that is believed; none where there is none."""
    return found[believed(found, stored.tag.use_uncertain)][:1]
