"""Can the page be opened to other machines by mistake?"""

from pathlib import Path

import pytest

from config.fault import InputError
from config.load import Secrets, load_site
from config.page import PageSettings

SITE = "plant: {id: abc, time_zone: Asia/Seoul}\n"
TLS = "certificate_file: page.pem, key_file: secrets/page.key"


def faults(tmp_path: Path, page: str, secrets: Secrets = Secrets.LEFT_ASIDE) -> list[str]:
    file = tmp_path / "site.yaml"
    file.write_text(f"{SITE}page: {{{page}}}\n", encoding="utf-8")
    try:
        load_site(file, secrets)
    except InputError as error:
        return [f"{fault.key}: {fault.message}".replace(f"{tmp_path}/", "") for fault in error.faults]
    return []


NEEDS = "beyond this machine the page needs TLS: "


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("listen: 192.168.0.20:8420", f"page.listen: {NEEDS}certificate_file and key_file"),
        ("listen: 192.168.0.20:8420, certificate_file: a", f"page.listen: {NEEDS}key_file"),
        ("listen: 192.168.0.20:8420, key_file: a", f"page.listen: {NEEDS}certificate_file"),
        ('listen: "[fd00::1]:8420"', f"page.listen: {NEEDS}certificate_file and key_file"),
        ("hosts: [edge1.plant.example]", f"page.hosts: {NEEDS}certificate_file and key_file"),
        ("key_file: a", "page.certificate_file: is required with key_file"),
        ("certificate_file: a", "page.key_file: is required with certificate_file"),
        (
            f"listen: 0.0.0.0:8420, {TLS}",
            "page.hosts: is required, since listen names no address that a browser could ask for",
        ),
        (
            "listen: edge1.plant.example:8420",
            "page.listen: must be an address of this machine, not a name, as in 192.168.0.20:8420",
        ),
        (
            f"hosts: ['edge1:8420'], {TLS}",
            "page.hosts[0]: must be a host name or an address, without port, as in edge1.plant.example",
        ),
        (
            f"hosts: ['*'], {TLS}",
            "page.hosts[0]: must be a host name or an address, without port, as in edge1.plant.example",
        ),
    ],
)
def test_what_would_open_the_page_without_protection_is_a_fault(tmp_path: Path, page: str, fault: str) -> None:
    assert faults(tmp_path, page) == [fault]


@pytest.mark.parametrize(
    "page",
    [
        "",
        "listen: localhost:8420",
        'listen: "[::1]:8420"',
        "hosts: [localhost, 127.0.0.1, '::1']",
        f"listen: 192.168.0.20:8420, {TLS}",
        f"listen: 0.0.0.0:8420, hosts: [Edge1, 192.168.0.20], {TLS}",
    ],
)
def test_the_page_is_for_this_machine_or_protected(tmp_path: Path, page: str) -> None:
    assert faults(tmp_path, page) == []


def test_the_key_of_the_certificate_is_a_secret_like_any_other(tmp_path: Path) -> None:
    assert faults(tmp_path, TLS, Secrets.PRESENT) == ["page.key_file: secrets/page.key is not there"]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "page.key").write_text("x")
    (tmp_path / "secrets" / "page.key").chmod(0o644)
    wrong = "page.key_file: secrets/page.key must be readable by its owner alone: chmod 600"
    assert faults(tmp_path, TLS, Secrets.PRIVATE) == [wrong]


@pytest.mark.parametrize(
    ("settings", "address", "beyond"),
    [
        ({}, "http://127.0.0.1:8420", False),
        ({"listen": "[::1]:80"}, "http://[::1]:80", False),
        ({"listen": "0.0.0.0:8420", "hosts": ["Edge1"]}, "https://edge1:8420", True),
        ({"hosts": ["edge1"]}, "https://127.0.0.1:8420", True),
    ],
)
def test_the_address_in_a_browser(settings: dict[str, object], address: str, beyond: bool) -> None:
    tls = {"certificate_file": "a", "key_file": "b"} if beyond else {}
    page = PageSettings.model_validate({**settings, **tls})
    assert (page.address, page.beyond_this_machine) == (address, beyond)
