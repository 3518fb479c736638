"""What may be said of a device? One OPC UA server, or one unit behind a Modbus address."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from config.model import Name, Number, Settings, Switch, Text, Whole
from config.tags import ModbusTag, OpcUaTag

PROFILES = Path(__file__).parent / "profiles"


def shipped() -> list[str]:
    """Names of the register maps in config/profiles."""
    return sorted(file.stem for file in PROFILES.glob("*.csv"))


def is_loopback(host: str) -> bool:
    """Whether an address never leaves this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class DeviceSettings(Settings):
    """What all devices share."""

    id: Name
    """Name of the device, unique in the plant."""
    max_clock_error_s: Annotated[Number, Field(gt=0)] = 60.0
    """How far the device's clock may be off before the time of receipt counts instead [s]."""
    outage_s: Annotated[Number, Field(ge=0)] = 60.0
    """Longest outage for which the device is asked to keep samples ready [s]."""
    allow_insecure: Switch = False
    """Accept a connection without signing and encryption beyond this machine."""


class OpcUaDevice(DeviceSettings):
    """An OPC UA server."""

    protocol: Literal["opcua"]
    """Says which keys follow."""
    endpoint: Text
    """Address of the server, as in opc.tcp://192.168.10.5:4840."""
    security: Literal["Basic256Sha256", "Aes128-Sha256-RsaOaep", "Aes256-Sha256-RsaPss", "none"] = "Basic256Sha256"
    """Security policy, always sign and encrypt; `none` beyond this machine needs `allow_insecure: true`."""
    username: Text | None = None
    """User at the server; absent: anonymous."""
    password_file: Text | None = None
    """File with the user's password, readable by its owner alone."""
    mode: Literal["subscribe", "poll"] = "subscribe"
    """Changes as the server sees them, or a reading every `poll_s`."""
    sampling_ms: Annotated[Number, Field(gt=0)] = 100.0
    """How often the server looks for changes [ms]."""
    publishing_ms: Annotated[Number, Field(gt=0)] = 500.0
    """How often the server sends what it found [ms]."""
    poll_s: Annotated[Number, Field(gt=0)] = 1.0
    """Time from poll to poll in mode `poll` [s]."""
    tags: tuple[OpcUaTag, ...] = ()
    """The tags, or the file name of a tag list."""

    @model_validator(mode="after")
    def _secure_by_default(self) -> Self:
        try:
            address = urlsplit(self.endpoint)
            sound = address.scheme == "opc.tcp" and address.hostname and (address.port or 0) >= 0
        except ValueError:
            sound = False
        if not sound:
            raise ValueError("endpoint: must look like opc.tcp://192.168.10.5:4840")
        if self.security == "none" and not self.allow_insecure and not is_loopback(address.hostname or ""):
            raise ValueError("security: none beyond this machine needs allow_insecure: true")
        if self.password_file and self.security == "none" and not is_loopback(address.hostname or ""):
            raise ValueError("password_file: a password is never sent over a channel that is not encrypted")
        return self


class ModbusDevice(DeviceSettings):
    """One unit behind a Modbus address."""

    protocol: Literal["modbus"]
    """Says which keys follow."""
    transport: Literal["tcp", "tls", "rtu-over-tcp", "rtu"] = "tcp"
    """How it is reached."""
    host: Text | None = None
    """Address of the device or gateway; for every transport but rtu."""
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Port; default 502, 802 for tls."""
    unit: Annotated[Whole, Field(ge=0, le=255)] = 1
    """Unit behind the address."""
    serial_port: Text | None = None
    """Serial port of transport rtu, as in /dev/ttyUSB0."""
    baudrate: Annotated[Whole, Field(ge=300, le=921600)] = 9600
    """Speed of the serial line [bit/s]."""
    parity: Literal["none", "even", "odd"] = "even"
    """Parity of the serial line."""
    stopbits: Literal[1, 2] = 1
    """Stop bits of the serial line."""
    poll_s: Annotated[Number, Field(ge=0.01)] = 1.0
    """Time from poll to poll [s]."""
    profile: Text | None = None
    """Register map shipped in config/profiles that the tags follow."""
    tags: tuple[ModbusTag, ...] = ()
    """The tags, or the file name of a tag list."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.transport == "rtu" and not self.serial_port:
            raise ValueError("serial_port: is required for transport rtu")
        if self.transport != "rtu" and not self.host:
            raise ValueError(f"host: is required for transport {self.transport}")
        if self.profile is not None and self.profile not in shipped():
            raise ValueError(f"profile: must be one of {', '.join(shipped())}")
        return self

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        return self.port or (802 if self.transport == "tls" else 502)


Device = Annotated[OpcUaDevice | ModbusDevice, Field(discriminator="protocol")]
