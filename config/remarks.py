"""What may settings say, though it is hardly meant? Devices without tags, and what is read or counted twice."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from config.devices import Device, ModbusDevice, OpcUaDevice
from config.tags import ModbusTag
from plant.tag import Kind, kind_of


def device_remarks(devices: Sequence[Device]) -> Iterator[str]:
    """Remarks on devices that are sound each by itself, as `check` prints them."""
    for device in devices:
        if not device.tags:
            yield f"{device.id}: has no tags; nothing of it is read or stored"
        if isinstance(device, OpcUaDevice) and device.security_exceptions:
            yield f"{device.id}: is less than secure, as accepted by {', '.join(device.security_exceptions)}"
    units: dict[tuple[str, int], list[ModbusDevice]] = {}
    for device in devices:
        if isinstance(device, ModbusDevice):
            units.setdefault((device.line, device.unit), []).append(device)
    for (line, unit), alike in units.items():
        for first, other in combinations(alike, 2):
            if both := _overlap(first.tags, other.tags):
                yield f"{first.id} and {other.id}: both read unit {unit} of {line}, and {both} overlap there"
        yield from _counted_twice([tag for device in alike for tag in device.tags])


def _overlap(tags: Sequence[ModbusTag], others: Sequence[ModbusTag]) -> str | None:
    """Names of a tag and of another that share an address."""
    held = {(tag.table, address): tag for tag in tags for address in _addresses(tag)}
    for other in others:
        for address in _addresses(other):
            if (tag := held.get((other.table, address))) is not None:
                return f"{tag.name} and {other.name}"
    return None


def _addresses(tag: ModbusTag) -> range:
    return range(tag.address, tag.address + tag.words)


def _counted_twice(tags: Sequence[ModbusTag]) -> Iterator[str]:
    first: dict[tuple[str, int, int | None], ModbusTag] = {}
    for tag in tags:
        if kind_of(tag.role) is Kind.COUNTER:
            before = first.setdefault((tag.table, tag.address, tag.bit), tag)
            if before is not tag:
                yield f"{before.name} and {tag.name}: both count what stands at {tag.table} {tag.address}"
