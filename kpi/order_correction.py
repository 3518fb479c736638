"""Which versions does an order line have once the cancellations that people signed off are among them?"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from plant.correction import Correction, OrderCancelled
from plant.instant import local_instant
from plant.order import OrderLine


def cancelled(versions: Sequence[OrderLine], corrections: Iterable[Correction], zone: ZoneInfo) -> list[OrderLine]:
    """The versions of one line, oldest first, as the corrections in force make them; none of no versions.

    A cancellation is one more version, recorded at the start of its date in the plant's zone, without a date when the
    correction was recorded. It says what the version before it said (the first one, if none is before it) but for the
    status. Later versions keep its status: a file that does not know of the cancellation cannot undo it, only a
    revocation can. Of two cancellations the one recorded later goes last. Corrections of other lines or of another
    kind change nothing.
    """
    found = list(versions)
    for correction in sorted(corrections, key=lambda one: (one.recorded_us, one.id)):
        said = correction.content
        if found and isinstance(said, OrderCancelled) and _is_of(said, found[0]):
            since_us = correction.recorded_us if said.on is None else local_instant(said.on, 0, zone)
            found = _from(since_us, found, said)
    return found


def _is_of(said: OrderCancelled, line: OrderLine) -> bool:
    return said.order_id == line.order_id and said.line_id in (None, line.line_id)


def _from(since_us: int, versions: list[OrderLine], said: OrderCancelled) -> list[OrderLine]:
    before = [version for version in versions if version.recorded_us < since_us]
    after = [version for version in versions if version.recorded_us >= since_us]
    said_before = before[-1] if before else after[0]
    added = replace(said_before, recorded_us=since_us, status=said.status)
    return [*before, added, *(replace(version, status=said.status) for version in after)]
