"""Which trouble are devices in? From what its connector knows of it: pure."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from urllib.parse import urlsplit

from collector.device_trouble_text import (
    BLOCK_SILENT,
    CONNECTION,
    DEVICE_CLOCK,
    EXCEPTIONS,
    LINE_SILENT,
    NOT_CONNECTED,
    OTHER_EXCEPTION,
    OTHER_NODE,
    POLLS_LATE,
    TLS_NOT_TRUSTED,
    UNIT_SILENT,
    exception_words,
)
from collector.tag_trouble_text import OF_STATUS
from collector.trouble import Form, Trouble, named
from config.devices import Device, ModbusDevice
from connectors.device_health import MANY_LATE, Cause, DeviceHealth
from plant.instant import US_PER_S

_FIRST_ANSWER_US = 15 * US_PER_S
_LATE_S, _LATE_POLLS = 60.0, 100
_CLOCK_US = 3600 * US_PER_S

Known = list[tuple[Device, DeviceHealth]]
"""Devices and what their connectors know of them."""


def device_address(device: Device) -> tuple[str, str]:
    """Where a device is reached, and its host alone."""
    if not isinstance(device, ModbusDevice):
        return device.endpoint, urlsplit(device.endpoint).hostname or ""
    if device.transport == "rtu":
        return device.serial_port or "", device.serial_port or ""
    host = device.host or ""
    return f"{host}:{device.tcp_port}", host


def device_troubles(known: Known, started_us: int, now_us: int) -> Iterator[Trouble]:
    """What is wrong with devices. started_us: when the collector began to read them.

    Where no device of a shared line answers, that is said once for all of them.
    """
    lines: dict[tuple[str | None, str], Known] = {}
    for device, health in known:
        lines.setdefault((health.line, "" if health.line else device.id), []).append((device, health))
    for line in lines.values():
        away = [one for one in line if one[1].connected_since_us is None and not _is_first(one[1], started_us, now_us)]
        alone = [one for one in away if _others_answer(one, line, started_us)]
        yield from (_away([one], started_us, UNIT_SILENT) for one in alone)
        alike = [one for one in away if one not in alone]
        if alike:
            yield _away(alike, started_us, LINE_SILENT if len(line) > 1 else None)
        for device, health in line:
            if health.connected_since_us is not None:
                yield from _of_connected(device, health, now_us)


def _others_answer(one: tuple[Device, DeviceHealth], line: Known, started_us: int) -> bool:
    """Whether another device of its line was heard after this one had missed a poll."""
    device, health = one
    missed_us = (health.last_good_us or started_us) + round(device.poll_s * US_PER_S)
    others = [other for _, other in line if other.connected_since_us is not None]
    return any(other.last_good_us is not None and other.last_good_us > missed_us for other in others)


def _of_connected(device: Device, health: DeviceHealth, now_us: int) -> Iterator[Trouble]:
    yield from _bad_blocks(device, health)
    by_status = sorted(health.refused_tags.items(), key=lambda one: one[1])
    for status, group in groupby(by_status, key=lambda one: one[1]):
        names = tuple(name for name, _ in group)
        form, address = OF_STATUS.get(status, OTHER_NODE), device_address(device)[0]
        found = form.trouble("tags_refused", device.id, None, tags=named(names), status=status, address=address)
        yield replace(found, tags=names)
    late_within_s = max(_LATE_S, _LATE_POLLS * device.poll_s)  # now and then one is late on any busy machine
    if len(health.late_us) == MANY_LATE and now_us - health.late_us[0] < late_within_s * US_PER_S:
        yield POLLS_LATE.trouble(
            "polls_late", device.id, health.late_us[0], poll_s=device.poll_s, late=health.polls_late
        )
    if health.clock_offset_us is not None and now_us - health.clock_offset_us < _CLOCK_US:
        yield DEVICE_CLOCK.trouble("device_clock", device.id, health.clock_offset_us, off_s=health.clock_offset_s)


def _is_first(health: DeviceHealth, started_us: int, now_us: int) -> bool:
    """Whether it is too early to tell."""
    return health.last_error is None and health.last_good_us is None and now_us - started_us < _FIRST_ANSWER_US


def _away(devices: Known, started_us: int, silent: Form | None) -> Trouble:
    """Devices of one line that are not read. silent: what is said of those that are silent; None: as of any device."""
    device, health = max(devices, key=lambda one: one[1].last_error_us or 0)
    address, host = device_address(device)
    form = NOT_CONNECTED if health.last_cause is None else CONNECTION.get(health.last_cause, NOT_CONNECTED)
    if isinstance(device, ModbusDevice) and health.last_cause is Cause.NOT_TRUSTED:
        form = TLS_NOT_TRUSTED
    if silent is not None and health.last_cause is Cause.SILENT:
        form = silent
    first, *others = [device.id for device, _ in devices]
    return form.trouble(
        "not_connected",
        first,
        max((health.last_good_us or started_us for _, health in devices)),
        tuple(others),
        address=address,
        host=host,
        unit=device.unit if isinstance(device, ModbusDevice) else "",
        target=_probe_target(device),
        why=(health.last_error or "no answer yet").rstrip("."),
    )


def _bad_blocks(device: Device, health: DeviceHealth) -> Iterator[Trouble]:
    """One trouble for each exception code, and one for silence."""
    bad = sorted(health.bad_blocks, key=lambda block: block.exception_code or 0)
    for code, group in groupby(bad, key=lambda block: block.exception_code):
        blocks = list(group)
        form = BLOCK_SILENT if code is None else EXCEPTIONS.get(code, OTHER_EXCEPTION)
        why = exception_words(code or 0, blocks[0].exception or "")
        yield form.trouble(
            "block_silent" if code is None else "block_refused",
            device.id,
            min(block.bad_since_us or 0 for block in blocks),
            target=_probe_target(device),
            unit=device.unit if isinstance(device, ModbusDevice) else "",
            blocks=named([str(block) for block in blocks]),
            table=blocks[0].table,
            first=blocks[0].address,
            count=blocks[0].count,
            why_en=why.en,
            why_ko=why.ko,
        )


def _probe_target(device: Device) -> str:
    """How `smartwings probe modbus` is told where a device is."""
    if not isinstance(device, ModbusDevice):
        return ""
    if device.transport == "rtu":
        return f"--serial-port {device.serial_port} --baudrate {device.baudrate} --parity {device.parity}"
    target = f"{device.host}:{device.tcp_port}"
    return f"{target} --transport rtu-over-tcp" if device.transport == "rtu-over-tcp" else target
