"""Is every answer protected, and nothing answered under a foreign name?"""

from pathlib import Path

import pytest

from collector.page.response_headers import CONTENT_SECURITY_POLICY
from tests.page.guarded import LAN, THERE, client, gate

ALWAYS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
ANSWERS = [
    ("GET", "/form", 200),
    ("GET", "/admin", 403),
    ("GET", "/nowhere", 404),
    ("POST", "/form", 405),
    ("GET", "/broken", 500),
    ("POST", "/viewers", 403),
    ("HEAD", "/form", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_and_error_has_the_headers(tmp_path: Path, method: str, path: str, status: int) -> None:
    answer = client(gate(tmp_path)).request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
    assert [name for name in answer.headers if name == "server" or name.startswith("access-control")] == []
    assert "strict-transport-security" not in answer.headers


def test_policy_takes_nothing_but_the_pages_own_files() -> None:
    policy = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert policy.pop("default-src") == policy.pop("frame-ancestors") == policy.pop("base-uri") == "'none'"
    assert set(policy.values()) == {"'self'"}
    assert {"script-src", "style-src", "img-src", "font-src", "connect-src", "form-action"} <= set(policy)


def test_over_tls_browsers_are_told_to_stay_with_it(tmp_path: Path) -> None:
    assert client(gate(tmp_path, **LAN)).get("/nowhere").headers["strict-transport-security"] == "max-age=31536000"


def test_a_page_for_a_body_that_is_too_large_has_the_headers_too(tmp_path: Path) -> None:
    browser = client(gate(tmp_path))
    answer = browser.post("/viewers", content=b"x" * 65537)
    assert (answer.status_code, answer.headers["cache-control"]) == (413, "no-store")


def test_an_error_says_nothing_of_its_cause(tmp_path: Path) -> None:
    text = client(gate(tmp_path)).get("/broken").text
    assert text == "Internal Server Error"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8420",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
        "[::1",
        "127.0.0.1:x",
    ],
)
def test_a_foreign_host_name_is_misdirected(tmp_path: Path, host: str) -> None:
    answer = client(gate(tmp_path)).get("/form", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "LOCALHOST", "[::1]:8420", "127.0.0.1:8420"])
def test_this_machines_own_names_are_answered(tmp_path: Path, host: str) -> None:
    assert client(gate(tmp_path)).get("/form", headers={"Host": host}).status_code == 200


def test_names_of_the_settings_are_answered_and_no_others(tmp_path: Path) -> None:
    browser = client(gate(tmp_path, hosts=("Edge1.plant.example",), **LAN), address=THERE)
    found = {
        host: browser.get("/form", headers={"Host": host}).status_code
        for host in ("edge1.plant.example", "192.168.0.20:8420", "192.168.0.21", "edge1")
    }
    assert found == {"edge1.plant.example": 200, "192.168.0.20:8420": 200, "192.168.0.21": 421, "edge1": 421}
