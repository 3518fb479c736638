"""Which unit ids answer behind an address or on a serial line? Asked one after the other, each once.

Any answer counts, a refusal too; not those by which a gateway says that nobody is there (exceptions 10 and 11, MODBUS
Application Protocol V1.1b3, 7).
"""

import re
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from config.devices import ModbusDevice
from connectors.device_health import Cause
from connectors.modbus_asking import Asking, LinkError
from connectors.modbus_check import Refused
from connectors.modbus_plan import Block
from connectors.reachability import require_listener

ANSWER_S = 0.3
PATIENT_S = 3.0
"""How long the first silent unit is waited for: gateways say only after their own time-out that nobody is there."""
MOST_S = 10.0
_MARGIN = 1.5
_LIKE = 8
"""So many units that all give the same answer, none silent among them, are one device that looks at no id."""
_GATEWAY_CODES = (10, 11)
_PARTS = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")

BAUDRATES = (9600, 19200, 38400, 115200)
PARITIES = ("even", "none", "odd")


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """What one unit id said: `answers`, an exception, or why it is taken not to be there; words: what it holds."""

    unit: int
    is_there: bool
    said: str
    words: tuple[int, ...] = ()


def units_of(text: str) -> list[int]:
    """Unit ids as somebody writes them. Raises ValueError.

    >>> units_of("1-3,247")
    [1, 2, 3, 247]
    """
    units: list[int] = []
    for part in text.replace(" ", "").split(","):
        found = _PARTS.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= 255:
            raise ValueError("must be unit ids from 0 to 255, as in 1-20,247")
        units += range(first, last + 1)
    return list(dict.fromkeys(units))


def usual_units(transport: str) -> list[int]:
    """1 to 247, and over TCP 255, by which a device of its own may be meant (Messaging Guide V1.0b, 4.4.2)."""
    return [*range(1, 248), *([255] if transport == "tcp" else [])]


def line_settings(device: ModbusDevice) -> Iterator[ModbusDevice]:
    """The settings of a serial line that devices usually have, the device's own first, then the most usual."""
    yield device
    for baudrate in BAUDRATES:
        for parity in PARITIES:
            other = device.model_copy(update={"baudrate": baudrate, "parity": parity, "stopbits": 1})
            if (other.baudrate, other.parity) != (device.baudrate, device.parity):
                yield other


async def scanned(
    device: ModbusDevice, units: Sequence[int], block: Block, answer_s: float = ANSWER_S
) -> AsyncGenerator[UnitAnswer, None]:
    """Each unit's answer as it comes. Raises UnreachableError where no connection can be had.

    Unit 0 is nobody's on a serial line (broadcast) and is left out there. answer_s: how long a unit is waited for; a
    gateway that takes longer to say that nobody is there is given its time.
    """
    asking = Asking(device)
    if device.transport != "rtu":
        await require_listener(device.host or "", device.tcp_port)
    patience_s = _Patience(answer_s, is_new=device.transport != "rtu")
    try:
        for unit in units:
            if unit == 0 and device.transport != "tcp":
                continue
            yield await _asked(asking, unit, block, patience_s)
    finally:
        await asking.close()


@dataclass(slots=True)
class _Patience:
    """How long to wait for the next unit: as long as the slowest answer so far took, and half as long again."""

    seconds: float
    is_new: bool

    def next_s(self) -> float:
        return max(self.seconds, PATIENT_S) if self.is_new else self.seconds

    def learn(self, taken_s: float) -> None:
        self.seconds = min(max(self.seconds, _MARGIN * taken_s), MOST_S)


async def _asked(asking: Asking, unit: int, block: Block, patience: _Patience) -> UnitAnswer:
    for _ in range(2):
        began_s = time.monotonic()
        try:
            answer = await asking.read(block, patience.next_s(), unit)
        except LinkError as error:
            said = str(error)
            if error.cause is Cause.SILENT:
                patience.is_new = False
                return UnitAnswer(unit, False, "silent")
            continue  # a late answer to the request before, perhaps
        patience.learn(time.monotonic() - began_s)
        if not isinstance(answer, Refused):
            return UnitAnswer(unit, True, "answers", tuple(int(word) for word in answer))
        if answer.code in _GATEWAY_CODES:
            patience.is_new = False
        return UnitAnswer(unit, answer.code not in _GATEWAY_CODES, str(answer))
    return UnitAnswer(unit, False, said)


def looks_at_no_unit(answers: Sequence[UnitAnswer]) -> bool:
    """Whether one device answers to every unit id: many asked, all there, all saying the same."""
    said = {(one.said, one.words) for one in answers}
    return len(answers) >= _LIKE and all(one.is_there for one in answers) and len(said) == 1
