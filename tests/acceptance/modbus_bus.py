"""A gateway with units on one bus, which carries one request at a time: some units are slow, some never answer."""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

GATEWAY_PATIENCE_S = 0.3
"""How long the bus is lost to a unit that does not answer."""
ILLEGAL_ADDRESS, NO_RESPONSE = 2, 11


@dataclass
class ModbusBus:
    """Every register of every unit holds the low word of its address. Any connection may ask; requests queue.

    answer_s: what an answer takes; slow: for some units. dead: units that never answer. says_so: the gateway answers
    for them with exception 11. refused: addresses that no request may touch. asked: requests by unit.
    """

    answer_s: float = 0.0
    slow: dict[int, float] = field(default_factory=dict)
    dead: frozenset[int] = frozenset()
    says_so: bool = False
    refused: frozenset[int] = frozenset()
    asked: Counter[int] = field(default_factory=Counter)
    port: int = 0
    _free: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["ModbusBus"]:
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                request = await reader.readexactly(12)
                answer = await self._answer(*struct.unpack(">HHHBBHH", request))
                if answer is not None:
                    writer.write(request[:4] + struct.pack(">HB", len(answer) + 1, request[6]) + answer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, _id: int, _p: int, _n: int, unit: int, function: int, at: int, count: int) -> bytes | None:
        self.asked[unit] += 1
        async with self._free:
            if unit in self.dead:
                await asyncio.sleep(GATEWAY_PATIENCE_S)
                return bytes([function | 0x80, NO_RESPONSE]) if self.says_so else None
            if (takes_s := self.slow.get(unit, self.answer_s)) > 0:
                await asyncio.sleep(takes_s)
        if self.refused.intersection(range(at, at + count)):
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        return bytes([function, 2 * count]) + struct.pack(f">{count}H", *range(at, at + count))
