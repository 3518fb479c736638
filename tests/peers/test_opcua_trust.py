"""Whom the OPC UA reader believes: real servers with certificates, and without."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from asyncua import ua
from certificates import made
from opcua_server import Press, running
from opcua_store import COUNT, Run, device, free_port, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_certificate import fingerprint, trusted_file
from connectors.opcua_security import trust
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Press, Run]]:
    press = Press(free_port())
    with running(press) as run:
        yield press, run


@pytest.fixture
def press(shared: tuple[Press, Run]) -> Press:
    press, run = shared
    run(press.reset())
    return press


@pytest.fixture(scope="module")
def secure_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Press, Run, bytes]]:
    folder = tmp_path_factory.mktemp("server")
    press = Press(free_port(), folder)
    with running(press) as run:
        yield press, run, (folder / "server.der").read_bytes()


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128-Sha256-RsaOaep", "Aes256-Sha256-RsaPss"])
def test_only_a_trusted_server_is_read(secure_server: tuple[Press, Run, bytes], tmp_path: Path, policy: str) -> None:
    press, _, certificate = secure_server
    settings = device(press.port, COUNT, security=policy)

    async def scenario() -> None:
        async with stored(OpcUaConnector(settings, tmp_path)) as store:
            await store.until(lambda: len(store.gaps) == 1)
            assert fingerprint(certificate) in store.gaps[0].cause
            assert "smartwings trust SITE press" in store.gaps[0].cause
            assert store.rows == []
            assert await trust(settings, tmp_path) == fingerprint(certificate)
            await store.until(lambda: store.values("press.count") == [0.0])

    asyncio.run(scenario())
    key = tmp_path / "certificates" / "own.pem"
    assert key.stat().st_mode & 0o777 == 0o600


def test_another_certificate_than_the_trusted_one_is_refused(
    secure_server: tuple[Press, Run, bytes], tmp_path: Path
) -> None:
    press, _, certificate = secure_server
    settings = device(press.port, COUNT, security="Basic256Sha256")
    other = made().der
    trusted = trusted_file(tmp_path, "press")
    trusted.parent.mkdir()
    trusted.write_bytes(other)
    connector = OpcUaConnector(settings, tmp_path)
    handover = asyncio.run(connector.read_once())
    assert handover.batch is not None
    assert handover.batch.status.tolist() == [parse_status("BadCertificateUntrusted")]
    assert fingerprint(certificate) in (connector.health.last_error or "")
    assert fingerprint(other) in (connector.health.last_error or "")


def test_nothing_is_lost_while_the_channel_is_renewed(
    secure_server: tuple[Press, Run, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua_connection.CHANNEL_S", 2.0)
    press, run, _ = secure_server
    settings = device(press.port, COUNT, security="Basic256Sha256")

    async def produce() -> None:
        for number in range(1, 301):
            await press.write("Count", number, ua.VariantType.Int64)
            await asyncio.sleep(0.01)

    async def scenario() -> None:
        await trust(settings, tmp_path)
        async with stored(OpcUaConnector(settings, tmp_path)) as store:
            await store.until(lambda: len(store.rows) == 1)
            await asyncio.to_thread(run, produce())
            await store.until(lambda: store.values("press.count")[-1] == 300)
        assert store.values("press.count", snapshot=False) == [float(number) for number in range(1, 301)]
        assert store.gaps == []

    asyncio.run(scenario())


@pytest.mark.parametrize("trusted", [False, True])
def test_there_is_no_way_down_to_a_channel_without_security(press: Press, tmp_path: Path, trusted: bool) -> None:
    if trusted:
        trusted_file(tmp_path, "press").parent.mkdir()
        trusted_file(tmp_path, "press").write_bytes(made().der)
    connector = OpcUaConnector(device(press.port, COUNT, security="Basic256Sha256"), tmp_path)
    handover = asyncio.run(connector.read_once())
    assert handover.batch is not None
    assert handover.batch.status.tolist() == [parse_status("BadCertificateUntrusted")]
    assert "does not offer Basic256Sha256" in (connector.health.last_error or "")


def test_a_password_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0o644)
    connector = OpcUaConnector(
        device(4840, COUNT, username="reader", password_file="secret", allow_insecure=True), tmp_path
    )
    asyncio.run(connector.read_once())
    assert connector.health.last_error == "secret must be readable by its owner alone (chmod 600)"
