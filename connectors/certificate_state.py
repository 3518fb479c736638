"""Which certificates does a connection rest on, and until when are they valid? From the files, without the server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config.devices import OpcUaDevice
from connectors.opcua_authority import read_certificates
from connectors.opcua_certificate import OWN_FILE, fingerprint, leading, trusted_file
from plant.instant import instant

Whose = Literal["own", "server", "user", "authority"]


@dataclass(frozen=True, slots=True)
class CertificateState:
    """A certificate: who it names, SHA-256 as people compare it, and when it is valid [us]. file: where it lies."""

    file: str
    subject: str
    sha256: str
    from_us: int
    until_us: int
    whose: Whose = "server"


@dataclass(frozen=True, slots=True)
class CertificateStates:
    """own: what we show to servers; None before the first connection. server: the pinned one; None: never trusted.

    user: by which somebody signs in. authorities: who may sign the server's instead of its being pinned.
    """

    own: CertificateState | None
    server: CertificateState | None
    user: CertificateState | None = None
    authorities: tuple[CertificateState, ...] = ()

    @property
    def every(self) -> tuple[CertificateState, ...]:
        """All that are there."""
        return tuple(one for one in (self.server, *self.authorities, self.user, self.own) if one is not None)


def certificate_states(device: OpcUaDevice, folder: Path) -> CertificateStates | None:
    """The certificates of a device; None where the connection needs none. A damaged file counts as not there."""
    if device.security == "none":
        return None
    own = _first(folder, OWN_FILE, "own")
    user = _first(folder, Path(device.user_certificate_file), "user") if device.user_certificate_file else None
    if device.ca_file is not None:
        return CertificateStates(own, None, user, _states(folder, Path(device.ca_file), "authority"))
    return CertificateStates(own, _first(folder, trusted_file(Path(), device.id), "server"), user)


def _first(folder: Path, file: Path, whose: Whose) -> CertificateState | None:
    return next(iter(_states(folder, file, whose)), None)


def _states(folder: Path, file: Path, whose: Whose) -> tuple[CertificateState, ...]:
    try:
        content = (folder / file).read_bytes()
        found = read_certificates(content if b"-----BEGIN" in content else leading(content))
        return tuple(_state(one, file, whose) for one in found)
    except (OSError, ValueError):
        return ()


def _state(found: x509.Certificate, file: Path, whose: Whose) -> CertificateState:
    until_us, from_us = instant(found.not_valid_after_utc), instant(found.not_valid_before_utc)
    sha256 = fingerprint(found.public_bytes(Encoding.DER))
    file = file.with_suffix(".der") if whose == "own" else file  # for servers; the other holds our key
    return CertificateState(file.as_posix(), found.subject.rfc4514_string(), sha256, from_us, until_us, whose)
