"""Do messages about an OPC UA server say in plain words what is wrong?"""

import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.devices import OpcUaDevice
from connectors.device_health import Cause
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_link import plain
from connectors.opcua_user import user_of
from tests.acceptance.plant_files import run

SERVER = {"id": "press", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:9"}


def test_a_name_or_way_that_is_missing_is_said_without_a_number_of_the_system() -> None:
    assert plain(socket.gaierror(-2, "Name or service not known")) == "the name is not known to the network"
    assert plain(OSError(113, "Connect call failed")) == "the network has no way to this address"


def test_a_password_without_a_user_is_a_fault() -> None:
    with pytest.raises(ValidationError, match="username: is required beside password_file"):
        OpcUaDevice.model_validate({**SERVER, "password_file": "p"})


def test_a_password_file_that_is_gone_is_named(tmp_path: Path) -> None:
    device = OpcUaDevice.model_validate({**SERVER, "username": "kim", "password_file": "secrets/kim"})
    with pytest.raises(NotTrustedError, match=r"secrets/kim .password_file. cannot be read: No such file") as caught:
        user_of(device, tmp_path)
    assert caught.value.cause is Cause.SECRET_FILE


def test_trust_says_what_stands_in_the_way_and_that_none_needs_no_trust(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    device = "{id: press, protocol: opcua, endpoint: 'opc.tcp://127.0.0.1:9'"
    site.write_text(f"plant: {{id: abc, time_zone: Asia/Seoul}}\ndevices: [{device}}}]\n")
    assert "Check the port" in run("trust", str(site), "press").err
    site.write_text(site.read_text().replace("'}", "', security: none}"))
    assert "no certificate to trust" in run("trust", str(site), "press").err
