"""What does an OPC UA server send? Its notification messages become handovers, none missing and none twice."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from asyncua import ua
from numpy.typing import NDArray

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.opcua_columns import TagColumns
from connectors.opcua_continuity import LAST_NUMBER, MessageNumbers
from connectors.opcua_events import items_of
from connectors.opcua_items import Items
from connectors.opcua_layout import Layouts
from connectors.opcua_link import DoubtError, Link, NodeError, now_us
from connectors.opcua_message import NotUnderstoodError, PublishAnswer, as_objects, republish_answer
from connectors.opcua_notification import notified
from connectors.opcua_publishing import BYTES_A_READING, MOST_UNCOMMITTED_BYTES, Arrival, PublishLoop
from connectors.opcua_values import ABSENT, Decoder, Samples, joined
from plant.gap import Gap
from plant.instant import US_PER_S
from plant.reading import I64, U32

_MOST_REPUBLISHED = 100
_MOST_MISSING = 100_000
_MOST_RESUMED_BYTES = 4 * MOST_UNCOMMITTED_BYTES
"""A server keeps what was not acknowledged: four times what may await its commit is never due."""


class Messages:
    """The messages of one subscription. ready: what is to be handed over, in order.

    complete_us: until when everything came, as of the last message after which the server had nothing left to send.
    """

    def __init__(self, link: Link, device: OpcUaDevice, decoder: Decoder, loop: PublishLoop, items: Items) -> None:
        self.ready: deque[Handover] = deque()
        self.complete_us = 0
        self._link = link
        self._device = device
        self._decoder = decoder
        self._layouts = Layouts()
        self._columns = TagColumns(decoder.values, decoder.parts)
        self._loop = loop
        self._numbers = MessageNumbers()
        # rows whose first value came; an event is never one
        self._reported = np.array([tag.events for tag in device.tags], dtype=np.bool_)
        self._last_times_us = np.full(len(device.tags), ABSENT)
        self._items = items
        self.position_at: Callable[[int, int], str | None] = lambda number, complete_us: None

    async def resume(self, last: int, complete_us: int, available: Sequence[int]) -> None:
        """Go on after the message with this number: what was sent since and did not come is asked for again.

        complete_us: until when everything had come. available: numbers that the server says it can send again.
        """
        self._reported[:] = True
        self._reported[[row for row in self._items.refused if not self._device.tags[row].events]] = False
        self.complete_us = complete_us
        self._numbers.take(last)
        number = last % LAST_NUMBER + 1
        while (answer := await self._republished(number)) is not None:
            samples = self._understood(answer)
            if samples is None:
                break
            self._numbers.take(number)
            self._hand_over_message(answer, samples, now_us())
            number = number % LAST_NUMBER + 1
            if len(self.ready) > _MOST_MISSING or self._loop.uncommitted_bytes > _MOST_RESUMED_BYTES:
                raise DoubtError("the server sends messages again without end")
        ahead = [self._numbers.skipped(one) + 1 for one in available if not self._numbers.is_repeat(one)]
        if max(ahead, default=0) > _MOST_MISSING:
            raise DoubtError(f"message numbers jumped by {max(ahead)}")
        if ahead:
            await self._recover([(number - 1 + step) % LAST_NUMBER + 1 for step in range(max(ahead))], now_us())

    def begin(self, rows: Iterable[int], refused: dict[int, int]) -> None:
        """Rows that are watched anew: their next value is a first one; and rows that were refused, with the reason."""
        self._reported[list(rows)] = False
        news = [self._decoder.bad(row, status) for row, status in refused.items()]
        self._hand_over(Samples.of(news), now_us(), snapshot=True)

    async def take(self, arrival: Arrival) -> None:
        """Raises DoubtError and what a lost link raises."""
        answer, received_us = arrival.answer, arrival.received_us
        number = answer.number
        if answer.has_data and self._numbers.is_repeat(number):
            self._loop.repeated(number)
            return
        samples = self._understood(answer)
        if samples is None:
            return  # its number will be missing, and is asked for again
        skipped = self._numbers.skipped(number)
        if skipped > _MOST_MISSING:
            raise DoubtError(f"message numbers jumped by {skipped} to {number}")
        if skipped:
            await self._recover(list(self._numbers.missing(number)), received_us)
        if answer.has_data:
            self._numbers.take(number)
            self._hand_over_message(answer, samples, received_us)
        else:
            self.ready.append(Handover(known_until_us=self._known_until_us(answer, received_us)))
        if not answer.more:
            self.complete_us = self._known_until_us(answer, received_us) or self.complete_us

    def _known_until_us(self, answer: PublishAnswer, received_us: int) -> int | None:
        """Until when nothing is missing once this message came; None while the server has more to send.

        What changed after the message was made may be lost with the link although the message came later, and what
        changed less than a sampling interval before may not have been sampled yet.
        """
        if answer.more:
            return None
        made_us = answer.published_us
        if made_us == ABSENT or abs(made_us - received_us) > self._device.max_clock_error_s * US_PER_S:
            made_us = received_us  # as the times of its values, which are those of receipt then
        return min(received_us, made_us) - round(self._items.sampling_ms * 1000)

    def _understood(self, answer: PublishAnswer) -> Samples | None:
        """What the message says of each row, in its order; None when its bytes cannot be understood."""
        if answer.message is None:
            parts = [self._columns_of(body) for body in answer.bodies]
            whole = [part for part in parts if part is not None]
            if len(whole) == len(parts):
                return joined(whole)
        try:
            items = list(items_of(as_objects(answer)))
        except NotUnderstoodError:
            return None
        rows = [(item.ClientHandle, item.Value) for item in items if 0 <= item.ClientHandle < len(self._device.tags)]
        return Samples.of([self._decoder.sample(row, value, first=False) for row, value in rows])

    def _columns_of(self, body: bytes) -> Samples | None:
        items = notified(body, self._layouts)
        return None if items is None else self._columns.understood(items)

    async def _recover(self, missing: list[int], received_us: int) -> None:
        """Ask for messages that did not come; what the server no longer has is a gap, and is read again."""
        lost = missing[:-_MOST_REPUBLISHED]
        for number in missing[-_MOST_REPUBLISHED:]:
            answer = await self._republished(number)
            samples = self._understood(answer) if answer is not None else None
            self._numbers.take(number)
            if answer is None or samples is None:
                lost.append(number)
            else:
                self._hand_over_message(answer, samples, received_us)
        if lost:
            cause = f"notification messages {lost[0]} to {lost[-1]} were lost and the server no longer had them"
            gap = Gap(self._device.id, None, min(self.complete_us, received_us), received_us, cause)
            self.ready.append(Handover(gaps=(gap,)))
            await self._read_again()

    async def _republished(self, number: int) -> PublishAnswer | None:
        try:
            answer = republish_answer(await self._link.session.republish_raw(self._items.id, number), self._items.id)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # BadMessageNotAvailable, or a message that cannot be understood: gone either way
            return None
        return answer if answer.number == number and answer.has_data else None

    async def _read_again(self) -> None:
        wanted: dict[int, ua.ReadValueId] = {}
        samples = []
        for row, tag in enumerate(self._device.tags):
            if row in self._items.refused or tag.events:
                continue
            try:
                wanted[row] = self._link.wanted(tag)
            except NodeError as error:
                samples.append(self._decoder.bad(row, error.status))
        values = await self._link.read(list(wanted.values()))
        samples += [self._decoder.sample(row, data, first=True) for row, data in zip(wanted, values, strict=True)]
        self._hand_over(Samples.of(samples), now_us(), snapshot=True)

    def _hand_over_message(self, answer: PublishAnswer, samples: Samples, received_us: int) -> None:
        """First values of items are readings again, all others events; acknowledged when both are stored."""
        number = answer.number
        self._loop.took(number, max(answer.size, BYTES_A_READING * len(samples)))
        first = self._first(samples.rows)
        if first is None:
            self._hand_over(samples, received_us, snapshot=False)
        else:
            self._hand_over(samples[first], received_us, snapshot=True)
            self._hand_over(samples[~first], received_us, snapshot=False)

        def done() -> None:
            self._loop.committed(number)

        last = self.ready.pop() if len(samples) else Handover()
        known_us = self._known_until_us(answer, received_us)
        position = self.position_at(number, known_us or self.complete_us)
        self.ready.append(Handover(last.batch, known_us, last.gaps, done, position))

    def _first(self, rows: U32) -> NDArray[np.bool_] | None:
        """Which are the first values of their items; None for none."""
        new = ~self._reported[rows]
        if not new.any():
            return None
        once = np.zeros(len(rows), dtype=np.bool_)
        once[np.unique(rows, return_index=True)[1]] = True  # a row twice in one message: only the first is
        self._reported[rows] = True
        return np.asarray(new & once)

    def _hand_over(self, samples: Samples, received_us: int, snapshot: bool) -> None:
        if not len(samples):
            return
        first = np.full(len(samples), snapshot)
        batch = self._decoder.batch_of(samples, first, received_us, self.complete_us, snapshot)
        self._items.reported(batch.tags, batch.status)
        gaps = self._overflows(samples, batch.times_us) if samples.overflowed.any() else ()
        self._last_times_us[samples.rows] = batch.times_us
        self.ready.append(Handover(batch, gaps=gaps))

    def _overflows(self, samples: Samples, times_us: I64) -> tuple[Gap, ...]:
        """A gap of each tag whose queue overflowed, from its reading before."""
        gaps: list[Gap] = []
        last_us = self._last_times_us.copy()
        columns = samples.rows.tolist(), samples.overflowed.tolist(), times_us.tolist()
        for row, overflowed, time_us in zip(*columns, strict=True):
            if overflowed:
                start_us = int(last_us[row]) if last_us[row] != ABSENT else self.complete_us
                name = self._decoder.names[row]
                gaps.append(
                    Gap(self._device.id, name, min(start_us, time_us), time_us, "the server's queue overflowed")
                )
            last_us[row] = time_us
        return tuple(gaps)
