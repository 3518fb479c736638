"""May this certificate be a server's? Its dates, names, use, key and signature (OPC 10000-4 6.1.3): pure."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from plant.credible_time import RELEASED_US
from plant.instant import US_PER_S, instant

SMALLEST_KEY_BITS = 2048
"""Of all three policies that we speak (OPC 10000-7, Basic256Sha256 and later)."""
E = TypeVar("E", bound=x509.ExtensionType)
_WEAK_HASHES = ("md5", "sha1")
_MOST_NAMED = 5


class Flaw(StrEnum):
    """What is wrong with a certificate, worst first."""

    UNREADABLE = "unreadable"
    KEY = "key"
    REVOKED = "revoked"
    ISSUER = "issuer"
    REVOCATION_UNKNOWN = "revocation_unknown"
    CLOCK = "clock"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    URI = "uri"
    HOST = "host"
    USE = "use"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw, and what shows it, in plain words."""

    flaw: Flaw
    said: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What a certificate must fit. hosts: names or addresses, one of which it must have. now_us: this machine's clock.

    application_uri: what the server calls itself (EndpointDescription, OPC 10000-4 7.14); None: not known yet.
    """

    hosts: frozenset[str]
    now_us: int
    application_uri: str | None = None


def findings(certificate: bytes, expected: Expected) -> tuple[Finding, ...]:
    """Every flaw of a DER certificate, worst first; empty for a sound one. Who signed it is not looked at."""
    try:
        found = x509.load_der_x509_certificate(certificate)
        names = extension(found, x509.SubjectAlternativeName)
        every = [
            *_of_key(found),
            *_of_dates(found, expected.now_us),
            *_of_uri(names, expected.application_uri),
            *_of_host(names, expected.hosts),
            *_of_use(found),
            *_of_signature(found),
        ]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return (Finding(Flaw.UNREADABLE, "it is damaged, or of a kind that no policy allows"),)
    return worst_first(every)


def worst_first(every: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of flaws."""
    order = list(Flaw)
    return tuple(sorted(every, key=lambda one: order.index(one.flaw)))


def is_weakly_signed(certificate: x509.Certificate) -> bool:
    """Whether somebody could have made another certificate with the same signature."""
    algorithm = certificate.signature_hash_algorithm
    return algorithm is not None and algorithm.name in _WEAK_HASHES


def _of_key(certificate: x509.Certificate) -> Iterator[Finding]:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        yield Finding(Flaw.KEY, "its key is not RSA, as every policy demands")
    elif key.key_size < SMALLEST_KEY_BITS:
        yield Finding(Flaw.KEY, f"its key has {key.key_size} bits, at least {SMALLEST_KEY_BITS} are needed")


def _of_dates(certificate: x509.Certificate, now_us: int) -> Iterator[Finding]:
    until, since = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    today = f"{datetime.fromtimestamp(now_us / US_PER_S, UTC):%Y-%m-%d}"
    if now_us < RELEASED_US:
        yield Finding(Flaw.CLOCK, f"this machine's clock shows {today}, which cannot be")
    elif instant(until) < now_us:
        yield Finding(Flaw.EXPIRED, f"it ended on {until:%Y-%m-%d}, and this machine's clock shows {today}")
    elif instant(since) > now_us:
        yield Finding(Flaw.NOT_YET_VALID, f"it begins on {since:%Y-%m-%d}, and this machine's clock shows {today}")


def _of_uri(names: x509.SubjectAlternativeName | None, wanted: str | None) -> Iterator[Finding]:
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    if not uris:
        yield Finding(Flaw.URI, "it names no application URI")
    elif wanted is not None and wanted not in uris:
        yield Finding(Flaw.URI, f"it is of {_listed(uris)}, and the server calls itself {wanted or 'nothing'}")


def _of_host(names: x509.SubjectAlternativeName | None, wanted: frozenset[str]) -> Iterator[Finding]:
    hosts: list[str] = []
    if names is not None:
        hosts += names.get_values_for_type(x509.DNSName)
        hosts += [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    if not {plain_host(host) for host in hosts} & {plain_host(host) for host in wanted}:
        yield Finding(Flaw.HOST, f"it names {_listed(hosts) or 'no host'}, not {_listed(sorted(wanted))}")


def _of_use(certificate: x509.Certificate) -> Iterator[Finding]:
    # absent, an extension restricts nothing (RFC 5280 4.2.1.3 and 4.2.1.12)
    usage = extension(certificate, x509.KeyUsage)
    if usage is not None and not (usage.digital_signature and usage.key_encipherment and usage.data_encipherment):
        yield Finding(Flaw.USE, "its key may not both sign and encrypt (KeyUsage)")
    extended = extension(certificate, x509.ExtendedKeyUsage)
    allowed = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if extended is not None and not allowed & set(extended):
        yield Finding(Flaw.USE, "it may not be a server's (ExtendedKeyUsage)")


def _of_signature(certificate: x509.Certificate) -> Iterator[Finding]:
    if is_weakly_signed(certificate):
        yield Finding(Flaw.SIGNATURE, "it is signed with SHA-1 or MD5, which can be forged")


def plain_host(host: str) -> str:
    """A name or address as it can be compared: some servers write an address as a name.

    >>> plain_host("PLC-1."), plain_host("[0:0::1]")
    ('plc-1', '::1')
    """
    bare = host.strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare


def extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    """The extension of a kind; None for a certificate without it."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(name[:80] for name in names[:_MOST_NAMED]) + more
