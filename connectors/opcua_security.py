"""Is the server the one that is trusted? Its certificate is pinned, or an authority signed it (OPC 10000-4 6.1.3)."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import security_policies
from asyncua.crypto.uacrypto import CertProperties
from asyncua.ua.uaerrors import UaError

from config.devices import OpcUaDevice
from config.secret_file import write_secret
from connectors.device_health import Cause
from connectors.opcua_certificate import NotTrustedError, fingerprint, leading, own_certificate, trusted_file
from connectors.opcua_flaws import refuse_bad_chain, refuse_flaws
from connectors.opcua_transport import BoundedClient

_POLICIES: dict[str, Any] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128-Sha256-RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256-Sha256-RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
_ANSWER_S = 4.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server shows of itself to anybody. certificate, chain: DER, the first without its issuers."""

    certificate: bytes
    chain: bytes
    application_uri: str


async def shown_by(device: OpcUaDevice) -> Shown:
    """What the server shows for the device's security policy; nobody has vouched for it yet.

    Raises OSError or TimeoutError without an answer, NotTrustedError when the server does not offer the policy.
    """
    endpoints = await _endpoints(device)
    wanted = _POLICIES[device.security].URI if device.security != "none" else None
    for endpoint in endpoints:
        encrypted = endpoint.SecurityMode == ua.MessageSecurityMode.SignAndEncrypt
        if endpoint.ServerCertificate and (wanted is None or (encrypted and endpoint.SecurityPolicyUri == wanted)):
            chain = endpoint.ServerCertificate
            return Shown(leading(chain), chain, endpoint.Server.ApplicationUri or "")
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

    Raises OSError or TimeoutError without an answer, NotTrustedError for a server that refuses, another certificate,
    one with flaws that the device's settings do not accept, and where `ca_file` says whom to trust.
    """
    if device.ca_file is not None:
        raise NotTrustedError(f"{device.ca_file} (ca_file) says whom to trust; there is nothing to pin")
    try:
        shown = await shown_by(device)
    except UaError as error:
        raise NotTrustedError(f"the server refused: {error}") from None
    certificate = shown.certificate
    refuse_flaws(certificate, device, shown.application_uri)
    if expected is not None and fingerprint(certificate) != expected.strip().upper():
        raise NotTrustedError(f"the server shows another certificate: SHA-256 {fingerprint(certificate)}")
    await asyncio.to_thread(write_secret, trusted_file(folder, device.id), certificate)
    return fingerprint(certificate)


async def secure(client: Client, device: OpcUaDevice, folder: Path) -> bytes | None:
    """Prepare a client as the device's settings say; the certificate believed, None where there is no security.

    The channel is encrypted to the key of the certificate that is pinned, or that an authority signed, so that only its
    owner can answer. Raises NotTrustedError where there is none, or it has flaws.
    """
    if device.security == "none":
        return None
    own = await asyncio.to_thread(own_certificate, folder)
    client.application_uri = own.application_uri
    believed = await (_signed(device, folder) if device.ca_file is not None else _pinned(device, folder))
    await client.set_security(
        _POLICIES[device.security],
        own.certificate,
        CertProperties(own.private_key, "pem"),
        server_certificate=believed,
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    return believed


async def _pinned(device: OpcUaDevice, folder: Path) -> bytes:
    file = trusted_file(folder, device.id)
    if not await asyncio.to_thread(file.exists):
        raise NotTrustedError(_refusal(device, (await shown_by(device)).certificate, None))
    pinned = leading(await asyncio.to_thread(file.read_bytes))
    refuse_flaws(pinned, device, None)
    return pinned


async def _signed(device: OpcUaDevice, folder: Path) -> bytes:
    shown = await shown_by(device)
    refuse_flaws(shown.certificate, device, shown.application_uri)
    await asyncio.to_thread(refuse_bad_chain, shown.chain, device, folder)
    return shown.certificate


def check_channel(client: Client, created: ua.CreateSessionResult, believed: bytes | None, device: OpcUaDevice) -> None:
    """Compare the certificate believed with the channel's and with the one the session was created with, and what it
    says of the server with what the server says of itself.

    asyncua validates nothing unless told to, and its own validator accepts strangers. Raises NotTrustedError.
    """
    if believed is None:
        return
    policy = client.security_policy
    if policy.Mode != ua.MessageSecurityMode.SignAndEncrypt or policy.URI != _POLICIES[device.security].URI:
        raise NotTrustedError(f"the channel is not {device.security} with SignAndEncrypt", Cause.NOT_OFFERED)
    for certificate in (policy.peer_certificate, created.ServerCertificate):
        if not certificate or leading(certificate) != believed:
            raise NotTrustedError(_refusal(device, leading(certificate or b""), believed))
    here = [one for one in created.ServerEndpoints or () if one.SecurityPolicyUri == policy.URI]
    refuse_flaws(believed, device, (here[0].Server.ApplicationUri or "") if here else "")


async def explain(device: OpcUaDevice, believed: bytes | None) -> None:
    """After a secure connection failed: raise NotTrustedError if the server shows another certificate by now."""
    if believed is None:
        return
    try:
        shown = (await shown_by(device)).certificate
    except (OSError, UaError):  # the first error says more; TimeoutError is an OSError
        return
    if shown != believed:
        raise NotTrustedError(_refusal(device, shown, believed))


def _refusal(device: OpcUaDevice, shown: bytes, pinned: bytes | None) -> str:
    was = f"; the trusted one has {fingerprint(pinned)}" if pinned else ""
    if device.ca_file is not None:
        return f"the server changes its certificate: SHA-256 {fingerprint(shown)}{was}"
    return (
        f"the server's certificate is not trusted: SHA-256 {fingerprint(shown)}{was}."
        f" Compare it at the server, then run: smartwings trust SITE {device.id}"
    )
