"""What does a program hear that asks for what there is not, asks for too much, or asks at a bad time?"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.page.api import history, kpis
from collector.page.api.queries import MOST_TAGS
from collector.page.app import protected_app
from collector.page.source import Source
from tests.acceptance.plant_files import Plant
from tests.page.api_plant import SITE, ApiPlant

SINCE = "from=2026-11-18"


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ("readings?tga=good", [("tga", "is not a parameter here; there are tag")]),
        ("readings?tag=goood", [("tag", "goood: is not a tag of this plant; it has job, good, scrap")]),
        ("readings?tag=", [("tag", "must start with a letter or digit")]),
        ("readings?" + "&".join(["tag=good"] * (MOST_TAGS + 1)), [("tag", "must have at most 50 entries")]),
        ("history", [("tag", "is required"), ("from", "is required")]),
        ("history?tag=good&from=yesterday", [("from", "must be an ISO 8601 time")]),
        ("history?tag=good&from=2026-11-18T08:00:00", [("from", "needs an offset or Z")]),
        (f"history?tag=good&{SINCE}&to=2026-11-18", [("to", "must be after from")]),
        (f"history?tag=good&{SINCE}&to=", [("to", "must not be empty")]),
        (f"history?tag=good&{SINCE}&{SINCE}", [("from", "must be given once")]),
        (f"history?tag=good&{SINCE}&format=xml", [("format", "must be csv, json or parquet")]),
        (f"history?tag=none&{SINCE}", [("tag", "none: is not a tag of this plant; it has job, good, scrap")]),
        ("kpis?period=fortnight&kpi=oeee", [("period", "must be hour, shift, day"), ("kpi", "must be produced_")]),
        ("kpis?scope=press9", [("scope", "must be one of plant, press1, product:… or order:…; not 'press9'")]),
        ("kpis?scope=order:a%0Ab", [("scope", "must be one line of at most 200 characters")]),
        ("kpis?to=2026-11-18", [("to", "to needs from, and at goes with neither")]),
        (f"kpis?at=2026-11-18&{SINCE}", [("at", "to needs from, and at goes with neither")]),
        ("kpis?period=range", [("period", "period range needs from and to")]),
        ("kpis?as_of=2999-01-01", [("as_of", "must not be in the future")]),
        ("kpis?calendar=lunar&explain=maybe", [("calendar", "must be production or"), ("explain", "must be true or")]),
        (
            "kpis?period=hour&from=1970-01-01",
            [("from", "must be at most 1000 periods before to; ask for less at once")],
        ),
        ("kpis?period=range&from=1970-01-01", [("from", "must be at most 3660 days before to")]),
        (
            "kpis?period=day&from=2024-11-18&to=2026-11-18",
            [("kpi", "these are 74460 values, at most 10000 are given at once; name kpi, scope or fewer periods")],
        ),
        (f"kpis?{SINCE}&to=2026-11-28&explain=true", [("kpi", "these are 1020 values, at most 300 are given at once")]),
        ("reports?limit=0&offset=-1", [("limit", "must be at least 1"), ("offset", "must be at least 0")]),
        ("reports?limit=ten&pending=1", [("pending", "must be true or false"), ("limit", "must be a whole number")]),
        ("reports?limit=10001", [("limit", "must be at most 10000")]),
        ("devices?id=line", [("id", "is not a parameter here; there are none")]),
        ("gaps?from=2026-11-18&to=2026-11-17", [("to", "must be after from")]),
        ("gaps?device=%00", [("device", "must start with a letter or digit")]),
        ("gaps?device=printer", [("device", "printer: is not a device of this plant; it has line, press-1")]),
        ("gaps?to=1899-12-31", [("to", "must lie in the years")]),
    ],
)
def test_every_fault_names_its_parameter_and_the_remedy(
    api: httpx.Client, asked: str, faults: list[tuple[str, str]]
) -> None:
    answer = api.get(f"/{asked}")
    found = [(one["key"], one["message"]) for one in answer.json()["faults"]]
    assert answer.status_code == 400
    assert [key for key, _ in found] == [key for key, _ in faults]
    for (_, message), (_, expected) in zip(found, faults, strict=True):
        assert message.startswith(expected), message


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_can_be_done_there(api: httpx.Client, method: str) -> None:
    answer = api.request(method, "/readings")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.fixture
def ask(api_plant: ApiPlant) -> Callable[..., httpx.Response]:
    """Asks an application of this process, so that its limits can be set."""

    def asks(path: str, site_file: Path = api_plant.site_file) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(protected_app(Source(site_file)))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
                return await client.get(path)

        return asyncio.run(asked())

    return asks


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    (fault,) = answer.json()["faults"]
    assert fault["key"] == ""
    return str(fault["message"])


def test_what_takes_too_long_is_cut_off_with_a_reason(
    ask: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.page.source._STEPS", 1)
    monkeypatch.setattr(Source.read, "__defaults__", (1e-9,))
    for path in ("/readings", "/reports", "/gaps", "/history?tag=good&from=2026-11-18"):
        assert refusal(ask(path)).startswith("takes longer than")
    monkeypatch.setattr(kpis, "LIMIT_S", 0.0)
    assert refusal(ask("/kpis")).startswith("takes longer than")
    monkeypatch.setattr("collector.page.source._STEPS", 10**9)
    assert refusal(ask("/kpis")) == "takes longer than 0 s; ask for less at once"


def test_too_many_questions_for_kpis_at_once_are_told_to_come_again(
    api_plant: ApiPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kpis, "MOST_WAITING", 2)

    async def asked() -> list[httpx.Response]:
        transport = httpx.ASGITransport(protected_app(Source(api_plant.site_file)))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
            return await asyncio.gather(*(client.get("/kpis?at=2026-11-18") for _ in range(5)))

    answers = asyncio.run(asked())
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
    refused = {refusal(answer) for answer in answers if answer.status_code == 503}
    assert refused == {"2 questions for KPIs are waiting already"}


def test_a_daemon_that_does_not_answer_is_not_waited_for(
    ask: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(Source, "ask", silent)
    monkeypatch.setattr("collector.page.api.answers.LIMIT_S", 0.05)
    assert refusal(ask("/devices")) == "the collector did not answer within 0.05 s"


def test_that_a_store_cannot_be_read_is_said_and_why_is_for_the_log(
    ask: Callable[..., httpx.Response], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant = Plant.made(tmp_path / "plant", SITE.format(port=1))
    (plant.folder / "plant.db").write_bytes(b"this is no database, however long it is" * 100)
    for path in ("/readings", "/kpis"):
        assert refusal(ask(path, Path(plant.site))) == "the store cannot be read just now"
        assert f"{path} cannot be answered: {plant.folder}/plant.db: file is not a database" in caplog.text


def test_a_store_that_is_not_there_yet_is_an_empty_answer(ask: Callable[..., httpx.Response], tmp_path: Path) -> None:
    site_file = Path(Plant.made(tmp_path / "plant", SITE.format(port=1)).site)
    assert ask("/readings", site_file).json() == {"readings": []}
    assert ask("/gaps", site_file).json() == {"gaps": []}
    assert ask("/history?tag=good&from=2026-11-18", site_file).text == "time,tag,value,status,unit\n"


def test_without_its_extra_parquet_is_refused(
    ask: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    answer = ask("/history?tag=good&from=2026-11-18&format=parquet")
    assert answer.json()["faults"][0]["message"].startswith("parquet needs an extra: pip install")


def test_only_a_few_histories_are_sent_at_a_time(
    ask: Callable[..., httpx.Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_STREAMS", 0)
    assert refusal(ask("/history?tag=good&from=2026-11-18")) == "0 histories are being sent already"
