"""As whom do we sign in at an OPC UA server? Nobody, a user by name, or one by certificate (OPC 10000-4 7.40)."""

from dataclasses import dataclass
from pathlib import Path

from asyncua.client.client import Client
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.devices import OpcUaDevice
from connectors.device_health import Cause
from connectors.opcua_authority import read_certificates
from connectors.opcua_certificate import NotTrustedError, check_secret


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in; all None: anonymous. key: the one of the certificate."""

    name: str | None = None
    password: str | None = None
    certificate: x509.Certificate | None = None
    key: PrivateKeyTypes | None = None


def user_of(device: OpcUaDevice, folder: Path) -> User:
    """The user that a device's settings name; files lie relative to the folder.

    Raises NotTrustedError for files that others may read or that cannot be used, and where a password would go over
    a channel that is not encrypted.
    """
    if device.user_certificate_file is not None and device.user_key_file is not None:
        return _by_certificate(folder / device.user_certificate_file, folder / device.user_key_file)
    if device.password_file is None:
        return User(device.username)
    if not device.may_send_password:
        raise NotTrustedError("a password is never sent over a channel that is not encrypted", Cause.SECRET_FILE)
    file = folder / device.password_file
    try:
        check_secret(file)
        return User(device.username, file.read_text(encoding="utf-8").rstrip("\r\n"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise NotTrustedError(
            f"{device.password_file} (password_file) cannot be read: {why}", Cause.SECRET_FILE
        ) from None


async def sign_in(client: Client, user: User) -> None:
    """Activate the session of a client as the user."""
    client.user_private_key = user.key
    await client.activate_session(user.name, user.password, user.certificate)


def _by_certificate(certificate_file: Path, key_file: Path) -> User:
    try:
        check_secret(key_file)
        certificate = read_certificates(certificate_file.read_bytes())[0]
        key = load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        names = f"{certificate_file.name}, {key_file.name}"
        raise NotTrustedError(f"cannot use {names}: {error}", Cause.CERTIFICATE_FILE) from None
    if key.public_key() != certificate.public_key():
        raise NotTrustedError(f"{key_file.name} is not the key of {certificate_file.name}", Cause.CERTIFICATE_FILE)
    return User(certificate=certificate, key=key)
