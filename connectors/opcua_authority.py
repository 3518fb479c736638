"""Did an authority that we trust sign this certificate, and has it not been revoked? (OPC 10000-4 6.1.3; RFC 5280 6)"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.opcua_certificate_check import SMALLEST_KEY_BITS, Finding, Flaw, extension, is_weakly_signed
from plant.instant import US_PER_S

_LONGEST_WAY = 8
_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who may sign, and what they took back. revocations None: nobody asks for it."""

    certificates: tuple[x509.Certificate, ...]
    revocations: tuple[x509.CertificateRevocationList, ...] | None = None


def read_authorities(ca_file: Path, revocation_file: Path | None) -> Authorities:
    """The authorities and revocation lists of two files (PEM or DER). Raises OSError or ValueError."""
    lists = None if revocation_file is None else read_revocations(revocation_file.read_bytes())
    return Authorities(tuple(read_certificates(ca_file.read_bytes())), lists)


def read_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates of a file's content (PEM or DER). Raises ValueError for one without."""
    if b"-----BEGIN" in content:
        return x509.load_pem_x509_certificates(content)
    return [x509.load_der_x509_certificate(content)]


def read_revocations(content: bytes) -> tuple[x509.CertificateRevocationList, ...]:
    """The revocation lists of a file's content (PEM or DER). Raises ValueError for one without."""
    if b"-----BEGIN" not in content:
        return (x509.load_der_x509_crl(content),)
    found = tuple(x509.load_pem_x509_crl(one) for one in _LIST.findall(content))
    if not found:
        raise ValueError("holds no revocation list")
    return found


def chain_findings(chain: Sequence[bytes], authorities: Authorities, now_us: int) -> tuple[Finding, ...]:
    """What is wrong with who signed a certificate; empty if all is well.

    chain: the certificate (DER), and those of its issuers that the server sent along.
    """
    now = datetime.fromtimestamp(now_us / US_PER_S, UTC)
    try:
        leaf, *sent = [x509.load_der_x509_certificate(one) for one in chain[:_LONGEST_WAY]]
        way = _way(leaf, sent, authorities.certificates, now)
        if way is None:
            issuer = leaf.issuer.rfc4514_string()
            return (Finding(Flaw.ISSUER, f"no authority of ca_file that is valid today signed it; issuer: {issuer}"),)
        if authorities.revocations is None:
            return ()
        return tuple(one for pair in pairwise(way) for one in _revocation(*pair, authorities.revocations, now))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return (Finding(Flaw.UNREADABLE, "its chain is damaged"),)


def _way(
    leaf: x509.Certificate, sent: list[x509.Certificate], trusted: tuple[x509.Certificate, ...], now: datetime
) -> list[x509.Certificate] | None:
    """From the certificate by its issuers to a trusted one; None where there is no such way."""
    way = [leaf]
    while len(way) <= _LONGEST_WAY:
        below = len(way) - 1
        for authority in trusted:
            if _may_sign(authority, below, now) and _signed(way[-1], authority):
                return [*way, authority]
        between = (one for one in sent if one not in way and _may_sign(one, below, now) and _signed(way[-1], one))
        issuer = next(between, None)
        if issuer is None or is_weakly_signed(issuer):
            return None
        way.append(issuer)
    return None


def _may_sign(issuer: x509.Certificate, below: int, now: datetime) -> bool:
    """Whether it is an authority, in date, with a sound key, and with so many authorities below it allowed."""
    constraints, usage = extension(issuer, x509.BasicConstraints), extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        return False
    if constraints.path_length is not None and constraints.path_length < below:
        return False
    key = issuer.public_key()
    is_weak = isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_KEY_BITS
    is_now = issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc
    return is_now and not is_weak and (usage is None or usage.key_cert_sign)


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: tuple[x509.CertificateRevocationList, ...],
    now: datetime,
) -> Iterator[Finding]:
    key = issuer.public_key()
    own = [one for one in lists if one.issuer == issuer.subject and one.is_signature_valid(key)]  # type: ignore[arg-type]
    who = issuer.subject.rfc4514_string()
    if any(one.get_revoked_certificate_by_serial_number(certificate.serial_number) for one in own):
        yield Finding(Flaw.REVOKED, f"{who} has revoked it")
    elif not any(_is_in_date(one, now) for one in own):
        yield Finding(Flaw.REVOCATION_UNKNOWN, f"revocation_file has no list of {who} that is in date")


def _is_in_date(one: x509.CertificateRevocationList, now: datetime) -> bool:
    return one.last_update_utc <= now and (one.next_update_utc is None or now <= one.next_update_utc)
