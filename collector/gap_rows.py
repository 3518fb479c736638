"""What could not be had, and why? Rows of gaps as addresses show them."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from plant.gap import Gap
from plant.instant import format_instant


def gap_rows(gaps: Iterable[Gap], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Gaps as device, tag (null: all of the device), from, to (null: it lasts) and cause."""
    return [
        {
            "device": gap.device,
            "tag": gap.tag,
            "from": format_instant(gap.start_us, zone),
            "to": None if gap.end_us is None else format_instant(gap.end_us, zone),
            "cause": gap.cause,
        }
        for gap in gaps
    ]
