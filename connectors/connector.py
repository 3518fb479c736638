"""What does a connection to a device give to the collector? Batches to commit, and what could not be had."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

from plant.gap import Gap
from plant.reading import Batch


class ConnectorError(Exception):
    """A device cannot be read with these settings: one line that names the device, for whoever wrote them."""


def _nothing_to_do() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Handover:
    """What a connector hands over at once, to be committed as one.

    batch: readings; None for a keep-alive or gaps alone. known_until_us: every tag of the device that is not in an
    open gap is known until then (received time of a good poll or keep-alive). gaps: gaps that opened (end None) or
    closed (same device, tag and start as when it opened; a short one comes closed at once). done: to be called after
    the commit, never before; only then does the connector acknowledge to the device.
    """

    batch: Batch | None = None
    known_until_us: int | None = None
    gaps: tuple[Gap, ...] = ()
    done: Callable[[], None] = _nothing_to_do


@dataclass(slots=True)
class DeviceHealth:
    """What is known of a connection now; the connector changes it, health and status show it.

    connected_since_us None: not connected. polls_late: polls that overran and were skipped, each written as a gap.
    """

    connected_since_us: int | None = None
    last_good_us: int | None = None
    last_error: str | None = None
    last_error_us: int | None = None
    reconnects: int = 0
    readings: int = 0
    polls: int = 0
    polls_failed: int = 0
    polls_late: int = 0
    notes: list[str] = field(default_factory=list)


class Connector(Protocol):
    """One device being read. Trouble of the device becomes Bad readings and gaps; it is never raised."""

    health: DeviceHealth

    def batches(self) -> AsyncIterator[Handover]:
        """Hand over readings for as long as it is iterated, connecting again by itself for ever.

        A few handovers may wait for their commit; when they do, the next is not asked for: that is the back-pressure.
        Closing the iterator closes the connection.
        """
        ...

    async def read_once(self) -> Handover:
        """Read every tag once over a connection of its own; a tag that cannot be read comes as a Bad reading."""
        ...
