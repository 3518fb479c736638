"""Who are we to servers? Our own application certificate and key, and the files that hold secrets."""

import hashlib
import os
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.secret_file import drafted, is_private, write_secret
from connectors.connector import ConnectorError
from connectors.device_health import Cause

OWN_FILE = Path("certificates") / "own.pem"
_VALID = timedelta(days=5 * 365)


class NotTrustedError(ConnectorError):
    """The server is not known to be the one that was trusted, or a secret is not kept as one.

    status: name of the StatusCode that readings carry because of it. flaws: those of a certificate that is
    refused, by name.
    """

    def __init__(
        self,
        message: str,
        cause: Cause = Cause.NOT_TRUSTED,
        status: str = "BadCertificateUntrusted",
        flaws: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.cause, self.status, self.flaws = cause, status, flaws


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """What we show to servers: DER certificate, PEM private key, and the application URI that it names."""

    certificate: bytes
    private_key: bytes
    application_uri: str


def own_certificate(folder: Path) -> OwnCertificate:
    """Our certificate and key, made once and never by itself again; the key readable by its owner alone.

    Beside it lies `own.der`, the certificate alone, for people to hand to servers.
    """
    file = folder / OWN_FILE
    if not file.exists():
        _make_own(file)
    check_secret(file)
    pem = file.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    key, _, _ = pem.partition(b"-----BEGIN CERTIFICATE-----")
    der = certificate.public_bytes(serialization.Encoding.DER)
    shown = file.with_suffix(".der")
    if not shown.exists() or shown.read_bytes() != der:  # whoever wrote the one may have ended before the other
        write_secret(shown, der)
    return OwnCertificate(der, key, uri)


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a DER certificate, as people compare it: AB:CD:…"""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def trusted_file(folder: Path, device_id: str) -> Path:
    """Where the trusted certificate of a device lies: a plain DER file."""
    return folder / "trusted" / f"{device_id}.der"


def leading(chain: bytes) -> bytes:
    """The first certificate of a DER chain: some servers append their issuers'."""
    if len(chain) < 4 or chain[1] != 0x82:
        return chain
    return chain[: int.from_bytes(chain[2:4], "big") + 4]


def certificates_of(chain: bytes) -> list[bytes]:
    """The certificates of a DER chain, each by itself; what cannot be taken apart is one."""
    found = []
    while chain:
        found.append(leading(chain))
        chain = chain[len(found[-1]) :]
    return found


def check_secret(file: Path) -> None:
    """Raise NotTrustedError if others than its owner may read a file with a secret."""
    if not is_private(file):
        raise NotTrustedError(f"{file.name} must be readable by its owner alone (chmod 600)", Cause.SECRET_FILE)


def new_pem(application_uri: str) -> bytes:
    """A new key and a certificate of it (both PEM) under an application URI."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    certificate = _self_signed(key, application_uri)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _make_own(file: Path) -> None:
    draft = drafted(file, new_pem(f"urn:smartwings:{secrets.token_hex(16)}"))
    try:
        os.link(draft, file)  # whoever is first has made it; key and certificate lie in one file and cannot part
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _self_signed(key: rsa.RSAPrivateKey, application_uri: str) -> x509.Certificate:
    """A self-signed application instance certificate (OPC 10000-6 6.2.2)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Smart Wings")])
    names = [x509.UniformResourceIdentifier(application_uri), x509.DNSName(socket.gethostname())]
    now = datetime.now(UTC)
    uses = dict.fromkeys(("key_agreement", "crl_sign", "encipher_only", "decipher_only"), False)
    allowed = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_cert_sign")
    uses |= dict.fromkeys(allowed, True)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of plants differ
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**uses), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
