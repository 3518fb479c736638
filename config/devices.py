"""What may be said of a device? One OPC UA server, or one unit behind a Modbus address."""

import difflib
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from config.address_range import Addresses
from config.model import Name, Number, Settings, Switch, Text, Whole
from config.tags import ModbusTag, OpcUaTag

MAX_REGISTERS = 125
"""Most registers of one request (Modbus Application Protocol V1.1b3, 6.3 and 6.4)."""
MAX_BITS = 2000
"""Most coils or discrete inputs of one request (V1.1b3, 6.1 and 6.2)."""

_WITH_PORT = re.compile(r"(?:[^:]*|\[.*\]):[0-9]+|.*://.*")

PROFILES = Path(__file__).parent / "profiles"


def shipped() -> list[str]:
    """Names of the register maps in config/profiles."""
    return sorted(file.stem for file in PROFILES.glob("*.csv"))


def unknown_profile(name: str) -> str | None:
    """What is wrong with the name of a register map that is not shipped; None for one that is."""
    if name in shipped():
        return None
    near = difflib.get_close_matches(name[:80].lower(), shipped(), 1, 0.75)
    meant = f"is not known; did you mean {near[0]}? It " if near else ""
    return f"{meant}must be one of {', '.join(shipped())}"


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
    """Accept `security: none` beyond this machine, or a password over it on this machine; marked wherever the device is
    shown."""


CertificateException = Literal["expired", "not_yet_valid", "host", "uri", "use", "signature"]
"""Flaws that a pinned certificate may have: it is still the one that somebody compared."""


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
    """File with the user's password, readable by its owner alone. Never sent beyond this machine without encryption."""
    user_certificate_file: Text | None = None
    """Certificate (PEM) by which the user signs in, instead of a password. Goes with `user_key_file`."""
    user_key_file: Text | None = None
    """Key of the user's certificate (PEM), readable by its owner alone."""
    ca_file: Text | None = None
    """Authorities (PEM) that may sign the server's certificate, instead of the one that `smartwings trust` pins."""
    revocation_file: Text | None = None
    """Revocation lists (PEM or DER) of the authorities in `ca_file`; given, each must have one that is in date."""
    certificate_exceptions: tuple[CertificateException, ...] = ()
    """Flaws of the pinned certificate that are accepted; marked wherever the device is shown."""
    mode: Literal["subscribe", "poll"] = "subscribe"
    """Changes as the server sees them, or a reading every `poll_s`."""
    sampling_ms: Annotated[Number, Field(gt=0)] = 100.0
    """How often the server looks for changes [ms]."""
    publishing_ms: Annotated[Number, Field(gt=0)] = 500.0
    """How often the server sends what it found [ms]."""
    poll_s: Annotated[Number, Field(gt=0)] = 1.0
    """Time from poll to poll in mode `poll` [s]."""
    max_nodes_per_read: Annotated[Whole, Field(ge=0)] = 0
    """Most nodes of one Read, for servers that bear less than they say. 0: what the server says."""
    max_items_per_call: Annotated[Whole, Field(ge=0)] = 0
    """Most monitored items created by one call, for servers that bear less than they say. 0: what the server says, and
    less for products that are known to bear less."""
    history: Literal["auto", "never"] = "auto"
    """Fill gaps from the server's history where it keeps one, or leave them."""
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
        if self.password_file and not self.may_send_password:
            raise ValueError("password_file: a password is never sent over a channel that is not encrypted")
        if self.password_file and not self.username:
            raise ValueError("username: is required beside password_file")
        if self.mode == "poll" and (named := [tag.name for tag in self.tags if tag.events]):
            raise ValueError(f"mode: must be subscribe for {named[0]}, since events cannot be polled")
        return self

    @model_validator(mode="after")
    def _certificates_are_whole(self) -> Self:
        for key in ("user_certificate_file", "ca_file", "revocation_file", "certificate_exceptions"):
            if getattr(self, key) and self.security == "none":
                raise ValueError(f"{key}: only for a channel that is encrypted; security is none")
            if getattr(self, key) == "":
                raise ValueError(f"{key}: must not be empty")
        if (self.user_certificate_file is None) != (self.user_key_file is None):
            missing, given = "user_key_file", "user_certificate_file"
            if self.user_key_file:
                missing, given = given, missing
            raise ValueError(f"{missing}: is required beside {given}")
        if self.user_certificate_file and (self.username or self.password_file):
            raise ValueError("user_certificate_file: a user signs in by certificate or by name, not by both")
        if self.revocation_file and not self.ca_file:
            raise ValueError("revocation_file: only beside ca_file; a pinned certificate is revoked by pinning another")
        if self.certificate_exceptions and self.ca_file:
            raise ValueError("certificate_exceptions: only for a pinned certificate; leave out ca_file")
        return self

    @property
    def may_send_password(self) -> bool:
        """Whether nobody can listen to a password, or somebody accepts by name that others on this machine can."""
        if self.security != "none":
            return True
        return self.allow_insecure and is_loopback(urlsplit(self.endpoint).hostname or "")

    @property
    def security_exceptions(self) -> tuple[str, ...]:
        """What is accepted of this device that is less than secure, by the names that accept it in the site file."""
        in_clear = ("allow_insecure",) if self.allow_insecure and self.security == "none" else ()
        return (*in_clear, *dict.fromkeys(self.certificate_exceptions))


class ModbusDevice(DeviceSettings):
    """One unit behind a Modbus address. Devices with the same serial port, or the same host and port, share one
    connection; there the longest pause and the least `in_flight` of any of them count. A unit may stand twice, as a
    device with tags that are read often and another with tags that are read rarely."""

    protocol: Literal["modbus"]
    """Says which keys follow."""
    transport: Literal["tcp", "tls", "rtu-over-tcp", "rtu"] = "tcp"
    """How it is reached. `tls` is Modbus/TCP Security; the others have no security of their own."""
    host: Text | None = None
    """Address of the device or gateway; for every transport but rtu."""
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """Port; default 502, 802 for tls."""
    unit: Annotated[Whole, Field(ge=0, le=255)] = 1
    """Unit behind the address. On a serial line and for rtu-over-tcp 1 to 247; many devices that speak TCP themselves
    are 255 or 0."""
    serial_port: Text | None = None
    """Serial port of transport rtu, as in /dev/ttyUSB0."""
    baudrate: Annotated[Whole, Field(ge=300, le=921600)] = 9600
    """Speed of the serial line [bit/s]."""
    parity: Literal["none", "even", "odd"] = "even"
    """Parity of the serial line."""
    stopbits: Literal[1, 2] = 1
    """Stop bits of the serial line."""
    ca_file: Text | None = None
    """Authority that signed the device's certificate (PEM). Required for transport tls."""
    certificate_file: Text | None = None
    """Our certificate (PEM), for devices that want to know who asks. Goes with `key_file`."""
    key_file: Text | None = None
    """Key of our certificate (PEM), readable by its owner alone."""
    server_name: Text | None = None
    """Name in the device's certificate. Default: the host."""
    poll_s: Annotated[Number, Field(ge=0.01)] = 1.0
    """Time from poll to poll [s]."""
    answer_timeout_s: Annotated[Number, Field(gt=0, le=60)] = 1.0
    """Longest wait for an answer [s]."""
    connect_pause_s: Annotated[Number, Field(ge=0, le=60)] = 0.0
    """Pause between connecting and the first request, for devices that are not ready at once [s]."""
    request_pause_s: Annotated[Number, Field(ge=0, le=60)] = 0.0
    """Least pause between the end of one exchange and the next request on the line [s]."""
    in_flight: Annotated[Whole, Field(ge=1, le=16)] = 1
    """Requests that may wait for their answers at the same time; more than 1 only for tcp and tls."""
    max_registers: Annotated[Whole, Field(ge=1, le=MAX_REGISTERS)] = MAX_REGISTERS
    """Most registers that the device gives in one answer."""
    max_bits: Annotated[Whole, Field(ge=1, le=MAX_BITS)] = MAX_BITS
    """Most coils or discrete inputs that the device gives in one answer."""
    max_hole: Annotated[Whole, Field(ge=0, le=123)] = 16
    """Most registers in a row that are read although no tag asks for them, to save a request; of bits 8 times as many.
    0: nothing is ever read that no tag asks for."""
    forbidden: tuple[Addresses, ...] = ()
    """Addresses that are never asked for, for devices that refuse or suffer from such requests."""
    start_at_zero: Switch = False
    """The device answers only requests that begin at address 0: requests do, wherever one from there is not too long
    and touches nothing forbidden."""
    one_request_per_tag: Switch = False
    """The device answers only requests for single values: every tag (with its `scale_from`) has its own."""
    profile: Text | None = None
    """Register map shipped in config/profiles that the tags follow."""
    tags: tuple[ModbusTag, ...] = ()
    """The tags, or the file name of a tag list."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.transport == "rtu" and not self.serial_port:
            raise ValueError("serial_port: is required for transport rtu")
        if self.transport != "rtu" and not self.host and self.serial_port:
            raise ValueError(f"transport: is {self.transport}, and serial_port stands there; did you mean rtu?")
        if self.transport != "rtu" and not self.host:
            raise ValueError(f"host: is required for transport {self.transport}")
        if self.host is not None and _WITH_PORT.fullmatch(self.host):
            raise ValueError("host: must be the address alone; the port goes in port")
        if self.transport in ("rtu", "rtu-over-tcp"):
            if not 1 <= self.unit <= 247:
                raise ValueError(f"unit: must be 1 to 247 for transport {self.transport}; 0 is for broadcasts")
            if self.in_flight > 1:
                raise ValueError(f"in_flight: must be 1 for transport {self.transport}: answers there have no number")
        if self.profile is not None and (why := unknown_profile(self.profile)):
            raise ValueError(f"profile: {why}")
        return self

    @model_validator(mode="after")
    def _tls_is_whole_or_absent(self) -> Self:
        for key in ("ca_file", "certificate_file", "key_file", "server_name"):
            if getattr(self, key) is not None and self.transport != "tls":
                raise ValueError(f"{key}: only for transport tls; with {self.transport} nothing is encrypted")
            if getattr(self, key) == "":
                raise ValueError(f"{key}: must not be empty")
        if self.transport != "tls":
            return self
        if self.ca_file is None:
            raise ValueError(
                "ca_file: is required for transport tls; the device's own certificate where none signed it"
            )
        if (self.certificate_file is None) != (self.key_file is None):
            missing, given = (
                ("key_file", "certificate_file") if self.certificate_file else ("certificate_file", "key_file")
            )
            raise ValueError(f"{missing}: is required beside {given}")
        return self

    @model_validator(mode="after")
    def _tags_can_be_read(self) -> Self:
        for tag in self.tags:
            if tag.words > self.max_registers:
                raise ValueError(f"max_registers: must be at least {tag.words}; {tag.name} takes as many at once")
        for addresses in self.forbidden:
            for tag in self.tags:
                if addresses.overlaps(tag.table, tag.address, tag.words):
                    raise ValueError(f"forbidden: {addresses} holds tag {tag.name}; leave out one of the two")
                if tag.scale_from is not None and addresses.overlaps(tag.table, tag.scale_from, 1):
                    raise ValueError(
                        f"forbidden: {addresses} holds scale_from of tag {tag.name}; leave out one of the two"
                    )
        return self

    @property
    def tcp_port(self) -> int:
        """The port to connect to."""
        return self.port or (802 if self.transport == "tls" else 502)

    @property
    def line(self) -> str:
        """Serial port, or host and port, that it shares with the other units there."""
        return self.serial_port or "" if self.transport == "rtu" else f"{(self.host or '').lower()}:{self.tcp_port}"


Device = Annotated[OpcUaDevice | ModbusDevice, Field(discriminator="protocol")]
