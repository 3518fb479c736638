"""What does an OPC UA server send? Its notification messages become handovers, none missing and none twice."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from asyncua import ua

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.opcua_continuity import LAST_NUMBER, MessageNumbers
from connectors.opcua_events import items_of
from connectors.opcua_items import Items
from connectors.opcua_link import DoubtError, Link, now_us
from connectors.opcua_publishing import Arrival, PublishLoop
from connectors.opcua_values import Decoder, Sample
from plant.gap import Gap

_MOST_REPUBLISHED = 100
_MOST_MISSING = 100_000


class Messages:
    """The messages of one subscription. ready: what is to be handed over, in order.

    complete_us: when the last message came after which the server had nothing left to send.
    """

    def __init__(self, link: Link, device: OpcUaDevice, decoder: Decoder, loop: PublishLoop, items: Items) -> None:
        self.ready: deque[Handover] = deque()
        self.complete_us = 0
        self._link = link
        self._device = device
        self._decoder = decoder
        self._loop = loop
        self._numbers = MessageNumbers()
        # rows whose first value came; an event is never one
        self._reported = {row for row, tag in enumerate(device.tags) if tag.events}
        self._last_times_us: dict[int, int] = {}
        self._items = items
        self.position_at: Callable[[int, int], str | None] = lambda number, complete_us: None

    async def resume(self, last: int, complete_us: int, available: Sequence[int]) -> None:
        """Go on after the message with this number: what was sent since and did not come is asked for again.

        complete_us: until when everything had come. available: numbers that the server says it can send again.
        """
        self._reported.update(range(len(self._device.tags)))
        self._reported.difference_update(self._items.refused)
        self.complete_us = complete_us
        self._numbers.take(last)
        number = last % LAST_NUMBER + 1
        while (message := await self._republished(number)) is not None:
            self._numbers.take(number)
            self._hand_over_message(message, now_us())
            number = number % LAST_NUMBER + 1
        ahead = [len(self._numbers.missing(one)) + 1 for one in available if not self._numbers.is_repeat(one)]
        if max(ahead, default=0) > _MOST_MISSING:
            raise DoubtError(f"message numbers jumped by {max(ahead)}")
        if ahead:
            await self._recover([(number - 1 + step) % LAST_NUMBER + 1 for step in range(max(ahead))], now_us())

    def begin(self, rows: Iterable[int], refused: dict[int, int]) -> None:
        """Rows that are watched anew: their next value is a first one; and rows that were refused, with the reason."""
        self._reported.difference_update(rows)
        news = [self._decoder.bad(row, status) for row, status in refused.items()]
        self._hand_over(news, now_us(), snapshot=True)

    async def take(self, arrival: Arrival) -> None:
        message = arrival.result.NotificationMessage
        number, has_data = message.SequenceNumber, bool(message.NotificationData)
        if has_data and self._numbers.is_repeat(number):
            self._loop.took()
            self._loop.committed(number)
            return
        missing = self._numbers.missing(number)
        if len(missing) > _MOST_MISSING:
            raise DoubtError(f"message numbers jumped by {len(missing)} to {number}")
        if missing:
            await self._recover(list(missing), arrival.received_us)
        if has_data:
            self._numbers.take(number)
            self._hand_over_message(message, arrival.received_us)
        else:
            self.ready.append(Handover(known_until_us=arrival.received_us))
        if not arrival.result.MoreNotifications:
            self.complete_us = arrival.received_us

    async def _recover(self, missing: list[int], received_us: int) -> None:
        """Ask for messages that did not come; what the server no longer has is a gap, and is read again."""
        lost = missing[:-_MOST_REPUBLISHED]
        for number in missing[-_MOST_REPUBLISHED:]:
            message = await self._republished(number)
            self._numbers.take(number)
            if message is None:
                lost.append(number)
            else:
                self._hand_over_message(message, received_us)
        if lost:
            cause = f"notification messages {lost[0]} to {lost[-1]} were lost and the server no longer had them"
            gap = Gap(self._device.id, None, min(self.complete_us, received_us), received_us, cause)
            self.ready.append(Handover(gaps=(gap,)))
            await self._read_again()

    async def _republished(self, number: int) -> ua.NotificationMessage | None:
        try:
            message = await self._link.session.republish(self._items.id, number)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # BadMessageNotAvailable, or a message that cannot be understood: gone either way
            return None
        return message if message.SequenceNumber == number and message.NotificationData else None

    async def _read_again(self) -> None:
        rows = [row for row, tag in enumerate(self._device.tags) if row not in self._items.refused and not tag.events]
        values = await self._link.read([self._link.wanted(self._device.tags[row]) for row in rows])
        samples = [self._decoder.sample(row, data, first=True) for row, data in zip(rows, values, strict=True)]
        self._hand_over(samples, now_us(), snapshot=True)

    def _hand_over_message(self, message: ua.NotificationMessage, received_us: int) -> None:
        """First values of items are readings again, all others events; acknowledged when both are stored."""
        number = message.SequenceNumber
        self._loop.took()
        first: list[Sample] = []
        events: list[Sample] = []
        for item in items_of(message):
            row = item.ClientHandle
            if not 0 <= row < len(self._device.tags):
                continue
            is_first = row not in self._reported
            self._reported.add(row)
            (first if is_first else events).append(self._decoder.sample(row, item.Value, is_first))
        self._hand_over(first, received_us, snapshot=True)
        self._hand_over(events, received_us, snapshot=False)

        def done() -> None:
            self._loop.committed(number)

        last = self.ready.pop() if first or events else Handover()
        position = self.position_at(number, received_us)
        self.ready.append(Handover(last.batch, received_us, last.gaps, done, position))

    def _hand_over(self, samples: list[Sample], received_us: int, snapshot: bool) -> None:
        if not samples:
            return
        batch = self._decoder.batch(samples, received_us, self.complete_us, snapshot)
        self._items.reported(batch.tags, batch.status)
        gaps: list[Gap] = []
        for sample, time_us in zip(samples, batch.times_us.tolist(), strict=True):
            if sample.overflowed:
                start_us = self._last_times_us.get(sample.row, self.complete_us)
                name = self._decoder.names[sample.row]
                gaps.append(
                    Gap(self._device.id, name, min(start_us, time_us), time_us, "the server's queue overflowed")
                )
            self._last_times_us[sample.row] = time_us
        self.ready.append(Handover(batch, gaps=tuple(gaps)))
