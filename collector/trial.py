"""What happens when a device is tried at once? It is hurried, and watched for a moment."""

import asyncio
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from connectors.connector import Connector
from connectors.device_health import now_us

WATCHED_S = 4.0
_LOOK_S = 0.05


class Outcome(StrEnum):
    """answered: the device answered meanwhile. failed: it did not. waiting: neither is known yet."""

    ANSWERED = "answered"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of an attempt. error: in the connector's words. took_s: until that was known."""

    outcome: Outcome
    error: str | None
    took_s: float

    def as_json(self) -> dict[str, Any]:
        """As it goes over the control socket."""
        return asdict(self)


async def tried(connector: Connector, watched_s: float = WATCHED_S) -> Trial:
    """Hurry a connector and say what comes of it, at the latest after so long. Nothing is written to the device."""
    health, since_us, begun_s = connector.health, now_us(), time.monotonic()
    answers, errors = health.latency.total, health.errors.total
    connector.try_now()
    while (took_s := time.monotonic() - begun_s) < watched_s:
        if health.latency.total > answers and health.connected_since_us is not None:
            return Trial(Outcome.ANSWERED, None, took_s)
        if health.errors.total > errors and (health.last_error_us or 0) >= since_us:
            return Trial(Outcome.FAILED, health.last_error, took_s)
        await asyncio.sleep(_LOOK_S)
    return Trial(Outcome.WAITING, None, took_s)
