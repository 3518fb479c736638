"""Which certificates does a connection rest on, and until when are they valid? From the files, without the server."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from config.devices import OpcUaDevice
from connectors.opcua_certificate import fingerprint, leading, trusted_file
from plant.instant import instant


@dataclass(frozen=True, slots=True)
class CertificateState:
    """A certificate: who it names, SHA-256 as people compare it, and when it is valid [us]. file: where it lies."""

    file: str
    subject: str
    sha256: str
    from_us: int
    until_us: int


@dataclass(frozen=True, slots=True)
class CertificateStates:
    """own: what we show to servers; None before the first connection. server: the pinned one; None: never trusted."""

    own: CertificateState | None
    server: CertificateState | None


def certificate_states(device: OpcUaDevice, folder: Path) -> CertificateStates | None:
    """The certificates of a device; None where the connection needs none. A damaged file counts as not there."""
    if device.security == "none":
        return None
    own = Path("certificates") / "own.der"
    pinned = trusted_file(Path(), device.id)
    return CertificateStates(_state(folder, own), _state(folder, pinned))


def _state(folder: Path, file: Path) -> CertificateState | None:
    try:
        der = leading((folder / file).read_bytes())
        found = x509.load_der_x509_certificate(der)
        subject = found.subject.rfc4514_string()
    except (OSError, ValueError):
        return None
    until_us, from_us = instant(found.not_valid_after_utc), instant(found.not_valid_before_utc)
    return CertificateState(file.as_posix(), subject, fingerprint(der), from_us, until_us)
