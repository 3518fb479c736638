"""Which trouble is a device in? From what its connector knows of it: pure."""

from collections.abc import Iterator
from itertools import groupby
from urllib.parse import urlsplit

from collector.device_trouble_text import (
    CONNECTION,
    DEVICE_CLOCK,
    EXCEPTIONS,
    NODES,
    NOT_CONNECTED,
    OTHER_EXCEPTION,
    OTHER_NODE,
    POLLS_LATE,
)
from collector.trouble import Trouble, named
from config.devices import Device, ModbusDevice
from connectors.device_health import MANY_LATE, BlockHealth, DeviceHealth
from plant.instant import US_PER_S

_FIRST_ANSWER_US = 15 * US_PER_S
_LATE_S, _LATE_POLLS = 60.0, 100
_CLOCK_US = 3600 * US_PER_S


def device_address(device: Device) -> tuple[str, str]:
    """Where a device is reached, and its host alone."""
    if not isinstance(device, ModbusDevice):
        return device.endpoint, urlsplit(device.endpoint).hostname or ""
    if device.transport == "rtu":
        return device.serial_port or "", device.serial_port or ""
    host = device.host or ""
    return f"{host}:{device.tcp_port}", host


def device_troubles(device: Device, health: DeviceHealth, started_us: int, now_us: int) -> Iterator[Trouble]:
    """What is wrong with a device, worst first. started_us: when the collector began to read it."""
    if health.connected_since_us is None:
        yield from _not_connected(device, health, started_us, now_us)
        return
    for block in health.blocks:
        if block.exception_code is not None:
            yield _refused(device, block)
    by_status = sorted(health.refused_tags.items(), key=lambda one: one[1])
    for status, group in groupby(by_status, key=lambda one: one[1]):
        tags = named([name for name, _ in group])
        form = NODES.get(status, OTHER_NODE)
        yield form.trouble("tags_refused", device.id, None, tags=tags, status=status, address=device_address(device)[0])
    late_within_s = max(_LATE_S, _LATE_POLLS * device.poll_s)  # now and then one is late on any busy machine
    if len(health.late_us) == MANY_LATE and now_us - health.late_us[0] < late_within_s * US_PER_S:
        yield POLLS_LATE.trouble(
            "polls_late", device.id, health.late_us[0], poll_s=device.poll_s, late=health.polls_late
        )
    if health.clock_offset_us is not None and now_us - health.clock_offset_us < _CLOCK_US:
        yield DEVICE_CLOCK.trouble("device_clock", device.id, health.clock_offset_us, off_s=health.clock_offset_s)


def _not_connected(device: Device, health: DeviceHealth, started_us: int, now_us: int) -> Iterator[Trouble]:
    if health.last_error is None and now_us - started_us < _FIRST_ANSWER_US:
        return  # the first attempt is still being made
    address, host = device_address(device)
    form = NOT_CONNECTED if health.last_cause is None else CONNECTION.get(health.last_cause, NOT_CONNECTED)
    why = (health.last_error or "no answer yet").rstrip(".")
    since_us = health.last_good_us or started_us
    yield form.trouble("not_connected", device.id, since_us, address=address, host=host, why=why)


def _refused(device: Device, block: BlockHealth) -> Trouble:
    code = block.exception_code or 0
    return EXCEPTIONS.get(code, OTHER_EXCEPTION).trouble(
        "block_refused",
        device.id,
        block.refused_since_us,
        address=device_address(device)[0],
        unit=device.unit if isinstance(device, ModbusDevice) else "",
        block=f"{block.table} {block.address}–{block.address + block.count - 1}",
        table=block.table,
        first=block.address,
        count=block.count,
        code=code,
        meaning=block.exception,
        tags=named(block.tags),
    )
