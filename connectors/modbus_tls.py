"""Whom do we believe over TLS, and who do we say we are? Modbus/TCP Security (MB-TCP-Security v2.1)."""

import ssl
from pathlib import Path

from config.devices import ModbusDevice
from connectors.device_health import Cause
from connectors.modbus_connection import UnreachableLineError


def tls_context(device: ModbusDevice, folder: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; only the device's own authority is believed, its name checked; ours is shown if given.

    Raises UnreachableLineError for files that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks the certificate and its name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(folder / (device.ca_file or ""))
        if device.certificate_file and device.key_file:
            context.load_cert_chain(folder / device.certificate_file, folder / device.key_file)
    except (OSError, ValueError) as error:
        names = ", ".join(name for name in (device.ca_file, device.certificate_file, device.key_file) if name)
        raise UnreachableLineError(f"cannot use {names}: {error}", Cause.CERTIFICATE_FILE) from None
    return context
