from pathlib import Path

import pytest

from collector.redaction import REMOVED, redacted, secrets_of


@pytest.mark.parametrize(
    "text",
    [
        "password: hunter2",
        "  Password = 'hunter2'",
        "mqtt: {host: a, password: hunter2, port: 1}",
        '{"api_key": "hunter2"}',
        "username: hunter2",
        "# the old passphrase: hunter2",
        "# 비밀번호: hunter2",
        "token:\n  hunter2\n\n  hunter2\n",
        "secret: |\n    a\n    hunter2\nport: 1",
        "endpoint: opc.tcp://hunter2:pw@10.0.0.5:4840",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2",
        "password_file: a, password: hunter2",
        "note hunter2hunter2hunter2hunter2hunter2hunter2hunter2=",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    said = redacted(text)
    assert "hunter2" not in said
    assert REMOVED in said


@pytest.mark.parametrize(
    "text",
    [
        "password_file: secrets/mqtt\nkey_file: secrets/signing.pem\n",
        "endpoint: opc.tcp://10.0.0.5:4840\n",
        "id: kr-ansan-0421/shift/2026-11-21/day/1 and kr-ansan-0421/shift/2026-11-22/night/12\n",
        f"sha256: {'ab01' * 16}\n",
        "node: ns=2;s=Press1.Good\r\nunit: 1\r\n",
        "",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text


def test_what_follows_a_secret_at_its_own_depth_stays() -> None:
    assert redacted("password:\n  x\nport: 8883\n") == f"password: {REMOVED}\nport: 8883\n"


def test_known_secrets_are_taken_out_wherever_they_stand() -> None:
    assert redacted("error: login with swordfish failed", ["swordfish"]) == f"error: login with {REMOVED} failed"


def test_secrets_are_what_the_files_of_the_plant_hold(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mqtt").write_text("swordfish\n")
    (tmp_path / "secrets" / "short").write_text("abc\n")
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "own.pem").write_text("-----BEGIN PRIVATE KEY-----\nMIIxyz\n-----END PRIVATE KEY-----")
    found = secrets_of(None, tmp_path)
    assert {"swordfish", "MIIxyz"} <= set(found)
    assert not {"abc", "-----BEGIN PRIVATE KEY-----"} & set(found)
