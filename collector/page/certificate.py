"""How does a plant without an authority of its own come to TLS? By a certificate that the page signs itself."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from config.fault import file_fault
from config.page import PageSettings
from config.secret_file import write_secret

VALID = timedelta(days=825)  # longer is refused by some browsers


def make_certificate(settings: PageSettings, folder: Path) -> tuple[Path, str]:
    """Write the certificate and key that the settings name; returns the certificate's file and its fingerprint.

    Raises InputError where the settings name none, or a file is there already.
    """
    if settings.certificate_file is None or settings.key_file is None:
        raise file_fault(folder, "page.certificate_file and page.key_file must name the files that are to be written")
    certificate_file, key_file = folder / settings.certificate_file, folder / settings.key_file
    for file in (certificate_file, key_file):
        if file.exists():
            raise file_fault(file, "is there already; move it away for a new one")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key, sorted({"localhost", "127.0.0.1", *_names(settings)}))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    try:
        write_secret(key_file, key.private_bytes(serialization.Encoding.PEM, *private))
        certificate_file.parent.mkdir(parents=True, exist_ok=True)
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    except OSError as error:
        raise file_fault(Path(os.fsdecode(error.filename)), f"cannot be written: {error.strerror}") from None
    return certificate_file, certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _names(settings: PageSettings) -> list[str]:
    return [*settings.hosts, *([] if settings.listens_everywhere else [settings.host])]


def _self_signed(key: ec.EllipticCurvePrivateKey, names: list[str]) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Smart Wings")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of plants differ
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
