"""What must be alike for Modbus devices on one line? A serial port has one speed, an address speaks one protocol."""

from collections.abc import Iterator, Sequence

from config.devices import Device, ModbusDevice

_ALIKE = {
    "tcp": (),
    "tls": ("ca_file", "certificate_file", "key_file", "server_name"),
    "rtu-over-tcp": (),
    "rtu": ("baudrate", "parity", "stopbits"),
}


def line_disagreements(devices: Sequence[Device]) -> list[tuple[tuple[str | int, ...], str]]:
    """Keys in which a device differs from the first one on its line: where (path), and what must be so."""
    first: dict[str, ModbusDevice] = {}
    found: list[tuple[tuple[str | int, ...], str]] = []
    for d, device in enumerate(devices):
        if isinstance(device, ModbusDevice):
            before = first.setdefault(device.line, device)
            found += [(("devices", d, key), message) for key, message in _differences(before, device)]
    return found


def _differences(first: ModbusDevice, other: ModbusDevice) -> Iterator[tuple[str, str]]:
    keys = _ALIKE[first.transport] if first.transport == other.transport else ("transport",)
    for key in keys:
        wanted = getattr(first, key)
        if getattr(other, key) != wanted:
            must = "be absent" if wanted is None else f"be {wanted}"
            yield key, f"must {must} as for {first.id}: both are on line {first.line}"
