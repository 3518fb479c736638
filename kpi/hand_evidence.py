"""What did people count in a period, and in which of its shifts did they not?"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpi.manual import HandCount
from plant.quantity import Quantity

MOST_ROWS = 50
"""Rows that are shown."""


@dataclass(frozen=True, slots=True)
class HandEvidence:
    """Hand counts of the work units of a scope.

    rows: those of the period, by time; rows_left_out: how many more there are. shifts: how many of the work units'
    shifts are over; without_row: those of them that nobody counted, as work unit and label.
    """

    rows: tuple[Quantity, ...]
    rows_left_out: int
    shifts: int
    without_row: tuple[tuple[str, str], ...]


def hand_evidence(counts: Sequence[tuple[str, HandCount]]) -> HandEvidence | None:
    """The hand counts of some work units, by name; None where none of them is counted by hand."""
    counted = [(unit, count) for unit, count in counts if count.sources]
    if not counted:
        return None
    used = (row for _, count in counted for row in count.rows if count.wants(row))
    rows = sorted(used, key=lambda row: (row.time_us, row.work_unit))
    without = [
        (unit, shift.label)
        for unit, count in counted
        for shift in count.shifts
        if not any(shift.start_us < row.time_us <= shift.end_us for row in count.rows)
    ]
    shifts = sum(len(count.shifts) for _, count in counted)
    return HandEvidence(tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS), shifts, tuple(without))
