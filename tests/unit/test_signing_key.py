import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from sample_reports import key_of

from collector.reporting import signing_key
from config.fault import InputError

PEM, PKCS8 = Encoding.PEM, PrivateFormat.PKCS8
GOOD = key_of(1).private_bytes(PEM, PKCS8, NoEncryption())


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "signing.pem"
    path.write_bytes(content)
    os.chmod(path, mode)
    return path


def test_a_key_of_its_owner_alone_signs(tmp_path: Path) -> None:
    assert signing_key(written(tmp_path, GOOD)).sign(b"x") == key_of(1).sign(b"x")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        GOOD[:60],
        key_of(1).private_bytes(PEM, PKCS8, BestAvailableEncryption(b"secret")),
        ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, NoEncryption()),
    ],
)
def test_any_other_content_is_one_fault(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="must hold an Ed25519 private key in PEM") as caught:
        signing_key(written(tmp_path, content))
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InputError, match="must be readable by its owner alone"):
        signing_key(written(tmp_path, GOOD, mode))
