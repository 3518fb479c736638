"""Which lines does the log get about a Modbus device? One when something of it is lost, and one when it is back."""

import logging
from collections.abc import Iterable

from config.devices import ModbusDevice
from connectors.block_health import BlockHealth

log = logging.getLogger(__name__)

MOST_NAMED = 5


class DeviceLog:
    """Says what changed about one device, and nothing at a poll that is as the one before."""

    def __init__(self, device: ModbusDevice) -> None:
        self._device, self._unit = f"{device.id} ({device.line})", device.unit
        self._is_read = True

    def contact(self, is_read: bool, why: str) -> None:
        """Whether the device answers now; why it does not."""
        if is_read == self._is_read:
            return
        self._is_read = is_read
        if is_read:
            log.info("%s: unit %d answers again", self._device, self._unit)
        else:
            log.warning("%s: not read: %s", self._device, why)

    def quarantine(self, before: Iterable[BlockHealth], now: Iterable[BlockHealth]) -> None:
        """What is in quarantine now and was before."""
        was, standing = {str(one): one for one in before}, {str(one): one for one in now}
        added: dict[str, list[str]] = {}
        for name, one in standing.items():
            if name in was:
                continue
            why = f"exception {one.exception_code}, {one.exception}" if one.exception_code else "no answer"
            added.setdefault(why, []).append(name)
        for why, names in added.items():
            log.warning("%s: unit %d, put into quarantine: %s: %s", self._device, self._unit, _some(names), why)
        back = [name for name in was if name not in standing]
        if back:
            log.info("%s: unit %d, answered again: %s", self._device, self._unit, _some(back))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
