"""A support bundle tells what helpers need and nothing that is secret."""

import io
import json
import zipfile
from pathlib import Path

from collector.support_bundle import Told, support_bundle
from tests.acceptance.simulated_plant import free_port, smartwings

NOW_US = 1_795_305_600_000_000
CANARIES = ("canary-broker-password", "canary-opcua-password", "Y2FuYXJ5LWtleS1tYXRlcmlhbC1vZi10aGUtcGxhbnQ")
SITE = """
plant: {{id: kr-ansan-0421, time_zone: Asia/Seoul}}
# the broker's password: {0}
mqtt:
  programme: iim
  host: 127.0.0.1
  port: {port}
  username: canary-user
  password_file: secrets/mqtt
  key_file: secrets/signing.pem
devices:
  - id: press
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:{port}
    security: none
    allow_insecure: true
    username: canary-user
    password_file: press.password
    tags: press.csv
"""


def plant(folder: Path) -> Path:
    (folder / "secrets").mkdir()
    (folder / "certificates").mkdir()
    secret = {
        "secrets/mqtt": CANARIES[0], "press.password": CANARIES[1],
        "secrets/signing.pem": f"-----BEGIN PRIVATE KEY-----\n{CANARIES[2]}\n-----END PRIVATE KEY-----\n",
        "certificates/own.pem": f"-----BEGIN PRIVATE KEY-----\n{CANARIES[2]}\n-----END PRIVATE KEY-----\n",
    }  # fmt: skip
    for name, text in secret.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    rows = ["name,work_unit,role,node", f"press.good,press1,good_count,ns=2;s={CANARIES[0]}"]
    (folder / "press.csv").write_text("\n".join(rows))
    (folder / "site.yaml").write_text(SITE.format(CANARIES[0], port=free_port()))
    return folder / "site.yaml"


def unpacked(packed: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle:
        return {name.removeprefix("smartwings-support/"): bundle.read(name).decode() for name in bundle.namelist()}


def test_the_content_of_password_and_key_files_is_never_in_it(tmp_path: Path) -> None:
    log = [f"could not sign in with {CANARIES[1]}", "well"]
    files = unpacked(support_bundle(plant(tmp_path), Told({"error": CANARIES[0]}, log), NOW_US))
    for name, text in files.items():
        for canary in (*CANARIES, "canary-user"):
            assert canary not in text, name
    assert files["log.txt"].endswith("well")
    assert "password_file: secrets/mqtt" in files["site.yaml"]


def test_it_holds_settings_health_versions_and_what_the_store_knows(tmp_path: Path) -> None:
    files = unpacked(support_bundle(plant(tmp_path), Told(None, []), NOW_US))
    assert set(files) == {
        "README.txt", "site.yaml", "tags/press.csv", "versions.json", "health.json", "log.txt", "devices.json",
        "events.csv", "gaps.csv", "reports.csv", "store.json",
    }  # fmt: skip
    assert all(name in files["README.txt"] for name in set(files) - {"README.txt"})
    assert json.loads(files["health.json"]) == {"running": False}
    assert {"Smart Wings", "Python", "SQLite", "store schema"} <= set(json.loads(files["versions.json"]))
    assert json.loads(files["devices.json"])[0]["id"] == "press"
    assert json.loads(files["store.json"])["rows"]["gap"] == 0


def test_faults_of_site_file_and_store_are_told_in_it(tmp_path: Path) -> None:
    site = plant(tmp_path)
    (tmp_path / "plant.db").write_text("this is no database" * 100)
    assert "plant.db" in unpacked(support_bundle(site, Told(None, []), NOW_US))["store-fault.txt"]
    site.write_text(site.read_text() + "nonsense: 1\n")
    files = unpacked(support_bundle(site, Told(None, []), NOW_US))
    assert "nonsense" in files["site-faults.txt"]
    assert CANARIES[0] not in "".join(files.values())


def test_the_command_writes_it_without_a_daemon(tmp_path: Path) -> None:
    plant(tmp_path)
    done = smartwings("support", "site.yaml", "-o", "bundle.zip", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert CANARIES[0] not in "".join(unpacked((tmp_path / "bundle.zip").read_bytes()).values())
    assert smartwings("support", "none.yaml", "-o", "b.zip", folder=tmp_path).returncode == 2
    assert smartwings("support", "site.yaml", "-o", "no/b.zip", folder=tmp_path).returncode == 2
