"""How is an OPC UA server met for the first time? What it offers, which of it to take, and whom to trust."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from asyncua.ua.uaerrors import UaError

from config.devices import OpcUaDevice, is_loopback
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_link import plain
from connectors.opcua_security import offered, trust
from connectors.reachability import Obstacle, UnreachableError, obstacle_of, require_listener

SECURE = ("Basic256Sha256", "Aes256-Sha256-RsaPss", "Aes128-Sha256-RsaOaep")


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a server says of itself to anybody. policies: those that we speak, the one to take first.

    fingerprint: SHA-256 of the certificate that it shows for the first of them; empty without one.
    """

    policies: tuple[str, ...]
    fingerprint: str


async def introduced(endpoint: str) -> Introduction:
    """Ask a server what it offers; nothing of it is believed yet.

    On this machine `none` comes first; beyond it what signs and encrypts. Raises UnreachableError.
    """
    device = unsecured(endpoint)
    address = urlsplit(endpoint)
    host = address.hostname or ""
    await require_listener(host, address.port or 4840)
    try:
        found = await offered(device)
    except (UaError, OSError, ValueError) as error:
        raise UnreachableError(Obstacle.NOT_OPCUA, plain(error)) from None
    order = ("none", *SECURE) if is_loopback(host) else (*SECURE, "none")
    policies = tuple(name for name in order if name in found)
    if not policies:
        raise UnreachableError(Obstacle.SECURITY, "none of the policies that Smart Wings speaks")
    return Introduction(policies, found[policies[0]])


def unsecured(endpoint: str) -> OpcUaDevice:
    """The device that stands for a server nothing is known of. Raises ValueError for what is no endpoint."""
    return OpcUaDevice(
        id="introduced", protocol="opcua", endpoint=endpoint, security="none", allow_insecure=True, mode="poll"
    )


async def trusted(device: OpcUaDevice, folder: Path, fingerprint: str | None) -> str:
    """Take a server's certificate as its own, if it has the fingerprint that a person compared; the fingerprint.

    None: whatever it shows, only for a server on this machine. Raises UnreachableError.
    """
    if fingerprint is None and not is_loopback(urlsplit(device.endpoint).hostname or ""):
        raise UnreachableError(Obstacle.NOT_TRUSTED)
    try:
        return await trust(device, folder, fingerprint)
    except NotTrustedError as error:
        raise UnreachableError(obstacle_of(error.cause), str(error), error.flaws) from None
    except OSError as error:
        raise UnreachableError(Obstacle.NOT_OPCUA, plain(error)) from None
