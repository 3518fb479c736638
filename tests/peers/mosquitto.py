"""A real broker for tests: mosquitto with TLS, passwords and rights by pattern, on a port of its own."""

import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PROGRAMME = "iim"
PLANTS = ("kr-ansan-0421", "kr-busan-0001")
BREACH = "breach"
"""Somebody who has got at the broker: may write everywhere."""


def until(condition: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Wait for a condition; fail, naming it, when it does not come."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.02)


class Broker:
    """One mosquitto; it may be killed and started again on the same port, and keeps sessions across that."""

    host = "127.0.0.1"

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.ca_file = folder / "ca.pem"
        _write_certificates(folder)
        self._write_rights()
        (folder / "mosquitto.conf").write_text(self._configuration())

    def _configuration(self) -> str:
        at = self._folder
        return (
            f"listener {self.port} {self.host}\nuser root\nallow_anonymous false\n"
            f"certfile {at}/server.pem\nkeyfile {at}/server.key\ntls_version tlsv1.2\n"
            f"password_file {at}/passwords\nacl_file {at}/rights\n"
            f"persistence true\npersistence_location {at}/\nautosave_interval 1\nautosave_on_changes true\n"
            f"message_size_limit 268435455\nmax_queued_messages 10000\n"
        )

    def _write_rights(self) -> None:
        prefix = f"smartwings/v1/{PROGRAMME}"
        (self._folder / "rights").write_text(
            f"pattern write {prefix}/%u/report\npattern write {prefix}/%u/status\npattern read {prefix}/%u/ack\n"
            f"user programme\ntopic read {prefix}/+/report\ntopic read {prefix}/+/status\ntopic write {prefix}/+/ack\n"
            f"user {BREACH}\ntopic readwrite #\n"
        )
        passwords = self._folder / "passwords"
        passwords.touch(0o600)
        for user in ("programme", BREACH, *PLANTS):
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, self.password(user)], check=True)
            secret = self.password_file(user)
            secret.touch(0o600)
            secret.write_text(self.password(user) + "\n")

    def password(self, user: str) -> str:
        """Password of a user: programme, a plant, or BREACH."""
        return f"{user}-secret"

    def password_file(self, user: str) -> Path:
        """File that holds it."""
        return self._folder / f"{user}.password"

    def start(self) -> None:
        """Start, and wait until it listens."""
        log = (self._folder / "mosquitto.log").open("ab")
        with log:
            command = [self._program, "-c", str(self._folder / "mosquitto.conf")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(self._listens, "the broker listens")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """It keeps its connections and does nothing, as behind a cut line."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_certificates(folder: Path) -> None:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    for name, subject, key, extension in (
        ("ca", authority, authority_key, x509.BasicConstraints(ca=True, path_length=None)),
        ("server", server, server_key, names),
    ):
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(extension, critical=name == "ca")
            .sign(authority_key, hashes.SHA256())
        )
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))


def mosquitto() -> str:
    """The program, installed where that is allowed. Skips the test without it; with CI set, fails."""
    where = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = shutil.which("mosquitto", path=where)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "mosquitto"], check=False, capture_output=True)
        found = shutil.which("mosquitto", path=where)
    if found is None:
        reason = "no broker: mosquitto is not installed (Debian: apt-get install mosquitto)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running broker for the whole session."""
    started = Broker(mosquitto(), tmp_path_factory.mktemp("broker"))
    started.start()
    yield started
    started.stop()
