"""Which flaws of a server's certificate keep a device from being read, and what kind of trouble is each?"""

import socket
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from config.devices import OpcUaDevice, is_loopback
from connectors.device_health import Cause
from connectors.opcua_authority import chain_findings, read_authorities
from connectors.opcua_certificate import NotTrustedError, certificates_of
from connectors.opcua_certificate_check import Expected, Finding, Flaw, findings

KINDS: dict[Flaw, tuple[Cause, str]] = {
    Flaw.UNREADABLE: (Cause.CERTIFICATE_WEAK, "BadCertificateInvalid"),
    Flaw.KEY: (Cause.CERTIFICATE_WEAK, "BadCertificatePolicyCheckFailed"),
    Flaw.REVOKED: (Cause.CERTIFICATE_REVOKED, "BadCertificateRevoked"),
    Flaw.ISSUER: (Cause.CERTIFICATE_ISSUER, "BadCertificateUntrusted"),
    Flaw.REVOCATION_UNKNOWN: (Cause.REVOCATION_UNKNOWN, "BadCertificateRevocationUnknown"),
    Flaw.CLOCK: (Cause.CLOCK, "BadCertificateTimeInvalid"),
    Flaw.EXPIRED: (Cause.CERTIFICATE_EXPIRED, "BadCertificateTimeInvalid"),
    Flaw.NOT_YET_VALID: (Cause.CERTIFICATE_NOT_YET_VALID, "BadCertificateTimeInvalid"),
    Flaw.URI: (Cause.CERTIFICATE_URI, "BadCertificateUriInvalid"),
    Flaw.HOST: (Cause.CERTIFICATE_HOST, "BadCertificateHostNameInvalid"),
    Flaw.USE: (Cause.CERTIFICATE_USE, "BadCertificateUseNotAllowed"),
    Flaw.SIGNATURE: (Cause.CERTIFICATE_WEAK, "BadCertificatePolicyCheckFailed"),
}
"""Cause and StatusCode (OPC 10000-4 6.1.3, table of validation steps) of each flaw."""


def refuse_flaws(certificate: bytes, device: OpcUaDevice, application_uri: str | None) -> None:
    """Raise NotTrustedError for flaws that the device's settings do not accept. application_uri: as the server says."""
    host = (urlsplit(device.endpoint).hostname or "").lower()
    hosts = {host} | ({socket.gethostname(), "localhost", "127.0.0.1", "::1"} if is_loopback(host) else set())
    expected = Expected(frozenset(hosts), time.time_ns() // 1000, application_uri)
    found = findings(certificate, expected)
    _refuse(one for one in found if one.flaw not in device.certificate_exceptions)


def refuse_bad_chain(chain: bytes, device: OpcUaDevice, folder: Path) -> None:
    """Raise NotTrustedError unless an authority of `ca_file` signed the chain's first certificate and keeps to it."""
    lists = folder / device.revocation_file if device.revocation_file else None
    try:
        authorities = read_authorities(folder / (device.ca_file or ""), lists)
    except (OSError, ValueError) as error:
        names = ", ".join(name for name in (device.ca_file, device.revocation_file) if name)
        raise NotTrustedError(f"cannot use {names}: {error}", Cause.CERTIFICATE_FILE) from None
    _refuse(chain_findings(certificates_of(chain), authorities, time.time_ns() // 1000))


def _refuse(found: Iterable[Finding]) -> None:
    every = list(found)
    if every:
        cause, status = KINDS[every[0].flaw]
        said = "; ".join(f"{one.flaw} ({one.said})" for one in every)
        raise NotTrustedError(
            f"the server's certificate is refused: {said}", cause, status, tuple(one.flaw for one in every)
        )
