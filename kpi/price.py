"""What did one unit cost on a day? Versions of a price, each valid until the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """A price [currency a unit] from a day on, and where it comes from, e.g. a tariff table or who set it."""

    valid_from: date
    price: float
    source: str = ""


def price_on(versions: Sequence[PriceVersion], day: date) -> PriceVersion | None:
    """The version valid on a day: the newest that is not later. None before the first one, or without any.

    versions: in any order. Raises ValueError for two of one day, of which none can be preferred.

    >>> versions = [PriceVersion(date(2026, 1, 1), 150.0), PriceVersion(date(2026, 7, 1), 160.0)]
    >>> [found and found.price for found in (price_on(versions, date(2026, month, 1)) for month in (6, 7))]
    [150.0, 160.0]
    >>> price_on(versions, date(2025, 12, 31)) is None
    True
    """
    if len({version.valid_from for version in versions}) < len(versions):
        raise ValueError("two versions of a price begin on the same day")
    valid = [version for version in versions if version.valid_from <= day]
    return max(valid, key=lambda version: version.valid_from) if valid else None
