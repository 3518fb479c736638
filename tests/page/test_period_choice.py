"""Which period a query asks for, and which stand beside it."""

from datetime import datetime
from pathlib import Path

import pytest
from starlette.requests import Request

from collector.page.period_choice import PeriodChoice, period_choice
from config.load import load_site
from config.site import Site

NOW_US = int(datetime.fromisoformat("2026-11-22T09:30:00+09:00").timestamp()) * 10**6
SHIFTS = (
    "shifts: [{name: day, start: 08:00, end: 20:00}, {name: night, start: 20:00, end: 08:00, work_units: [press1]}]\n"
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "site.yaml"
    units = "work_units: {press1: {}, press2: {}}\n"
    head = "plant: {id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}\n"
    path.write_text(head + SHIFTS + units, encoding="utf-8")
    return load_site(path)


def asked(site: Site, query: str) -> PeriodChoice:
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    return period_choice(request, site, NOW_US)


@pytest.mark.parametrize(
    ("query", "label", "before", "after"),
    [
        ("", "2026-11-21", "2026-11-20", "2026-11-22"),
        ("at=now", "2026-11-22", "2026-11-21", None),
        ("at=2026-11-10", "2026-11-10", "2026-11-09", "2026-11-11"),
        ("period=week", "2026-W46", "2026-W45", "2026-W47"),
        ("period=week&at=2026-11-10", "2026-W46", "2026-W45", "2026-W47"),
        ("period=month&at=2026-W40", "2026-09", "2026-08", "2026-10"),
        ("period=day&at=2026-11-18/day", "2026-11-18", "2026-11-17", "2026-11-19"),
        (
            "period=hour&at=2026-11-21T14:20:00%2B09:00",
            "2026-11-21T14+09:00",
            "2026-11-21T13+09:00",
            "2026-11-21T15+09:00",
        ),
        ("period=range&at=2026-11-01/2026-11-08", "2026-11-01/2026-11-08", None, None),
        ("period=shift", "2026-11-21/night", "2026-11-21/day", "2026-11-22/day"),
        ("period=shift&at=now", "2026-11-22/day", "2026-11-21/night", None),
        ("period=shift&scope=press2", "2026-11-21/day", "2026-11-20/day", "2026-11-22/day"),
        ("period=shift&at=2026-11-18/night", "2026-11-18/night", "2026-11-18/day", "2026-11-19/day"),
        ("period=shift&at=2026-11-18/dawn", "2026-11-21/night", "2026-11-21/day", "2026-11-22/day"),
        ("period=range", "2026-11-21", "2026-11-20", "2026-11-22"),
    ],
)
def test_a_period_and_its_neighbours(site: Site, query: str, label: str, before: str | None, after: str | None) -> None:
    found = asked(site, query)
    assert (found.period.label, found.before, found.after) == (label, before, after)


def test_only_an_open_period_says_so_and_a_scope_must_be_a_name(site: Site) -> None:
    assert asked(site, "at=now").is_open
    assert not asked(site, "").is_open
    assert asked(site, "scope=press2").scope == "press2"
    assert asked(site, "scope=product:P-100").scope == "product:P-100"
    assert asked(site, "scope=%3Cb%3E").scope == "plant"
    assert list(asked(site, "").scopes) == ["plant", "press1", "press2"]
