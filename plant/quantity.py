"""What did people count? Quantities entered by hand."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantity:
    """Amounts [1] of a work unit since the row before, booked at time_us (UTC us) and counted in (start, end].

    None says nothing; negative amounts are corrections. key: the row's id, or what stands in for one.
    """

    key: str
    time_us: int
    work_unit: str
    produced: float | None = None
    good: float | None = None
    scrap: float | None = None
    rework: float | None = None
    inspected: float | None = None
    product: str | None = None
    order: str | None = None
    reason: str | None = None
