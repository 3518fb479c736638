"""Modbus/TCP Security: is a device believed that shows a good certificate, and no other?"""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collected import Collected
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lying_device import LIES, LyingDevice

from config.devices import ModbusDevice
from connectors import modbus_line
from connectors.device_health import Cause
from connectors.modbus import ModbusConnector
from connectors.modbus_line import Lines

TODAY = datetime.now(UTC)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates and keeps them in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = self._signed(name, self._key, x509.BasicConstraints(ca=True, path_length=None), 1).certificate

    def identity(self, name: str, address: str = "127.0.0.1", ends_in_days: int = 1) -> Identity:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        return self._signed(name, ec.generate_private_key(ec.SECP256R1()), names, ends_in_days)

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, extension: Any, ends_in_days: int) -> Identity:
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(TODAY - timedelta(days=10))
            .not_valid_after(TODAY + timedelta(days=ends_in_days))
            .add_extension(extension, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        found = Identity(self._folder / f"{self._name}-{name}.pem", self._folder / f"{self._name}-{name}.key")
        found.certificate.write_bytes(made.public_bytes(Encoding.PEM))
        found.key.touch(0o600)
        found.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return found


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_line, "BACKOFF_MAX_S", 0.2)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def server(identity: Identity, wants: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    if wants is not None:
        context.load_verify_locations(wants)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def device(port: int, authority: Authority, **keys: Any) -> ModbusDevice:
    tags = [
        {"name": name, "work_unit": "w", "role": "other", "table": "holding", "address": at, "type": "uint16"}
        for name, at in (("a", 0), ("b", 500))
    ]
    given = {"id": "d", "protocol": "modbus", "transport": "tls", "host": "127.0.0.1", "port": port, "poll_s": 0.03}
    more = {"answer_timeout_s": 0.5, "tags": tags, "ca_file": authority.file.name} | keys
    return ModbusDevice.model_validate(given | more)


@contextlib.asynccontextmanager
async def reading(folder: Path, tls: ssl.SSLContext, authority: Authority, **keys: Any) -> AsyncIterator[Any]:
    async with LyingDevice().serving(tls) as liar:
        connector = ModbusConnector(device(liar.port, authority, **keys), Lines(folder))
        async with Collected(connector) as collected:
            yield liar, collected


def test_a_device_that_our_authority_knows_is_read_and_lies_are_no_values_there_either(
    tmp_path: Path, authority: Authority
) -> None:
    async def run() -> None:
        async with reading(tmp_path, server(authority.identity("device")), authority) as (liar, collected):
            await collected.more_readings(6)
            liar.lie = LIES["other unit"]
            await collected.until(lambda: bool(collected.outages()))
            liar.lie = None
            await collected.more_readings(6)
            assert {value for _, _, value, _ in collected.good()} <= liar.true_values

    asyncio.run(run())


def test_a_device_that_wants_to_know_who_asks_is_shown_our_certificate(tmp_path: Path, authority: Authority) -> None:
    ours = authority.identity("collector")
    tls = server(authority.identity("device"), wants=authority.file)
    keys = {"certificate_file": ours.certificate.name, "key_file": ours.key.name}

    async def run() -> None:
        async with reading(tmp_path, tls, authority, **keys) as (_, collected):
            await collected.more_readings(6)
        async with reading(tmp_path, tls, authority) as (liar, collected):
            await collected.until(lambda: bool(collected.outages()))
            assert liar.requests == []

    asyncio.run(run())


def refused(folder: Path, tls: ssl.SSLContext, authority: Authority, **keys: Any) -> tuple[str, Cause | None]:
    async def run() -> tuple[str, Cause | None]:
        async with reading(folder, tls, authority, **keys) as (liar, collected):
            await collected.until(lambda: bool(collected.outages()))
            assert liar.requests == []
            assert collected.readings() == []
            return collected.outages()[0].cause, collected.connector.health.last_cause

    return asyncio.run(run())


@pytest.mark.parametrize("fault", ["another authority", "its own authority", "expired", "another address"])
def test_a_device_with_a_bad_certificate_is_asked_nothing(fault: str, tmp_path: Path, authority: Authority) -> None:
    shown = {
        "another authority": lambda: Authority(tmp_path, "theirs").identity("device"),
        "its own authority": lambda: Authority(tmp_path, "ours").identity("device"),
        "expired": lambda: authority.identity("device", ends_in_days=-1),
        "another address": lambda: authority.identity("device", address="127.0.0.2"),
    }[fault]()
    before = authority.file.read_bytes()
    if fault == "its own authority":  # of the same name, which says nothing
        authority = Authority(tmp_path, "ours")
        assert authority.file.read_bytes() != before
    cause, kind = refused(tmp_path, server(shown), authority)
    assert cause.startswith("cannot connect: ")
    assert "certificate" in cause.lower()
    assert kind is Cause.NOT_TRUSTED


def test_a_device_that_speaks_no_tls_is_asked_nothing(tmp_path: Path, authority: Authority) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as plain:
            port = plain.sockets[0].getsockname()[1]
            async with Collected(ModbusConnector(device(port, authority), Lines(tmp_path))) as collected:
                await collected.until(lambda: bool(collected.outages()))

    heard: list[bytes] = []
    asyncio.run(run())
    handshake = b"\x16\x03"
    assert {data[:2] for data in heard} == {handshake}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_older_tls_is_not_spoken(tmp_path: Path, authority: Authority) -> None:
    tls = server(authority.identity("device"))
    tls.maximum_version = ssl.TLSVersion.TLSv1_1
    cause, _ = refused(tmp_path, tls, authority)
    assert cause.startswith("cannot connect: ")


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "broken.pem").write_text("nothing")
    cause, kind = refused(tmp_path, server(authority.identity("device")), authority, ca_file="broken.pem")
    assert "broken.pem" in cause
    assert kind is Cause.CERTIFICATE_FILE


def test_a_port_that_takes_the_connection_and_is_silent_is_no_device_that_is_off(
    tmp_path: Path, authority: Authority
) -> None:
    async def hush(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def run() -> Cause | None:
        async with await asyncio.start_server(hush, "127.0.0.1", 0) as silent:
            port = silent.sockets[0].getsockname()[1]
            async with Collected(ModbusConnector(device(port, authority), Lines(tmp_path))) as collected:
                await collected.until(lambda: bool(collected.outages()))
                assert "no answer to the TLS handshake" in collected.outages()[0].cause
                return collected.connector.health.last_cause

    assert asyncio.run(run()) is Cause.SILENT
