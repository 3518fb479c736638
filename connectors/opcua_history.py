"""What does an OPC UA server still know of the time in which it was not read? Its history fills gaps, behind live data.

HistoryRead (OPC 10000-4 5.11.3) of raw values, a slice at a time; the next slice is asked for when the last is stored.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from itertools import compress

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.opcua_backfill import MOST_NODES_A_CALL, Backfill, Slice, is_settled
from connectors.opcua_history_call import HistoryCalls, NoHistoryError, Values
from connectors.opcua_link import Link, now_us, plain
from connectors.opcua_values import ABSENT, Decoder, Sample
from plant.gap import Gap
from plant.status_code import status_name

log = logging.getLogger(__name__)

_MOST_GAPS = 1_000
_MOST_ATTEMPTS = 2
_MOST_FAULTS = 5


class History:
    """Gaps of one device that its server's history may fill, over whatever link there is.

    Nothing that goes wrong here is raised to whoever reads live.
    """

    def __init__(self, device: OpcUaDevice, decoder: Decoder) -> None:
        self._device = device
        self._decoder = decoder
        self._gaps: deque[Gap] = deque(maxlen=_MOST_GAPS)
        self._filling: Backfill | None = None
        self._attempts = 0
        self._asked, self._news, self._stored = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._slice: Handover | None = None
        self._live: asyncio.Task[Handover] | None = None

    def fill(self, gaps: Iterable[Gap]) -> None:
        """Fill the gaps that are closed, when there is a link; those that are open come again when they are closed."""
        if self._device.history == "never":
            return
        ended = [gap for gap in gaps if gap.end_us is not None and gap.end_us > gap.start_us]
        closed = [gap for gap in ended if not is_settled(gap)]
        self._gaps.extend(closed)
        if closed:
            self._asked.set()

    @contextlib.asynccontextmanager
    async def over(self, link: Link) -> AsyncIterator[None]:
        """Fill gaps over this link for as long as the block runs."""
        task = asyncio.create_task(self._fill_all(link), name=f"history {self._device.id}")
        try:
            yield
        finally:
            tasks = [task] if self._live is None else [task, self._live]
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._live = self._slice = None

    async def next(self, live: Callable[[], Awaitable[Handover]]) -> Handover:
        """The next live handover, or a slice of history if one is ready; raises what `live` raises."""
        if self._live is None and self._slice is None and self._filling is None:
            return await live()
        if self._live is None:
            self._live = asyncio.ensure_future(_started(live))
        while self._slice is None and not self._live.done():
            self._news.clear()
            news = asyncio.create_task(self._news.wait())
            try:
                await asyncio.wait({self._live, news}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
        if self._slice is not None:
            ready, self._slice = self._slice, None
            return ready
        done, self._live = self._live, None
        return done.result()

    async def _fill_all(self, link: Link) -> None:
        calls = HistoryCalls(link, self._device)
        while True:
            if self._filling is None:
                while not self._gaps:
                    self._asked.clear()
                    await self._asked.wait()
                self._filling, self._attempts = self._next_filling(), 0
            if self._attempts >= _MOST_ATTEMPTS:  # each time the link was lost
                log.warning("%s: its history could not be read: the link was lost each time", self._device.id)
                self._filling = None
                continue
            self._attempts += 1
            try:
                await self._fill(calls, self._filling)
            except ConnectionError:
                if self._attempts < _MOST_ATTEMPTS:
                    return  # goes on over the next link
            except NoHistoryError as error:
                log.debug("%s: no history: %s", self._device.id, error)
            except Exception as error:
                if isinstance(error, TimeoutError) and self._attempts < _MOST_ATTEMPTS:
                    continue
                log.warning("%s: its history could not be read: %s", self._device.id, plain(error))
            self._filling = None

    def _next_filling(self) -> Backfill:
        """The oldest gap, and all others of the same time."""
        first = self._gaps[0]
        alike = [gap for gap in self._gaps if (gap.start_us, gap.end_us) == (first.start_us, first.end_us)]
        for gap in alike:
            self._gaps.remove(gap)
        return Backfill(alike, self._decoder.names)

    async def _fill(self, calls: HistoryCalls, filling: Backfill) -> None:
        clock = await calls.clock()
        filling.begin(await calls.with_history(filling.rows), clock.offset_us)
        most_nodes = min(MOST_NODES_A_CALL, await calls.nodes_a_call())
        faults = 0
        try:
            while (asked := filling.next_slice(most_nodes)) is not None:
                given = await calls.read(asked)
                if given is None:
                    most_nodes = max(1, len(asked.rows) // 2)
                    continue
                faults = faults + 1 if given[0].is_fault else 0
                if faults == _MOST_FAULTS and not filling.values:
                    raise NoHistoryError("the server cannot read its history")
                if any(values.lost_its_place for values in given):
                    most_nodes = 1
                await self._hand_over_slice(filling, asked, given)
        finally:
            await calls.release(filling.points())
        gaps = filling.remaining(clock.up_since_us)
        if gaps:
            await self._hand_over(Handover(gaps=tuple(gaps)))
            log.info("%s: %d values filled a gap from the server's history", self._device.id, filling.values)

    async def _hand_over_slice(self, filling: Backfill, asked: Slice, given: list[Values]) -> None:
        samples: list[Sample] = []
        for row, values in zip(asked.rows, given, strict=True):
            if values.lost_its_place:
                filling.lost_its_place(row)
                continue
            if values.refused is not None:
                filling.refused(row, f"the server answered {status_name(values.refused)} for its history")
                continue
            found = [self._decoder.sample(row, data, True) for data in values.values]
            times_us = [one.server_us if one.source_us == ABSENT else one.source_us for one in found]
            if ABSENT in times_us:
                filling.refused(row, "its history has values without a time")
                continue
            inside = [filling.is_within(time_us) for time_us in times_us]
            samples += compress(found, inside)
            filling.took(row, list(compress(times_us, inside)), values.point, len(found) >= asked.values_a_node)
        if samples:
            received_us = now_us()
            await self._hand_over(Handover(self._decoder.batch(samples, received_us, received_us, snapshot=False)))
            self._attempts = 0

    async def _hand_over(self, handover: Handover) -> None:
        """Hand over, and wait until it is stored: one slice at most is on its way."""
        self._stored.clear()
        self._slice = Handover(handover.batch, gaps=handover.gaps, done=self._stored.set)
        self._news.set()
        await self._stored.wait()


async def _started(live: Callable[[], Awaitable[Handover]]) -> Handover:
    return await live()
