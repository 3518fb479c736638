"""How do we get a new certificate? By command alone: a new key under the same application URI, the old one kept."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from config.secret_file import write_secret
from connectors.opcua_certificate import OWN_FILE, fingerprint, new_pem, own_certificate


@dataclass(frozen=True, slots=True)
class Renewal:
    """What was done. shown: the file to hand to servers; kept: where the old certificate lies with its key."""

    sha256: str
    application_uri: str
    shown: Path
    kept: Path


def renewed(folder: Path) -> Renewal:
    """Put a new certificate and key in the place of our own, all at once; the old ones stay beside them.

    Servers that know us by the old one refuse the new until it is trusted there. Connections that stand keep the old
    one. Raises OSError, and NotTrustedError where others may read our key.
    """
    file = folder / OWN_FILE
    old = own_certificate(folder)
    pem = new_pem(old.application_uri)
    kept = _kept(file, x509.load_der_x509_certificate(old.certificate))
    write_secret(file, pem)
    new = own_certificate(folder)
    return Renewal(fingerprint(new.certificate), new.application_uri, file.with_suffix(".der"), kept)


def _kept(file: Path, old: x509.Certificate) -> Path:
    """The old file under a name of its own, by the day until which it is valid; a second name is no second copy."""
    for number in range(1, 1000):
        again = f"-{number}" if number > 1 else ""
        kept = file.with_name(f"{file.stem}-{old.not_valid_after_utc:%Y-%m-%d}{again}{file.suffix}")
        try:
            os.link(file, kept)
        except FileExistsError:
            continue
        return kept
    raise FileExistsError(f"{file.parent} holds too many old certificates")
