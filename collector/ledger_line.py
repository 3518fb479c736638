"""How complete is the data behind a report? Readings expected, received and stored, and the time that is missing."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from collector.store import devices, gaps, readings
from collector.store.tags import stored_tags
from config.devices import ModbusDevice
from config.site import Site
from plant.instant import US_PER_S
from plant.intervals import clip, intervals, length_us
from plant.period import Period


def ledger_line(connection: Connection, site: Site, period: Period) -> dict[str, Any]:
    """The ledger of a report: expected (None where a device is subscribed to), received, stored, gap_s.

    received counts what devices handed over in the quarter hours of the period, repeats included. gap_s: the gaps of
    all devices and tags, each device's counted once.
    """
    tags = stored_tags(connection).values()
    return {
        "expected": _expected(site, period, devices.first_received(connection)),
        "received": devices.received(connection, period.start_us, period.end_us),
        "stored": sum(readings.count(connection, found.id, period.start_us, period.end_us) for found in tags),
        "gap_s": _gap_s(connection, period),
    }


def _expected(site: Site, period: Period, first_us: Mapping[str, int]) -> int | None:
    """Readings that the polls of the period should bring, from a device's first on; None with a subscription."""
    expected = 0.0
    for device in site.devices:
        if not isinstance(device, ModbusDevice) and device.mode == "subscribe":
            return None
        polled_us = period.end_us - max(period.start_us, first_us.get(device.id, period.end_us))
        expected += max(0, polled_us) / (device.poll_s * US_PER_S) * len(device.tags)
    return int(expected)


def _gap_s(connection: Connection, period: Period) -> float:
    by_device: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for gap in gaps.overlapping(connection, period.start_us, period.end_us):
        by_device[gap.device].append((gap.start_us, gap.end_us if gap.end_us is not None else period.end_us))
    missing = (clip(intervals(rows), period.start_us, period.end_us) for rows in by_device.values())
    return sum(length_us(found) for found in missing) / US_PER_S
