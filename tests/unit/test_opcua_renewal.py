"""Do we keep our certificate until somebody renews it, and then change it all at once, under the same name?"""

from pathlib import Path

import pytest
import time_machine
from certificates import made
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.devices import OpcUaDevice
from connectors.certificate_state import certificate_states
from connectors.opcua_certificate import NotTrustedError, fingerprint, own_certificate
from connectors.opcua_renewal import renewed
from plant.instant import US_PER_S, instant
from tests.acceptance.plant_files import run

SERVER = OpcUaDevice(id="press", protocol="opcua", endpoint="opc.tcp://10.0.0.5:4840")
SITE = """\
plant: {id: abc, time_zone: Asia/Seoul}
devices:
  - {id: press, protocol: opcua, endpoint: "opc.tcp://10.0.0.5:4840"}
  - {id: clear, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:4840", security: none}
"""


def test_a_new_certificate_has_a_new_key_and_the_same_application_uri_and_the_old_one_is_kept(tmp_path: Path) -> None:
    old = own_certificate(tmp_path)
    done = renewed(tmp_path)
    new = own_certificate(tmp_path)
    assert (done.sha256, done.application_uri) == (fingerprint(new.certificate), old.application_uri)
    assert new.application_uri == old.application_uri
    assert new.private_key != old.private_key
    assert done.shown.read_bytes() == new.certificate
    until = x509.load_der_x509_certificate(old.certificate).not_valid_after_utc
    assert done.kept.name == f"own-{until:%Y-%m-%d}.pem"
    assert done.kept.read_bytes().startswith(old.private_key)
    for file in (done.kept, tmp_path / "certificates" / "own.pem"):
        assert file.stat().st_mode & 0o777 == 0o600
    key = load_pem_private_key(new.private_key, None)
    assert key.public_key() == x509.load_der_x509_certificate(new.certificate).public_key()


def test_what_is_kept_is_never_written_over(tmp_path: Path) -> None:
    own_certificate(tmp_path)
    kept = [renewed(tmp_path).kept for _ in range(3)]
    assert len({file.read_bytes() for file in kept}) == 3
    assert [file.name.count("-") for file in kept] == [3, 4, 4]


def test_whoever_is_killed_while_renewing_has_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = own_certificate(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("connectors.opcua_renewal.write_secret", killed)
    with pytest.raises(KeyboardInterrupt):
        renewed(tmp_path)
    assert own_certificate(tmp_path) == old
    monkeypatch.undo()
    monkeypatch.setattr("connectors.opcua_certificate.write_secret", killed)
    with pytest.raises(KeyboardInterrupt):
        renewed(tmp_path)
    monkeypatch.undo()
    assert (tmp_path / "certificates" / "own.der").read_bytes() == old.certificate
    new = own_certificate(tmp_path)
    assert new.certificate != old.certificate
    assert (tmp_path / "certificates" / "own.der").read_bytes() == new.certificate


def test_a_certificate_that_has_ended_is_told_and_never_made_anew_by_itself(tmp_path: Path) -> None:
    old = own_certificate(tmp_path)
    ends = x509.load_der_x509_certificate(old.certificate).not_valid_after_utc
    with time_machine.travel(instant(ends) / US_PER_S + 80_000):
        assert own_certificate(tmp_path) == old
        (tmp_path / "site.yaml").write_text(SITE)
        said = run("check", str(tmp_path / "site.yaml")).out
    (warned,) = [line for line in said.splitlines() if "own.der has not been valid since 1 days ago" in line]
    assert "smartwings certificate SITE --opcua" in warned


def test_a_key_that_others_may_read_is_not_renewed(tmp_path: Path) -> None:
    own_certificate(tmp_path)
    (tmp_path / "certificates" / "own.pem").chmod(0o644)
    with pytest.raises(NotTrustedError, match="chmod 600"):
        renewed(tmp_path)


def test_the_command_says_where_the_new_certificate_must_be_trusted(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE)
    said = run("certificate", str(site), "--opcua")
    assert said.code == 0
    assert f"SHA-256 {fingerprint(own_certificate(tmp_path).certificate)}" in said.out
    assert "  press: opc.tcp://10.0.0.5:4840\n" in said.out
    assert "clear" not in said.out
    site.write_text("plant: {id: abc, time_zone: Asia/Seoul}\n")
    assert "no OPC UA device that needs a certificate" in run("certificate", str(site), "--opcua").err


def test_the_state_of_every_certificate_is_told_by_whose_it_is(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(made().pem + made().pem)
    (tmp_path / "kim.pem").write_bytes(made().pem)
    user = {"user_certificate_file": "kim.pem", "user_key_file": "kim.key"}
    by_authority = SERVER.model_copy(update={"ca_file": "ca.pem", **user})
    own_certificate(tmp_path)
    found = certificate_states(by_authority, tmp_path)
    assert found is not None
    assert [one.whose for one in found.every] == ["authority", "authority", "user", "own"]
    assert found.own is not None
    assert found.own.file == "certificates/own.der"
    assert found.own.sha256 == fingerprint(own_certificate(tmp_path).certificate)
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "press.der").write_bytes(made().chain + b"and more")
    pinned = certificate_states(SERVER, tmp_path)
    assert pinned is not None
    assert [one.whose for one in pinned.every] == ["server", "own"]
    (tmp_path / "trusted" / "press.der").write_bytes(b"damaged")
    damaged = certificate_states(SERVER, tmp_path)
    assert damaged is not None
    assert damaged.server is None
