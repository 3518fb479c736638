"""Is a certificate judged by its dates, names, use, key, signature, and by who signed it?"""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import DAY, NOW, SIGN_AND_ENCRYPT, Made, Wanted, authority, made, revocations
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from connectors.device_health import Cause
from connectors.opcua_authority import Authorities, chain_findings, read_authorities, read_revocations
from connectors.opcua_certificate import certificates_of, leading
from connectors.opcua_certificate_check import Expected, Flaw, findings
from connectors.opcua_flaws import KINDS
from plant.instant import instant
from plant.status_code import is_bad, parse_status

NOW_US = instant(NOW)
HERE = Expected(frozenset({"127.0.0.1"}), NOW_US, "urn:test:server")


def flaws(wanted: Wanted, expected: Expected = HERE) -> list[Flaw]:
    return [one.flaw for one in findings(made(wanted).der, expected)]


def test_a_sound_certificate_has_no_flaw() -> None:
    assert flaws(Wanted()) == []


@pytest.mark.parametrize(
    ("wanted", "flaw", "said"),
    [
        (Wanted(until=NOW - DAY, since=NOW - 2 * DAY), Flaw.EXPIRED, f"ended on {NOW - DAY:%Y-%m-%d}"),
        (Wanted(since=NOW + DAY), Flaw.NOT_YET_VALID, f"begins on {NOW + DAY:%Y-%m-%d}"),
        (Wanted(uris=("urn:other",)), Flaw.URI, "it is of urn:other, and the server calls itself urn:test:server"),
        (Wanted(uris=()), Flaw.URI, "names no application URI"),
        (Wanted(hosts=("10.0.0.9", "plc-9")), Flaw.HOST, "it names plc-9, 10.0.0.9, not 127.0.0.1"),
        (Wanted(hosts=()), Flaw.HOST, "it names no host, not 127.0.0.1"),
        (Wanted(uses=("digital_signature",)), Flaw.USE, "KeyUsage"),
        (Wanted(uses=tuple(one for one in SIGN_AND_ENCRYPT if one != "data_encipherment")), Flaw.USE, "KeyUsage"),
        (Wanted(uses=tuple(one for one in SIGN_AND_ENCRYPT if one != "key_encipherment")), Flaw.USE, "KeyUsage"),
        (Wanted(uses=tuple(one for one in SIGN_AND_ENCRYPT if one != "digital_signature")), Flaw.USE, "KeyUsage"),
        (Wanted(extended=(ExtendedKeyUsageOID.CLIENT_AUTH,)), Flaw.USE, "ExtendedKeyUsage"),
        (Wanted(bits=1024), Flaw.KEY, "1024 bits, at least 2048"),
        (Wanted(curve=True), Flaw.KEY, "not RSA"),
    ],
)
def test_each_flaw_is_found_by_name(wanted: Wanted, flaw: Flaw, said: str) -> None:
    (found,) = findings(made(wanted).der, HERE)
    assert found.flaw is flaw
    assert said in found.said


def test_a_signature_that_can_be_forged_is_a_flaw() -> None:
    sound = made()
    sha256, sha1 = (bytes.fromhex(f"06092a864886f70d0101{number}0500") for number in ("0b", "05"))
    assert sound.der.count(sha256) == 2
    # no library signs with SHA-1 any more: the name of the algorithm is what is looked at
    (found,) = findings(sound.der.replace(sha256, sha1), HERE)
    assert found.flaw is Flaw.SIGNATURE


def test_many_flaws_are_all_told_the_worst_first() -> None:
    bad = Wanted(hosts=(), uris=(), bits=1024, until=NOW - DAY, since=NOW - 2 * DAY, uses=())
    assert flaws(bad) == [Flaw.KEY, Flaw.EXPIRED, Flaw.URI, Flaw.HOST, Flaw.USE]


@pytest.mark.parametrize("damaged", [b"", b"\x30\x82\x01\x00", made().der[:-40], b"nonsense" * 20])
def test_a_damaged_certificate_is_a_flaw_and_no_fault_of_ours(damaged: bytes) -> None:
    assert [one.flaw for one in findings(damaged, HERE)] == [Flaw.UNREADABLE]


def test_the_first_and_the_last_second_of_a_certificate_are_its_own() -> None:
    one = made(Wanted(since=datetime(2026, 3, 1, tzinfo=UTC), until=datetime(2026, 3, 2, tzinfo=UTC)))
    for at, flaw in (
        (datetime(2026, 3, 1, tzinfo=UTC), []),
        (datetime(2026, 3, 2, tzinfo=UTC), []),
        (datetime(2026, 3, 1, tzinfo=UTC) - timedelta(seconds=1), [Flaw.NOT_YET_VALID]),
        (datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=1), [Flaw.EXPIRED]),
    ):
        then = dataclasses.replace(HERE, now_us=instant(at))
        assert [one.flaw for one in findings(one.der, then)] == flaw


def test_no_certificate_is_judged_by_a_clock_that_cannot_be_right() -> None:
    for at in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)):
        (found,) = findings(made().der, dataclasses.replace(HERE, now_us=instant(at)))
        assert found.flaw is Flaw.CLOCK
        assert f"{at:%Y-%m-%d}" in found.said


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("plc-1.plant", "PLC-1.plant"),
        ("PLC-1.plant.", "plc-1.plant"),
        ("::1", "0:0::1"),
        ("fe80::1", "[fe80:0::1]"),
    ],
)
def test_a_host_is_the_same_however_it_is_written(named: str, asked: str) -> None:
    assert flaws(Wanted(hosts=(named,)), dataclasses.replace(HERE, hosts=frozenset({asked}))) == []


def test_an_address_written_as_a_name_is_an_address() -> None:
    one = made(Wanted(hosts=()))
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:test:server"), x509.DNSName("127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(one.certificate.subject).issuer_name(one.certificate.subject)
    builder = builder.public_key(one.key.public_key()).serial_number(7).not_valid_before(NOW - DAY)
    written = builder.not_valid_after(NOW + DAY).add_extension(names, False).sign(one.key, hashes.SHA256())
    assert findings(written.public_bytes(Encoding.DER), HERE) == ()


@pytest.mark.parametrize("names", ["part.127.0.0.1", "*", "127.0.0.10"])
def test_a_host_that_is_only_alike_is_another(names: str) -> None:
    assert flaws(Wanted(hosts=(names,))) == [Flaw.HOST]


def test_a_certificate_without_uses_may_be_used() -> None:
    assert flaws(Wanted(uses=None, extended=None)) == []
    assert flaws(Wanted(extended=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))) == []


def test_an_application_uri_that_is_not_known_yet_is_not_compared_but_must_be_there() -> None:
    early = dataclasses.replace(HERE, application_uri=None)
    assert flaws(Wanted(uris=("urn:other",)), early) == []
    assert flaws(Wanted(uris=()), early) == [Flaw.URI]


def test_every_flaw_has_a_cause_and_a_status_of_the_standard() -> None:
    for flaw in Flaw:
        cause, status = KINDS[flaw]
        assert isinstance(cause, Cause)
        assert is_bad(parse_status(status))
        assert "Certificate" in status


ROOT = authority("root")
BETWEEN = authority("between", ROOT)
SERVER = made(issuer=BETWEEN)


def chain_flaws(chain: Sequence[bytes] | Made, *trusted: Made, lists: Any = None) -> list[Flaw]:
    shown = certificates_of(chain.chain) if isinstance(chain, Made) else chain
    held = Authorities(tuple(one.certificate for one in trusted), lists)
    return [one.flaw for one in chain_findings(shown, held, NOW_US)]


def test_whoever_an_authority_signed_is_believed_over_those_between() -> None:
    assert len(certificates_of(SERVER.chain)) == 3
    assert chain_flaws(SERVER, ROOT) == []
    assert chain_flaws([SERVER.der], BETWEEN) == []
    assert chain_flaws(SERVER, authority("other"), BETWEEN) == []


def test_a_chain_that_breaks_is_refused() -> None:
    assert chain_flaws([SERVER.der], ROOT) == [Flaw.ISSUER]
    assert chain_flaws(SERVER, authority("other")) == [Flaw.ISSUER]
    assert chain_flaws(made(issuer=authority("root")), ROOT) == [Flaw.ISSUER]


def test_a_self_made_certificate_and_one_signed_by_no_authority_are_refused() -> None:
    signing = Wanted(uses=(*SIGN_AND_ENCRYPT, "key_cert_sign"))  # as OPC 10000-6 has it of self-signed ones
    own = made(signing)
    assert chain_flaws(own, ROOT) == [Flaw.ISSUER]
    assert chain_flaws(own, own) == [Flaw.ISSUER]
    machine = made(signing, ROOT)
    assert chain_flaws(made(Wanted(name="child"), machine), ROOT) == [Flaw.ISSUER]


@pytest.mark.parametrize(
    "bad",
    [
        {"until": NOW - DAY, "since": NOW - 2 * DAY},
        {"since": NOW + DAY},
        {"bits": 1024},
        {"uses": SIGN_AND_ENCRYPT},
    ],
)
def test_an_authority_that_may_not_sign_today_is_none(bad: Any) -> None:
    weak = authority("weak", **bad)
    assert chain_flaws(made(issuer=weak), weak) == [Flaw.ISSUER]
    between = authority("between", ROOT, **bad)
    assert chain_flaws(made(issuer=between), ROOT) == [Flaw.ISSUER]


def test_an_authority_between_whose_signature_can_be_forged_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.opcua_authority.is_weakly_signed", lambda one: one == BETWEEN.certificate)
    assert chain_flaws(SERVER, ROOT) == [Flaw.ISSUER]


def test_an_authority_has_no_more_authorities_below_it_than_it_may() -> None:
    narrow = authority("narrow", path_length=0)
    assert chain_flaws(made(issuer=narrow), narrow) == []
    assert chain_flaws(made(issuer=authority("below", narrow)), narrow) == [Flaw.ISSUER]


def test_a_revoked_certificate_is_refused_whoever_in_the_chain_it_is() -> None:
    sound = (revocations(ROOT), revocations(BETWEEN))
    assert chain_flaws(SERVER, ROOT, lists=sound) == []
    assert chain_flaws(SERVER, ROOT, lists=(revocations(ROOT), revocations(BETWEEN, [SERVER]))) == [Flaw.REVOKED]
    assert chain_flaws(SERVER, ROOT, lists=(revocations(ROOT, [BETWEEN]), revocations(BETWEEN))) == [Flaw.REVOKED]
    assert chain_flaws(SERVER, BETWEEN, lists=(revocations(BETWEEN, [SERVER], until=NOW - DAY / 2),)) == [Flaw.REVOKED]


@pytest.mark.parametrize(
    "lists",
    [
        (),
        (revocations(ROOT),),
        (revocations(BETWEEN, until=NOW - DAY / 2),),
        (revocations(BETWEEN, since=NOW + DAY),),
        (revocations(authority("between")),),
    ],
)
def test_without_a_list_in_date_nobody_knows_whether_a_certificate_is_revoked(lists: Any) -> None:
    assert chain_flaws(SERVER, BETWEEN, lists=lists) == [Flaw.REVOCATION_UNKNOWN]


def test_a_chain_of_nonsense_is_refused() -> None:
    assert chain_flaws([b"x"], ROOT) == [Flaw.UNREADABLE]
    assert chain_flaws([SERVER.der, b"x"], ROOT) == [Flaw.UNREADABLE]
    assert chain_flaws([], ROOT) == [Flaw.UNREADABLE]


def test_a_chain_is_taken_apart_whatever_it_holds() -> None:
    assert certificates_of(b"") == []
    assert certificates_of(b"\x30\x82\x00\x00" * 3) == [b"\x30\x82\x00\x00"] * 3
    assert b"".join(certificates_of(SERVER.chain + b"rest")) == SERVER.chain + b"rest"
    assert leading(SERVER.chain) == SERVER.der


def test_authorities_and_lists_are_read_in_both_forms(tmp_path: Path) -> None:
    ca, crl = tmp_path / "ca.pem", tmp_path / "crl.pem"
    lists = [revocations(ROOT), revocations(BETWEEN)]
    ca.write_bytes(ROOT.pem + BETWEEN.pem)
    crl.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in lists))
    found = read_authorities(ca, crl)
    assert found.certificates == (ROOT.certificate, BETWEEN.certificate)
    assert found.revocations == tuple(lists)
    ca.write_bytes(ROOT.der)
    assert read_authorities(ca, None) == Authorities((ROOT.certificate,), None)
    assert read_revocations(lists[0].public_bytes(Encoding.DER)) == (lists[0],)
    with pytest.raises(ValueError, match="no revocation list"):
        read_revocations(ROOT.pem)
