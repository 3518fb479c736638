"""Requests of many devices leave together, of few at once, and none is lost or overtakes another of its connection."""

import asyncio

from connectors.modbus_departure import MANY, Departures


class Wire(asyncio.Transport):
    """Notes what is written."""

    def __init__(self, *, closing: bool = False) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self._is_closing = closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return self._is_closing


def test_few_are_sent_at_once() -> None:
    wire, departures = Wire(), Departures()
    departures.asking = MANY - 1
    departures.send(wire, b"a")
    assert wire.sent == [b"a"]


def test_many_leave_at_the_end_of_the_turn_in_their_order() -> None:
    async def scenario() -> None:
        first, second, closing, departures = Wire(), Wire(), Wire(closing=True), Departures()
        departures.asking = MANY
        departures.send(first, b"a")
        departures.send(second, b"b")
        departures.send(closing, b"c")
        departures.asking = 1
        departures.send(first, b"d")
        assert first.sent == second.sent == []
        await asyncio.sleep(0)
        assert (first.sent, second.sent, closing.sent) == ([b"a", b"d"], [b"b"], [])
        departures.send(first, b"e")
        assert first.sent == [b"a", b"d", b"e"]

    asyncio.run(scenario())
