"""Certificates of OPC UA servers for tests: a sound one, and each of the ways in which one can be bad."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

APPLICATION_URI = "urn:test:server"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SIGN_AND_ENCRYPT = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
_USES = (*SIGN_AND_ENCRYPT, "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


@dataclass(frozen=True)
class Made:
    """A certificate with its key, and those of its issuers that a server sends along."""

    certificate: x509.Certificate
    key: Any
    others: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def chain(self) -> bytes:
        return self.der + b"".join(one.public_bytes(Encoding.DER) for one in self.others)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        plain: bytes = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return plain

    def put(self, folder: Path) -> None:
        """Where a server of `opcua_server` looks for its certificate."""
        (folder / "server.der").write_bytes(self.der)
        (folder / "server-key.pem").write_bytes(self.key_pem)


@dataclass(frozen=True)
class Wanted:
    """What a certificate is to be; as it stands, a sound server's on this machine."""

    uris: tuple[str, ...] = (APPLICATION_URI,)
    hosts: tuple[str, ...] = ("127.0.0.1",)
    since: datetime = NOW - DAY
    until: datetime = NOW + 365 * DAY
    uses: tuple[str, ...] | None = SIGN_AND_ENCRYPT
    extended: tuple[x509.ObjectIdentifier, ...] | None = (ExtendedKeyUsageOID.SERVER_AUTH,)
    bits: int = 2048
    curve: bool = False
    algorithm: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    path_length: int | None = None
    is_authority: bool = False
    name: str = "server"


def made(wanted: Wanted | None = None, issuer: Made | None = None) -> Made:
    """A certificate as wanted, signed by an authority or by itself."""
    wanted = wanted or Wanted()
    key: Any = (
        ec.generate_private_key(ec.SECP256R1())
        if wanted.curve
        else rsa.generate_private_key(public_exponent=65537, key_size=wanted.bits)
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wanted.name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(wanted.since)
        .not_valid_after(wanted.until)
        .add_extension(x509.BasicConstraints(wanted.is_authority, wanted.path_length), critical=True)
    )
    names = [*map(x509.UniformResourceIdentifier, wanted.uris), *map(_host, wanted.hosts)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if wanted.uses is not None:
        usage = x509.KeyUsage(**{use: use in wanted.uses for use in _USES})
        builder = builder.add_extension(usage, critical=True)
    if wanted.extended is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(wanted.extended), critical=False)
    certificate = builder.sign(issuer.key if issuer else key, wanted.algorithm)
    others = (issuer.certificate, *issuer.others) if issuer else ()
    return Made(certificate, key, others)


def authority(name: str = "authority", issuer: Made | None = None, **wanted: Any) -> Made:
    """Somebody who may sign."""
    return made(
        Wanted(
            **{
                "uris": (),
                "hosts": (),
                "uses": ("key_cert_sign", "crl_sign"),
                "extended": None,
                "is_authority": True,
                "name": name,
                **wanted,
            }
        ),
        issuer,
    )


def revocations(
    issuer: Made, revoked: Iterable[Made] = (), since: datetime = NOW - DAY, until: datetime = NOW + 30 * DAY
) -> x509.CertificateRevocationList:
    """The list of what an authority took back."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(since).next_update(until)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number).revocation_date(since)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256())


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
