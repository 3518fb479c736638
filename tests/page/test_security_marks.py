"""Does everybody who looks at a device see that less than a secure connection is accepted of it?"""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from certificates import NOW, Wanted, authority, made

from collector.store.store import writing
from commands.status import device_lines
from config.devices import OpcUaDevice
from connectors.opcua import OpcUaConnector
from tests.acceptance.simulated_plant import free_port
from tests.page.served import served

SITE = """\
plant: {{id: abc, time_zone: Asia/Seoul}}
page: {{listen: "127.0.0.1:{port}"}}
devices:
  - {{id: flawed, protocol: opcua, endpoint: "opc.tcp://10.0.0.5:4840", certificate_exceptions: [expired, host]}}
  - {{id: clear, protocol: opcua, endpoint: "opc.tcp://10.0.0.6:4840", security: none, allow_insecure: true}}
  - {{id: sound, protocol: opcua, endpoint: "opc.tcp://10.0.0.7:4840", ca_file: ca.pem}}
"""


def test_status_and_health_name_what_is_accepted(tmp_path: Path) -> None:
    device = OpcUaDevice(id="p", protocol="opcua", endpoint="opc.tcp://10.0.0.5", certificate_exceptions=("expired",))
    health = OpcUaConnector(device, tmp_path).health.as_json()
    assert health["security_exceptions"] == ["expired"]
    (said,) = device_lines({"id": "p", **health}, ZoneInfo("UTC"))
    assert said.endswith(", less than secure: expired")


def test_overview_and_devices_mark_what_is_less_than_secure(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(SITE.format(port=free_port()))
    (tmp_path / "trusted").mkdir()
    ended = Wanted(since=NOW - timedelta(days=9), until=NOW - timedelta(days=2))
    (tmp_path / "trusted" / "flawed.der").write_bytes(made(ended).der)
    (tmp_path / "ca.pem").write_bytes(authority("plant authority", until=NOW + timedelta(days=20, hours=1)).pem)
    with writing(tmp_path / "plant.db"):
        pass
    with served(site) as address:
        overview, devices, flawed, clear, sound = (
            httpx.get(address + path).text
            for path in ("/", "/devices", "/devices/flawed", "/devices/clear", "/devices/sound")
        )
        korean = httpx.get(address + "/devices/flawed", headers={"accept-language": "ko"}).text
    for page, names in ((overview, ("expired, host", "allow_insecure")), (clear, ("allow_insecure",))):
        for one in names:
            assert f"is accepted although it is less than secure: {one}." in page
    assert "has not been valid since" not in overview, "an end that is accepted is told once"
    assert devices.count('<span class="status bad">less than secure: ') == 2
    assert '<span class="status bad">less than secure: expired, host</span>' in flawed
    assert '<span class="status bad">보안 예외: expired, host</span>' in korean
    assert "not encrypted" in clear
    assert "less than secure" not in sound
    assert "plant authority" in sound
    assert "ca.pem is valid for 20 days only" in sound
