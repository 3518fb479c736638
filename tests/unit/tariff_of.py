"""Tariffs and quarter hours for tests, small enough to price by hand."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from kpi.demand import BLOCK_US, Blocks
from plant.instant import parse_instant
from plant.tariff import BillingRule, DayType, Rate, Tariff, TariffVersion

SEOUL = ZoneInfo("Asia/Seoul")
DAY = ("light",) * 32 + ("peak",) * 56 + ("light",) * 8
"""Light until 08:00 and from 22:00 on."""
WEEKEND = ("light",) * 96


def version(first: date, light: float = 100.0, peak: float = 200.0, base: float | None = 6000.0) -> TariffVersion:
    """Summer is June to August and costs 10 more; Saturdays, Sundays and holidays are light."""
    kinds = {kind: DAY if kind is DayType.WORKING else WEEKEND for kind in DayType}
    seasons = ("summer", "rest")
    prices = {
        (season, band): Rate(price + 10.0 * (season == "summer"), first, f"table of {first}")
        for season in seasons
        for band, price in (("light", light), ("peak", peak))
    }
    return TariffVersion(
        valid_from=first,
        seasons=tuple("summer" if month in (6, 7, 8) else "rest" for month in range(1, 13)),
        bands={(season, kind): bands for season in seasons for kind, bands in kinds.items()},
        prices=prices,
        base_charge=None if base is None else Rate(base, first, "base"),
        billing=BillingRule(frozenset({12, 1, 2, 7, 8, 9}), frozenset({"peak"}), floor_ratio=0.3),
    )


def tariff(*versions: TariffVersion, not_holidays: Sequence[date] = ()) -> Tariff:
    return Tariff("test", "KRW", versions or (version(date(2024, 1, 1)),), not_holidays=frozenset(not_holidays))


def blocks(start: str, *kwh: float, estimated: bool = False) -> Blocks:
    """Quarter hours from an instant on."""
    start_us = parse_instant(start) + np.arange(len(kwh), dtype=np.int64) * BLOCK_US
    n = len(kwh)
    return Blocks(start_us, np.array(kwh, dtype=np.float64), np.full(n, estimated), np.ones(n))
