"""By what does a simulated OPC UA server show who it is? A self-signed certificate that it makes once and keeps."""

import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_DAYS = 3650


def key_pair(folder: Path, device: str, application_uri: str) -> tuple[bytes, bytes]:
    """Certificate and private key (both PEM) of a device, made in `folder`/simulated when they are not there yet.

    They are kept because a server that starts again must be the one that its readers trust. Raises OSError.
    """
    kept = folder / "simulated"
    kept.mkdir(exist_ok=True)
    certificate_file, key_file = kept / f"{device}.pem", kept / f"{device}.key"
    if not (certificate_file.is_file() and key_file.is_file()):
        certificate, key = _made(device, application_uri)
        _write(key_file, key, 0o600)
        _write(certificate_file, certificate, 0o644)
    return certificate_file.read_bytes(), key_file.read_bytes()


def offer_trust(folder: Path, device: str, certificate: bytes) -> bool:
    """Put the certificate where the site's collector looks for the one it trusts, unless one is there.

    Returns whether the one that is there now is this. Raises OSError.
    """
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    trusted = folder / "trusted" / f"{device}.der"
    trusted.parent.mkdir(exist_ok=True)
    if not trusted.exists():
        _write(trusted, der, 0o644)
    return trusted.read_bytes() == der


def _write(path: Path, content: bytes, mode: int) -> None:
    # By way of a new name: a reader never sees half a file, and a key is never open to others.
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
    part.replace(path)


def _made(device: str, application_uri: str) -> tuple[bytes, bytes]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"simulated {device}"[:64])])
    now = datetime.now(UTC)
    others: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(application_uri),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        *(x509.DNSName(host) for host in dict.fromkeys(["localhost", socket.gethostname()])),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,  # a self-signed application certificate signs itself (OPC 10000-6 6.2.2)
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), plain_key
