"""Is the server the one that was trusted? Its certificate is pinned, byte for byte (OPC 10000-4 6.1.3)."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.uaerrors import UaError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from config.devices import OpcUaDevice, is_loopback
from config.secret_file import write_secret
from connectors.device_health import Cause
from connectors.opcua_certificate import (
    NotTrustedError,
    check_secret,
    fingerprint,
    leading,
    own_certificate,
    trusted_file,
)
from connectors.opcua_transport import BoundedClient

_POLICIES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128-Sha256-RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256-Sha256-RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_SMALLEST_KEY_BITS = 2048  # of all three policies (OPC 10000-7)
_ANSWER_S = 4.0


async def fetch_server_certificate(device: OpcUaDevice) -> bytes:
    """The certificate (DER) that the server shows for the device's security policy; nobody has vouched for it yet.

    Raises OSError or TimeoutError without an answer, NotTrustedError when the server does not offer the policy.
    """
    endpoints = await _endpoints(device)
    wanted = _POLICIES[device.security].URI if device.security != "none" else None
    for endpoint in endpoints:
        encrypted = endpoint.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt
        if endpoint.ServerCertificate and (wanted is None or (encrypted and endpoint.SecurityPolicyUri == wanted)):
            return leading(endpoint.ServerCertificate)
    offered = sorted({str(endpoint.SecurityPolicyUri).rpartition("#")[2] for endpoint in endpoints})
    raise NotTrustedError(
        f"the server does not offer {device.security} with SignAndEncrypt, only {', '.join(offered) or 'nothing'}",
        Cause.NOT_OFFERED,
    )


async def _endpoints(device: OpcUaDevice) -> list[ua.EndpointDescription]:
    return await BoundedClient(device.endpoint, _ANSWER_S).connect_and_get_server_endpoints()


async def offered(device: OpcUaDevice) -> dict[str, str]:
    """Security policies, `none` among them, that the server offers and we speak, with the fingerprint it shows.

    Raises OSError or TimeoutError without an answer, asyncua's UaError for one that is not OPC UA.
    """
    names = {policy.URI: name for name, policy in _POLICIES.items()}
    found = {}
    for endpoint in await _endpoints(device):
        shown = fingerprint(leading(endpoint.ServerCertificate)) if endpoint.ServerCertificate else ""
        if endpoint.SecurityMode == ua.MessageSecurityMode.None_:
            found["none"] = shown
        elif endpoint.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt and endpoint.SecurityPolicyUri in names:
            found[names[endpoint.SecurityPolicyUri]] = shown
    return found


async def trust(device: OpcUaDevice, folder: Path, expected: str | None = None) -> str:
    """Store the certificate that the server shows now as the trusted one, if it is the expected; its fingerprint.

    Raises OSError or TimeoutError without an answer, NotTrustedError for a server that refuses or a key that is weak.
    """
    try:
        certificate = await fetch_server_certificate(device)
    except UaError as error:
        raise NotTrustedError(f"the server refused: {error}") from None
    bits = _key_bits(certificate)
    if bits < _SMALLEST_KEY_BITS:
        raise NotTrustedError(f"the server's key has {bits} bits, at least {_SMALLEST_KEY_BITS} are needed")
    if expected is not None and fingerprint(certificate) != expected.strip().upper():
        raise NotTrustedError(f"the server shows another certificate: SHA-256 {fingerprint(certificate)}")
    await asyncio.to_thread(write_secret, trusted_file(folder, device.id), certificate)
    return fingerprint(certificate)


async def secure(client: Client, device: OpcUaDevice, folder: Path) -> bytes | None:
    """Prepare a client as the device's settings say; the pinned certificate, None where there is no security.

    The channel is encrypted to the pinned certificate's key, so that only its owner can answer. Raises
    NotTrustedError when the server's certificate was never trusted.
    """
    if device.security == "none":
        return None
    own = await asyncio.to_thread(own_certificate, folder)
    client.application_uri = own.application_uri
    file = trusted_file(folder, device.id)
    if not await asyncio.to_thread(file.exists):
        raise NotTrustedError(_refusal(device, await fetch_server_certificate(device), None))
    pinned = leading(await asyncio.to_thread(file.read_bytes))
    await client.set_security(
        _POLICIES[device.security],
        own.certificate,
        CertProperties(own.private_key, "pem"),
        server_certificate=pinned,
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    return pinned


def check_channel(client: Client, shown: bytes | None, pinned: bytes | None, device: OpcUaDevice) -> None:
    """Compare the pinned certificate with the channel's and with the one the session was created with.

    asyncua validates neither unless told to, and its own validator accepts strangers. Raises NotTrustedError.
    """
    if pinned is None:
        return
    policy = client.security_policy
    if policy.Mode != ua.MessageSecurityMode.SignAndEncrypt or policy.URI != _POLICIES[device.security].URI:
        raise NotTrustedError(f"the channel is not {device.security} with SignAndEncrypt", Cause.NOT_OFFERED)
    for certificate in (policy.peer_certificate, shown):
        if not certificate or leading(certificate) != pinned:
            raise NotTrustedError(_refusal(device, leading(certificate or b""), pinned))


async def explain(device: OpcUaDevice, pinned: bytes | None) -> None:
    """After a secure connection failed: raise NotTrustedError if the server shows another certificate by now."""
    if pinned is None:
        return
    try:
        shown = await fetch_server_certificate(device)
    except (OSError, UaError):  # the first error says more; TimeoutError is an OSError
        return
    if shown != pinned:
        raise NotTrustedError(_refusal(device, shown, pinned))


def credentials(device: OpcUaDevice, folder: Path) -> tuple[str | None, str | None]:
    """User name and password, or None. The password file lies relative to the folder. Raises NotTrustedError."""
    if device.password_file is None:
        return device.username, None
    if device.security == "none" and not is_loopback(urlsplit(device.endpoint).hostname or ""):
        raise NotTrustedError("a password is never sent over a channel that is not encrypted", Cause.SECRET_FILE)
    file = folder / device.password_file
    check_secret(file)
    return device.username, file.read_text(encoding="utf-8").rstrip("\r\n")


def _refusal(device: OpcUaDevice, shown: bytes, pinned: bytes | None) -> str:
    was = f"; the trusted one has {fingerprint(pinned)}" if pinned else ""
    return (
        f"the server's certificate is not trusted: SHA-256 {fingerprint(shown)}{was}."
        f" Compare it at the server, then run: smartwings trust SITE {device.id}"
    )


def _key_bits(certificate: bytes) -> int:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
