"""Which devices of a site are served, and what is said of those that are not?"""

import asyncio
import socket
from pathlib import Path

import pytest
from simulated_plant import free_port, modbus_site, opcua_site, served, site_of

from simulators.serve import CannotServeError, Listening


def test_devices_elsewhere_are_left_out_and_reported(tmp_path: Path) -> None:
    port = free_port()
    site = site_of(
        tmp_path,
        f"""
  - {{id: far, protocol: opcua, endpoint: "opc.tcp://192.0.2.1:4840"}}
  - {{id: line, protocol: modbus, transport: rtu, serial_port: /dev/ttyUSB0}}
  - {{id: here, protocol: modbus, host: 127.0.0.1, port: {port}, tags: [
      {{name: good, work_unit: press1, role: good_count, table: input, address: 3, type: uint32}}]}}
""",
    )

    async def scenario() -> Listening:
        async with served(site, tmp_path) as listening:
            return listening

    listening = asyncio.run(scenario())
    assert [row.device for row in listening.served] == ["here"]
    assert [device for device, _ in listening.left_out] == ["far", "line"]


@pytest.mark.parametrize("protocol", ["opcua", "modbus"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, protocol: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site = opcua_site(tmp_path, port, "none") if protocol == "opcua" else modbus_site(tmp_path, port)

        async def scenario() -> None:
            async with served(site, tmp_path):
                pass

        with pytest.raises(CannotServeError, match=rf"^(line|press): .*127.0.0.1:{port}.*: the port is taken$"):
            asyncio.run(scenario())
