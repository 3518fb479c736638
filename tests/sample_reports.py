"""Reports as a plant would make them, for tests of both sides."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kpi.report import Event, event_sha256, sign, unsigned_event
from plant.instant import format_instant, parse_instant
from plant.period import Clock, Period, PeriodKind, day_period

SEOUL = ZoneInfo("Asia/Seoul")
CLOCK = Clock(SEOUL, 8 * 60)
SITE_SHA256 = "5" * 64
LEDGER = {"expected": None, "received": 864, "stored": 864, "gap_s": 0.0}
CREATED_US = parse_instant("2026-11-22T08:05:00+09:00")


def key_of(seed: int) -> Ed25519PrivateKey:
    """The same private key for the same seed."""
    return Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))


def kpi_json(period: Period, **changed: Any) -> dict[str, Any]:
    """A KPI value in the shape of contract section 6; the numbers are its example's."""
    value = {
        "kpi": "defect_rate", "definition": 1, "scope": "plant",
        "period": {"kind": period.kind.value, "label": period.label,
                   "start": format_instant(period.start_us, SEOUL), "end": format_instant(period.end_us, SEOUL)},
        "value": 0.012308, "unit": "ratio", "numerator": 12.0, "denominator": 975.0, "coverage": 0.998, "grade": "good",
        "reason": None, "flags": ["counter_reset"], "at": None, "as_of": format_instant(CREATED_US, SEOUL),
        "revision": 0, "state": "open", "baseline": 0.031, "target": 0.010, "improvement": 0.603,
        "attainment": 0.890, "savings": 76545.0,
    }  # fmt: skip
    return {**value, **changed}


def day(at: date) -> Period:
    """A production day of the plant."""
    return day_period(PeriodKind.DAY, at, CLOCK)


def month(at: date) -> Period:
    """A month of the plant."""
    return day_period(PeriodKind.MONTH, at, CLOCK)


def unsigned(period: Period, **changed: Any) -> Event:
    """An unsigned report of one period, the first of its epoch."""
    said: dict[str, Any] = {
        "plant": "kr-ansan-0421",
        "programme": "iim",
        "period": period,
        "zone": SEOUL,
        "revision": 1,
        "state": "provisional",
        "created_us": CREATED_US,
        "epoch": 1,
        "sequence": 1,
        "previous": "",
        "values": [kpi_json(period)],
        "ledger": LEDGER,
        "site_sha256": SITE_SHA256,
    }
    return unsigned_event(**{**said, **changed})


def chain(count: int, key: Ed25519PrivateKey, **changed: Any) -> list[Event]:
    """Signed reports of consecutive days, each naming the hash of the one before."""
    return list(_links(count, key, changed))


def _links(count: int, key: Ed25519PrivateKey, changed: Mapping[str, Any]) -> Iterator[Event]:
    previous = ""
    for at in range(count):
        period = day(date(2026, 1, 1) + timedelta(days=at))
        event = sign(unsigned(period, **{"sequence": at + 1, "previous": previous, **changed}), key)
        previous = event_sha256(event)
        yield event
