"""What did people sign off beside the readings? Meter changes, lots judged later, cancelled orders, revocations."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from plant.order import OrderStatus


@dataclass(frozen=True, slots=True)
class MeterChange:
    """A counter's device was exchanged at at_us (UTC us): what the old one showed last and what the new one showed
    first, in the tag's unit of storage."""

    tag: str
    at_us: int
    old_final: float
    new_first: float


class Decision(StrEnum):
    """What was found of a lot after its pieces had been counted."""

    REJECTED = "rejected"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class LotDecision:
    """Pieces [1] of a work unit that were judged again; they are booked at their production time at_us (UTC us).

    Rejected: counted as good, found bad later. Released: counted as scrap, and good after all. They stay produced.
    """

    work_unit: str
    at_us: int
    quantity: float
    decision: Decision
    product: str | None = None
    order: str | None = None
    lot: str | None = None

    @property
    def more_scrap(self) -> float:
        """Pieces that it moves from good to scrap; negative for a release."""
        return self.quantity if self.decision is Decision.REJECTED else -self.quantity


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """A line of an order (None: all its lines) was given up, by whom the status says, on a date of the plant's
    calendar (None: when the correction was recorded)."""

    order_id: str
    line_id: str | None
    status: OrderStatus
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """The correction with this id holds no longer."""

    of: int


Content = MeterChange | LotDecision | OrderCancelled | Revocation
C = TypeVar("C", MeterChange, LotDecision, OrderCancelled, Revocation)


@dataclass(frozen=True, slots=True)
class Correction:
    """What one person signed off: who, why, recorded when (UTC us), and what. Never changed, only revoked."""

    id: int
    recorded_us: int
    by: str
    reason: str
    content: Content


def in_force(corrections: Iterable[Correction], known_before_us: int | None = None) -> list[Correction]:
    """The corrections that hold by what was recorded before an instant; None: by all that is recorded.

    One that had been revoked by then is left out, and so are the revocations themselves.

    >>> change = Correction(1, 10, "Kim", "exchange", MeterChange("main.energy", 5, 900.0, 0.0))
    >>> revoked = Correction(2, 20, "Lee", "wrong meter", Revocation(1))
    >>> [len(in_force([change, revoked], before_us)) for before_us in (10, 11, 20, 21)]
    [0, 1, 1, 0]
    """
    known = [one for one in corrections if known_before_us is None or one.recorded_us < known_before_us]
    revoked = {one.content.of for one in known if isinstance(one.content, Revocation)}
    return [one for one in known if one.id not in revoked and not isinstance(one.content, Revocation)]


def contents(corrections: Iterable[Correction], kind: type[C]) -> list[C]:
    """What the corrections of one kind say, in their order."""
    return [one.content for one in corrections if isinstance(one.content, kind)]
