"""Do programs get what commands print, from a real store over real HTTP?"""

import io
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pyarrow.parquet as pq
import pytest

from tests.acceptance.plant_files import run
from tests.acceptance.simulated_plant import SimulatedPlant, free_port, wait_until
from tests.page.api_plant import AS_OF, FIRST_DAY, LAST_DAY, ApiPlant
from tests.page.served import accepts


def got(api: httpx.Client, path: str, **query: Any) -> Any:
    """The JSON of an answer, which must be of the shape that the description says."""
    answer = api.get(path, params={key.rstrip("_"): value for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    description = api.get("/openapi.json").json()
    reference = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**reference, "components": description["components"]}, answer.json(), validate_formats=True)
    return answer.json()


def without_age(found: Any) -> Any:
    return [{key: value for key, value in row.items() if key != "age_s"} for row in found["readings"]]


def test_readings_are_those_of_the_command(api_plant: ApiPlant, api: httpx.Client) -> None:
    found = got(api, "/readings")
    assert [row["tag"] for row in found["readings"]] == ["job", "good", "scrap", "state", "energy", "oil"]
    assert without_age(found) == without_age(api_plant.asked("read"))
    named = got(api, "/readings", tag=["oil", "good"])
    assert without_age(named) == without_age(api_plant.asked("read", "oil", "good"))


def test_history_is_that_of_the_command_in_every_form(api_plant: ApiPlant, api: httpx.Client) -> None:
    bounds = ("--from", FIRST_DAY, "--to", LAST_DAY)
    query = {"tag": ["good", "job", "oil"], "from": FIRST_DAY, "to": LAST_DAY}
    found = got(api, "/history", format="json", **query)
    assert found == api_plant.asked("history", "good", "job", "oil", *bounds)
    as_csv = api.get("/history", params=query)
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.headers["content-disposition"] == (
        'attachment; filename="3-tags_20261118T080000_20261120T080000.csv"'
    )
    output = api_plant.plant.folder / "out.csv"
    assert run("history", api_plant.plant.site, "good", "job", "oil", *bounds, "-o", str(output)).code == 0
    assert as_csv.content == output.read_bytes()
    table = pq.read_table(io.BytesIO(api.get("/history", params={**query, "format": "parquet"}).content)).to_pylist()
    assert [row["text"] if row["value"] is None else row["value"] for row in table] == [
        row["value"] for row in found["readings"]
    ]


def test_an_offset_whose_plus_arrives_as_a_space_is_understood(api: httpx.Client) -> None:
    answer = api.get("/history?tag=good&format=json&from=2026-11-18T08:00:00+09:00&to=2026-11-18T08:01:00.5+09:00")
    assert [row["time"][11:19] for row in answer.json()["readings"]] == ["08:00:00", "08:01:00"]


@pytest.mark.parametrize(
    "query",
    [
        {"at": "2026-11-18"},
        {"period": "shift", "from": "2026-11-18", "to": "2026-11-20", "scope": ["plant", "press1"]},
        {"period": "range", "from": "2026-11-18", "to": "2026-11-19", "calendar": "civil"},
        {"period": "hour", "at": "2026-11-18T09:30:00+09:00", "kpi": ["good_quantity", "energy", "oee"]},
        {"from": "2026-11-18", "to": "2026-11-20", "kpi": ["defect_rate", "peak_demand"], "explain": "true"},
        {"at": "2026-11-18", "explain": "true"},
        {"period": "year", "scope": "order:4711"},
    ],
)
def test_kpis_are_those_of_the_command(api_plant: ApiPlant, api: httpx.Client, query: dict[str, Any]) -> None:
    query = {**query, "as_of": AS_OF}
    options = []
    for key, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            options += ["--explain"] if key == "explain" else [f"--{key.replace('_', '-')}", one]
    found = got(api, "/kpis", **query)
    assert found == api_plant.asked("kpi", *options)
    assert found["values"]


def test_kpis_are_of_the_last_closed_day_where_nothing_is_said(api: httpx.Client) -> None:
    assert {value["period"]["kind"] for value in got(api, "/kpis")["values"]} == {"day"}


def test_reports_are_those_of_the_command_and_come_in_pages(api_plant: ApiPlant, api: httpx.Client) -> None:
    everything = api_plant.asked("reports")
    assert [row["state"] for row in everything["reports"]] == ["accepted", "rejected", "pending"]
    assert got(api, "/reports") == everything
    assert got(api, "/reports", pending="true") == api_plant.asked("reports", "--pending")
    assert pages(api, "/api/v1/reports?limit=2") == [everything["reports"][:2], everything["reports"][2:]]


def test_gaps_have_device_tag_times_and_cause(api: httpx.Client) -> None:
    everything = got(api, "/gaps", from_="2026-11-01", to="2026-11-21")
    assert everything["gaps"][1:] == [
        {
            "device": "press-1",
            "tag": "oil",
            "from": "2026-11-19T09:00:00+09:00",
            "to": "2026-11-19T10:00:00+09:00",
            "cause": "skipped",
        },
        {"device": "line", "tag": None, "from": "2026-11-19T10:00:00+09:00", "to": None, "cause": "not connected"},
    ]
    assert got(api, "/gaps", device="press-1", from_="2026-11-01", to="2026-11-21")["gaps"] == everything["gaps"][:2]
    assert [gap["device"] for gap in got(api, "/gaps", to="2026-11-26T09:30:00+09:00")["gaps"]] == ["press-1", "line"]
    assert got(api, "/gaps", to="2026-11-19")["gaps"] == everything["gaps"][:1]
    assert pages(api, "/api/v1/gaps?limit=1&from=2026-11-01") == [[gap] for gap in everything["gaps"]]


def pages(api: httpx.Client, path: str) -> list[Any]:
    """The rows of an answer and of those that its Link leads to."""
    found = []
    while path:
        answer = api.get(api.base_url.copy_with(raw_path=path.encode()))
        found += answer.json().values()
        path = answer.links.get("next", {}).get("url", "")
    return found


def test_devices_are_those_of_the_site_file_where_nothing_runs(api_plant: ApiPlant, api: httpx.Client) -> None:
    found = got(api, "/devices")
    assert found["running"] is False
    plans = [
        [{key: row[key] for key in ("id", "requests_per_poll", "tags")} for row in rows]
        for rows in (found["devices"], api_plant.asked("check")["devices"])
    ]
    assert plans[0] == plans[1]
    assert {row["connected"] for row in found["devices"]} == {False}


def test_devices_are_as_the_running_collector_says(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with SimulatedPlant(tmp_path, more=f"page: {{listen: '{listen}'}}\n") as plant:
        plant.simulate()
        plant.collect()
        wait_until(lambda: plant.status()["well"], "all devices are connected")
        with httpx.Client(base_url=f"http://{listen}/api/v1", timeout=20) as api:
            wait_until(lambda: accepts(listen), "the page answers")
            found, said = got(api, "/devices"), plant.status()["devices"]
    assert found["running"] is True
    assert [row["id"] for row in found["devices"]] == ["line", "meter", "press2"]
    for row, now in zip(found["devices"], said, strict=True):
        assert row["connected"] is True
        assert row.keys() == now.keys() | {"requests_per_poll", "tags"}
        assert row["readings"] <= now["readings"]


def test_the_description_is_openapi_and_names_every_address(api: httpx.Client) -> None:
    description = api.get("/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert sorted(description["paths"]) == ["/devices", "/gaps", "/history", "/kpis", "/readings", "/reports"]
    for path, operations in description["paths"].items():
        assert operations["get"]["summary"], path
        assert all(parameter["description"] for parameter in operations["get"]["parameters"]), path
    for schema in description["components"]["schemas"].values():
        jsonschema_rs.meta.validate({**schema, "components": description["components"]})


def test_asking_changes_nothing(api_plant: ApiPlant, api: httpx.Client) -> None:
    files = sorted(api_plant.plant.folder.glob("plant.db*"))
    before = {path: path.read_bytes() for path in files}
    for path in ("/readings", "/kpis", "/reports", "/devices", "/gaps", f"/history?tag=good&from={FIRST_DAY}"):
        assert api.get(path).status_code == 200
        assert api.head(path).status_code == 200
    assert {path: path.read_bytes() for path in files} == before
