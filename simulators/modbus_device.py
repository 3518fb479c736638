"""What does a Modbus device of the simulated plant answer? Values worked out at the moment of the read."""

from collections.abc import Iterable, Sequence

import numpy as np
from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.exceptions import NoSuchIdException
from pymodbus.server import ModbusTcpServer

from config.tags import ModbusTag
from simulators.clock import PlantClock, wall_clock_us
from simulators.registers import words_of
from simulators.scaling import TEN_TO_THE
from simulators.scene import Scene, Source
from simulators.truth import Seen, Show

_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class ModbusUnit:
    """One unit: its tags' values as bits and registers. Between its first and last address holes read as 0."""

    def __init__(self, tags: Iterable[ModbusTag], scene: Scene, clock: PlantClock, show: Show) -> None:
        self._sources: dict[str, list[tuple[ModbusTag, Source]]] = {}
        for tag in tags:
            self._sources.setdefault(tag.table, []).append((tag, scene.source(tag)))
        self._ranges = {table: _range(tag for tag, _ in rows) for table, rows in self._sources.items()}
        self._clock = clock
        self._show = show

    def read(self, table: str, address: int, count: int) -> list[int] | None:
        """Bits or registers of a table; None where the device has none. Every value read whole is shown."""
        first, end = self._ranges.get(table, (0, 0))
        if address < first or address + count > end:
            return None
        times_us = np.array([self._clock.now_us()], dtype=np.int64)
        answer = [0] * count
        seen: list[Seen] = []
        served_us = wall_clock_us()
        for tag, source in self._sources[table]:
            if tag.scale_from is not None:
                _place(answer, tag.scale_from - address, [TEN_TO_THE & 0xFFFF])
            at = tag.address - address
            if at >= count or at + tag.words <= 0:
                continue
            given = source.given(times_us)
            _place(answer, at, _words(tag, given[0].item()))
            if at >= 0 and at + tag.words <= count:
                seen.append((served_us, tag.name, source.read(given)[0].item()))
        self._show(seen)
        return answer


def _range(tags: Iterable[ModbusTag]) -> tuple[int, int]:
    """First address of a table and the one after its last."""
    spans = []
    for tag in tags:
        spans.append((tag.address, tag.address + tag.words))
        if tag.scale_from is not None:
            spans.append((tag.scale_from, tag.scale_from + 1))
    return min(first for first, _ in spans), max(end for _, end in spans)


def _words(tag: ModbusTag, given: float | str) -> list[int]:
    if tag.table in ("coil", "discrete"):
        return [int(bool(given))]
    return words_of(tag, given)


def _place(answer: list[int], at: int, words: list[int]) -> None:
    for offset, word in enumerate(words, at):
        if 0 <= offset < len(answer):
            answer[offset] |= word  # tags of single bits share a register


class _Units(ModbusServerContext):
    """What pymodbus's server asks for values: the units, at the moment of each request, with its exact range.

    The library's own register memory tells an action neither which bits were asked for nor that a unit is missing.
    """

    def __init__(self, units: dict[int, ModbusUnit]) -> None:
        self.simdevices = []
        self.old_simulator = True  # makes the server take this object as it is
        self._units = units

    async def async_getValues(  # noqa: N802
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if device_id not in self._units:
            raise NoSuchIdException(f"no unit {device_id}")
        table = _TABLES.get(func_code)
        if table is None:
            return ExcCodes.ILLEGAL_FUNCTION
        answer = self._units[device_id].read(table, address, count)
        if answer is None:
            return ExcCodes.ILLEGAL_ADDRESS
        return [bool(bit) for bit in answer] if func_code in (1, 2) else answer

    async def async_setValues(  # noqa: N802
        self, device_id: int, func_code: int, address: int, values: Sequence[int] | Sequence[bool]
    ) -> ExcCodes | None:
        return ExcCodes.ILLEGAL_FUNCTION  # a plant is read, never changed

    def device_ids(self) -> list[int]:
        return list(self._units)


class ModbusAddress:
    """One address with all units behind it. Raises RuntimeError when it cannot be listened on."""

    def __init__(self, host: str, port: int, over_rtu: bool, units: dict[int, ModbusUnit]) -> None:
        framer = FramerType.RTU if over_rtu else FramerType.SOCKET
        self._server = ModbusTcpServer(_Units(units), framer=framer, address=(host, port))

    async def start(self) -> None:
        await self._server.serve_forever(background=True)

    async def stop(self) -> None:
        await self._server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus leaves it untyped
