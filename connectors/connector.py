"""What does a connection to a device give to the collector? Batches to commit, and what could not be had."""

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from connectors.device_health import DeviceHealth
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
    the commit, never before; only then does the connector acknowledge to the device. position: from where the
    connector can go on once this is committed; kept with it, and given back at the next start (None: as before).
    since_us: from when on nothing is missed (None: from known_until_us on); for one that went on from the position
    that it was given at its start, that is before the start.
    """

    batch: Batch | None = None
    known_until_us: int | None = None
    gaps: tuple[Gap, ...] = ()
    done: Callable[[], None] = _nothing_to_do
    position: str | None = None
    since_us: int | None = None


class Connector(Protocol):
    """One device being read. Trouble of the device becomes Bad readings and gaps; it is never raised."""

    health: DeviceHealth

    def batches(self) -> AsyncGenerator[Handover, None]:
        """Hand over readings for as long as it is iterated, connecting again by itself for ever.

        A few handovers may wait for their commit; when they do, the next is not asked for: that is the back-pressure.
        Closing the iterator closes the connection.
        """
        ...

    async def read_once(self) -> Handover:
        """Read every tag once over a connection of its own; a tag that cannot be read comes as a Bad reading."""
        ...

    def fill(self, gaps: Iterable[Gap]) -> None:
        """Gaps of its device that are stored: hand over, behind the live readings, what the device still has of them.

        Gaps that this ends or shortens come with the handovers. A device without a memory does nothing.
        """
        ...

    def try_now(self) -> bool:
        """Connect at once instead of waiting for the next attempt; where connected, read or ask for a sign of life.

        Nothing is written to the device. False when there is nothing to hurry: an attempt is being made.
        """
        ...
