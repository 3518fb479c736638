"""Which connector reads a device? Its library is loaded no sooner than that."""

from pathlib import Path

from config.devices import Device, ModbusDevice
from connectors.connector import Connector


def open_connector(device: Device, folder: Path) -> Connector:
    """The connector of a device; nothing is sent before it is iterated. Raises ConnectorError."""
    if isinstance(device, ModbusDevice):
        from connectors.modbus import ModbusConnector

        return ModbusConnector(device)
    from connectors.opcua import OpcUaConnector

    return OpcUaConnector(device, folder)
