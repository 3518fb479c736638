"""What does it give to read a device once, now? Each tag with its value, or why there is none and what helps."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.device_connector import open_connector
from collector.device_trouble import device_address
from collector.tag_condition import status_words
from collector.tag_trouble_text import OF_STATUS
from config.devices import Device, ModbusDevice
from config.tags import OpcUaTag, TagSettings
from connectors.connector import Connector
from connectors.device_health import now_us
from connectors.reachability import WORDS, Obstacle, obstacle_to
from plant.plausibility import why_implausible
from plant.status_code import BAD_NO_DATA, is_bad, parse_status, status_name
from plant.tag import Tag

_WAITING = parse_status("BadWaitingForInitialData")


@dataclass(frozen=True, slots=True)
class TrialReading:
    """One tag, read once. time_us: UTC us. value: in the unit of storage; None where there is none.

    fault: why it could not be read, and what helps. doubt: it was read, but has no value now, or one that can hardly
    be right. Both None: it is as it should be.
    """

    tag: Tag
    time_us: int
    status: int
    value: float | str | None = None
    fault: str | None = None
    doubt: str | None = None


async def trial_readings(device: Device, folder: Path) -> list[TrialReading]:
    """Every tag of a device, read once, in the order of the site file. folder: where the site file is."""
    connector = open_connector(device, folder)
    batch = (await connector.read_once()).batch
    found: dict[str, tuple[int, int, float | str | None]] = {}
    for at in range(len(batch) if batch else 0):
        assert batch is not None
        number = float(batch.values[at])
        value = batch.texts.get(at, None if number != number else number)
        found[batch.names[int(batch.tags[at])]] = int(batch.times_us[at]), int(batch.status[at]), value
    return list(_judged(device, connector, found))


def _judged(
    device: Device, connector: Connector, found: dict[str, tuple[int, int, float | str | None]]
) -> Iterator[TrialReading]:
    for settings in device.tags:
        tag = settings.tag()
        time_us, status, value = found.get(tag.name, (now_us(), BAD_NO_DATA, None))
        fault = doubt = None
        if isinstance(settings, OpcUaTag) and settings.events and status == _WAITING:
            pass  # its node notifies; an event cannot be asked for
        elif is_bad(status):
            fault = _fault(device, connector, tag.name, status)
            if isinstance(device, ModbusDevice) and connector.health.why_not(tag.name) is None:
                fault, doubt = _of_answered(settings, status)
        elif isinstance(value, float) and (why := why_implausible(tag.role, value)) is not None:
            unit = f" {tag.storage_unit}" if tag.storage_unit else ""
            doubt = f"{value:.6g}{unit}: {why}; check address, type, order and scale"
        yield TrialReading(tag, time_us, status, value, fault, doubt)


def _fault(device: Device, connector: Connector, name: str, status: int) -> str:
    address = device_address(device)[0]
    why = (connector.health.why_not(name) or status_words(status).en).rstrip(".")
    if address not in why:
        why = f"{address}, {why}"
    return f"{status_name(status)} ({why}){_remedy(device, connector, name, status)}"


def _remedy(device: Device, connector: Connector, name: str, status: int) -> str:
    """What helps, as a further sentence; nothing where nobody knows."""
    obstacle = obstacle_to(connector.health, name)
    if obstacle is not Obstacle.OTHER:
        return f". {WORDS[obstacle].remedy}"
    form = OF_STATUS.get(status_name(status)) if connector.health.last_error is None else None
    return f". {form.remedy.en.format(address=device_address(device)[0])}" if form else ""


def _of_answered(tag: TagSettings, status: int) -> tuple[str | None, str | None]:
    """Fault or doubt of a Modbus tag whose registers came, though no value can be made of them."""
    if status == BAD_NO_DATA:
        said = "by one of its bad_values" if getattr(tag, "bad_values", ()) else "by a float that is no number"
        return None, f"no value now: the device says so {said}"
    return f"{status_name(status)} ({status_words(status).en}). Check address, type, order and scale.", None
