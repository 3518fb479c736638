"""Which connector reads a device? Its library is loaded no sooner than that."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from config.devices import Device, ModbusDevice
from connectors.connector import Connector

if TYPE_CHECKING:
    from connectors.modbus_line import Lines


ClockDoubt = Callable[[], str | None]
"""Why this machine's clock is not trusted now; None where it is."""


def open_connectors(
    devices: Iterable[Device], folder: Path, positions: Mapping[str, str], clock_doubt: ClockDoubt
) -> dict[str, Connector]:
    """The connectors of devices by id; those behind one Modbus address share its line. See `open_connector`."""
    found, lines = list(devices), None
    if any(isinstance(device, ModbusDevice) for device in found):
        from connectors.modbus_line import Lines

        lines = Lines(folder)
    return {one.id: open_connector(one, folder, lines, positions.get(one.id), clock_doubt) for one in found}


def open_connector(
    device: Device,
    folder: Path,
    lines: "Lines | None" = None,
    position: str | None = None,
    clock_doubt: ClockDoubt = lambda: None,
) -> Connector:
    """The connector of a device, which goes on from its position; nothing is sent before it is iterated.

    Raises ConnectorError.
    """
    if isinstance(device, ModbusDevice):
        from connectors.modbus import ModbusConnector

        return ModbusConnector(device, lines, folder)
    from connectors.opcua import OpcUaConnector

    return OpcUaConnector(device, folder, position, clock_doubt)
