"""Is history sent in bounded memory, and does nobody who takes their time hold up anything?"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import numpy as np
import pytest

from collector.page.api.history import MOST_STREAMS
from collector.store.readings import merge
from collector.store.store import transaction, writing
from collector.store.tags import register
from config.load import load_site
from plant.reading import Readings
from tests.acceptance.plant_files import Plant
from tests.acceptance.simulated_plant import free_port, wait_until
from tests.page.api_plant import SITE
from tests.page.served import served

START_US, DAYS, DAY_S = 1_795_305_600_000_000, 4, 86400
HISTORY = "/history?tag=oil&from=2020-01-01&to=2030-01-01&format={}"
IDENTITY = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with days of readings at 1 Hz."""
    plant = Plant.made(tmp_path_factory.mktemp("streams") / "plant", SITE.format(port=free_port()))
    site, path = load_site(Path(plant.site)), plant.folder / "plant.db"
    with writing(path) as connection, transaction(connection):
        tags = register(connection, [(device.id, tag.tag()) for device in site.devices for tag in device.tags])
        for day in range(DAYS):
            times = START_US + (day * DAY_S + np.arange(DAY_S, dtype=np.int64)) * 1_000_000
            values = np.sin(times / 1e9)
            status, offset = np.zeros(DAY_S, np.uint32), np.zeros(DAY_S, np.int64)
            merge(connection, tags["oil"].id, Readings(times, values, status, times, offset))
    return path


@pytest.fixture(scope="module")
def api(store: Path) -> Iterator[httpx.Client]:
    with (
        served(store.with_name("site.yaml")) as address,
        httpx.Client(base_url=f"{address}/api/v1", timeout=60, headers=IDENTITY) as client,
    ):
        yield client


def test_every_reading_is_sent_whole_in_every_form(api: httpx.Client) -> None:
    assert api.get(HISTORY.format("csv")).text.count("\n") == DAYS * DAY_S + 1
    assert len(api.get(HISTORY.format("json")).json()["readings"]) == DAYS * DAY_S


def test_who_takes_their_time_keeps_neither_others_waiting_nor_the_store_growing(
    store: Path, api: httpx.Client
) -> None:
    with ExitStack() as slow:
        begun = [
            slow.enter_context(api.stream("GET", HISTORY.format("csv"))).iter_bytes(1000) for _ in range(MOST_STREAMS)
        ]
        assert {next(stream)[:9] for stream in begun} == {b"time,tag,"}
        answer = api.get(HISTORY.format("csv"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert api.get("/readings").is_success  # within the patience of the client; the streams would wait for ever
        with writing(store) as connection, transaction(connection):
            connection.exec_driver_sql("insert into event (time_us, kind, detail) values (1, 'start', '')")
        with closing(sqlite3.connect(store)) as connection:
            busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
        assert busy == 0
    wait_until(lambda: _sent(api), "a place is free again")


def _sent(api: httpx.Client) -> bool:
    with api.stream("GET", HISTORY.format("csv")) as stream:
        return stream.status_code == 200
