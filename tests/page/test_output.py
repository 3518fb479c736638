"""Can what people and machines write become script, and does an answer betray what lies behind it?"""

import re
from pathlib import Path

import httpx
import pytest

from collector.page.access import DeclaredRoute
from collector.page.app import routes
from collector.page.one_time_link import new_link
from collector.page.protection import protected
from collector.page.rendering import FOLDER, environment
from collector.page.visits import SESSION
from collector.store.store import writing
from tests.acceptance.simulated_plant import free_port
from tests.page.guarded import HERE, Browser, real_app, token_in
from tests.page.served import served

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}"
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
SCRIPTS = [path for path in sorted((FOLDER / "static").rglob("*.js")) if "vendor" not in path.parts]


def test_templates_escape_whatever_they_show() -> None:
    made = environment()
    assert made.autoescape is True
    assert made.from_string("<b title='{{ x }}'>{{ x }}</b>").render(x="'<>&").count("&#39;&lt;&gt;&amp;") == 2
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        unsafe = re.findall(r"(\S+)\s*\|\s*safe\b", text)
        assert [what for what in unsafe if not re.fullmatch(r"(\w+=)?'.*'", what)] == [], path.name
        assert "autoescape" not in text, path.name


def test_no_template_has_script_or_style_in_it() -> None:
    assert TEMPLATES
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"""\sstyle\s*=|\son[a-z]+\s*=\s*["']|<style|javascript:""", text) == [], path.name
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", text, re.DOTALL)
        assert [found for found in scripts if "src=" not in found[0] and "json" not in found[0]] == [], path.name
        assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == [], path.name


def test_scripts_make_no_html_and_no_script_of_text() -> None:
    assert SCRIPTS
    refused = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://(?!www\.w3)"
    )
    assert {path.name: found for path in SCRIPTS if (found := refused.findall(path.read_text(encoding="utf-8")))} == {}


def test_a_hostile_name_is_text_on_every_page(tmp_path: Path) -> None:
    quoted = HOSTILE.replace("'", "''")
    site = f"plant: {{id: kr-test-0001, name: '{quoted}', time_zone: Asia/Seoul}}\n"
    site += f"page: {{listen: '127.0.0.1:{free_port()}'}}\nproducts: {{'{quoted}': {{planned_run_time_s: 30}}}}\n"
    (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    with writing(tmp_path / "plant.db"):
        pass
    paths = [
        route.path
        for route in routes()
        if isinstance(route, DeclaredRoute) and "GET" in (route.methods or ()) and not route.param_convertors
    ]
    query = dict.fromkeys(
        ("next", "once", "tag", "q", "at", "group", "name", "scope", "kpi", "from", "period"), HOSTILE
    )
    own = {"Sec-Fetch-Site": "same-origin"}
    with served(tmp_path / "site.yaml") as address, httpx.Client(base_url=address, timeout=30) as browser:
        once = new_link(tmp_path / "plant.db")
        form = {"csrf": token_in(browser.get("/sign-in").text), "once": once}
        assert browser.post("/sign-in", data=form, headers=own).status_code == 303
        shown = {}
        for path in paths:
            for asked in ({}, query):
                with browser.stream("GET", path, params=asked) as answer:  # a stream of events has no end
                    if answer.headers.get("content-type", "").startswith("text/html"):
                        shown[path] = answer.read().decode()
                        for broken in ("<script>alert", "<img src=x", "alert(2)&gt;49"):
                            assert broken not in shown[path], path
    assert len(shown) > 4
    assert "&lt;script&gt;alert(1)" in shown["/"]


NONSENSE = [
    "/%00",
    "/%ff%fe",
    "/..%2f..%2fetc%2fpasswd",
    "/static/%2e%2e/%2e%2e/app.py",
    "/static/x/..%2f..%2f..%2fapp.py",
    "/static/x/%00",
    "//evil.example/",
    "/sign-in?next=%00%0d%0aSet-Cookie:x=y&once=%ff",
    "/sign-in?" + "a=b&" * 2000,
    "/metrics?%",
    "/api/v1/readings?limit=" + "9" * 400,
    "/api/v1/kpis?at=%00",
    "/api/v1/..%2f..%2fhealth",
    "/password?" + "x" * 5000,
    "/" + "a/" * 500,
]
BETRAYS = re.compile(r"Traceback|File \"|import |site-packages|starlette|uvicorn|jinja|sqlite|python", re.IGNORECASE)


@pytest.mark.parametrize("path", NONSENSE)
def test_no_answer_to_nonsense_is_a_fault_of_ours_or_betrays_what_serves_it(tmp_path: Path, path: str) -> None:
    app, door = real_app(tmp_path)
    browser = Browser(protected(app, door), HERE)
    cookie = {"Cookie": f"{door.cookie(SESSION)}=\xff; language=<script>; theme=%00; {door.cookie('form')}=\xfe"}
    for method in ("GET", "POST", "PUT", "TRACE", "X-Y"):
        for headers in ({"Accept": "text/html"}, {"Accept-Language": "x;q=y,,;q=", "Accept": "*/*"}, cookie):
            answer = browser.request(method, path, headers={k: v.encode("latin-1") for k, v in headers.items()})
            assert answer.status_code < 500, (method, headers)
            assert BETRAYS.findall(answer.text) == [], (method, headers)
            assert answer.headers["content-security-policy"]


def test_a_form_of_nonsense_is_refused_and_no_fault_of_ours(tmp_path: Path) -> None:
    app, door = real_app(tmp_path)
    browser = Browser(protected(app, door), HERE)
    own = {"Sec-Fetch-Site": "same-origin"}
    for kind in (
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "text/x",
    ):
        for body in (b"", b"\x00\xff" * 100, b"--x\r\n\r\n\r\n--x--", b"csrf=%ff&csrf=1;=", b"&" * 3000):
            answer = browser.post("/sign-in", content=body, headers={**own, "Content-Type": kind})
            assert answer.status_code in (400, 403), (kind, body[:20], answer.status_code)
            assert BETRAYS.findall(answer.text) == []


def test_texts_that_no_template_wrote_are_translated_and_escaped() -> None:
    """`_` marks what it returns as safe and fills in names by the % operator: only for what a template says itself."""
    from jinja2 import nodes

    from collector.page.rendering import FOLDER, environment

    for path in sorted((FOLDER / "templates").glob("*.html")):
        for call in environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext"):
                assert isinstance(call.args[0], nodes.Const), f"{path.name}:{call.lineno}: use the filter `told`"
    shown = environment("ko").from_string("{{ text | told }}").render(text="products[<b>x</b>]: as in %d/%m/%Y")
    assert shown == "products[&lt;b&gt;x&lt;/b&gt;]: as in %d/%m/%Y"
