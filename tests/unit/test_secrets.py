"""Passwords and keys: files that only their owner may read, named in settings' own words."""

from pathlib import Path

import pytest
from certificates import authority, made, revocations
from cryptography.hazmat.primitives.serialization import Encoding

from config.fault import InputError
from config.load import Secrets, load_site, missing_secrets

SITE = """\
plant: {id: abc, time_zone: Asia/Seoul}
mqtt:
  programme: iim
  host: 127.0.0.1
  username: abc
  password_file: secrets/mqtt
  key_file: secrets/key.pem
devices:
  - {id: line, protocol: opcua, endpoint: opc.tcp://127.0.0.1:4840, username: u, password_file: secrets/line}
"""
BY_CERTIFICATE = SITE.replace("username: u, password_file: secrets/line", "user_certificate_file: c, user_key_file: k")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "site.yaml").write_text(SITE)
    for name in ("mqtt", "key.pem", "line"):
        (tmp_path / "secrets" / name).write_text("x")
        (tmp_path / "secrets" / name).chmod(0o600)
    return tmp_path / "site.yaml"


def faults(site: Path, secrets: Secrets) -> list[str]:
    try:
        load_site(site, secrets)
    except InputError as error:
        return [str(fault).replace(f"{site.parent}/", "") for fault in error.faults]
    return []


def test_private_files_are_sound(site: Path) -> None:
    assert faults(site, Secrets.PRESENT) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_every_file_that_others_may_read_is_named_at_its_key(site: Path, mode: int) -> None:
    for name in ("mqtt", "key.pem", "line"):
        (site.parent / "secrets" / name).chmod(mode)
    remedy = "must be readable by its owner alone: chmod 600"
    assert faults(site, Secrets.PRIVATE) == [
        f"site.yaml:6:3: mqtt.password_file: secrets/mqtt {remedy}",
        f"site.yaml:7:3: mqtt.key_file: secrets/key.pem {remedy}",
        f"site.yaml:9:82: devices[0].password_file: secrets/line {remedy}",
    ]
    assert faults(site, Secrets.LEFT_ASIDE) == []


def test_the_key_and_certificate_of_a_user_and_the_authorities_of_a_server_are_tried(site: Path) -> None:
    site.write_text(BY_CERTIFICATE.replace("user_key_file: k", "user_key_file: k, ca_file: ca"))
    kim = made()
    for name, content in (("c", kim.pem), ("ca", kim.pem), ("k", kim.key_pem)):
        (site.parent / name).write_bytes(content)
        (site.parent / name).chmod(0o600)
    assert faults(site, Secrets.PRESENT) == []
    (site.parent / "k").chmod(0o640)
    assert faults(site, Secrets.PRIVATE)[0].endswith("user_key_file: k must be readable by its owner alone: chmod 600")
    (site.parent / "k").chmod(0o600)
    (site.parent / "k").write_bytes(made().key_pem)
    assert faults(site, Secrets.PRIVATE)[0].endswith("user_key_file: k must be the key (PEM, no password) of c")
    (site.parent / "ca").write_text("none")
    (site.parent / "c").unlink()
    said = "".join(faults(site, Secrets.PRIVATE))
    assert "ca_file: ca holds no certificate (PEM)" in said
    assert "user_certificate_file: c is not there" in said


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_the_revocation_lists_of_authorities_are_tried(site: Path, encoding: Encoding) -> None:
    site.write_text(SITE.replace("username: u", "ca_file: ca, revocation_file: lists, username: u"))
    ours = authority()
    (site.parent / "ca").write_bytes(ours.pem)
    assert faults(site, Secrets.PRIVATE)[0].endswith("revocation_file: lists is not there")
    (site.parent / "lists").write_bytes(revocations(ours).public_bytes(encoding))
    assert faults(site, Secrets.PRIVATE) == []
    (site.parent / "lists").write_bytes(ours.pem)
    assert faults(site, Secrets.PRIVATE)[0].endswith("revocation_file: lists holds no revocation list (PEM or DER)")


def test_a_file_that_is_not_there_is_a_fault_only_for_who_needs_it(site: Path) -> None:
    (site.parent / "secrets" / "mqtt").unlink()
    assert faults(site, Secrets.PRIVATE) == []
    assert faults(site, Secrets.PRESENT) == ["site.yaml:6:3: mqtt.password_file: secrets/mqtt is not there"]
    assert missing_secrets(load_site(site), site.parent) == ["secrets/mqtt"]


def test_secrets_are_named_together_with_other_faults(site: Path) -> None:
    site.write_text(SITE.replace("iim", "IIM"))
    (site.parent / "secrets" / "key.pem").chmod(0o644)
    assert len(faults(site, Secrets.PRIVATE)) == 2
