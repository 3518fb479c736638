"""What an ack may change in the outbox, and what it may not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from collector.publisher import settle
from collector.store import reports
from collector.store.reports import StoredReport
from collector.store.store import transaction, writing
from kpi.acknowledgement import Ack, ack_of
from kpi.report import ReportError

PLANT = "kr-ansan-0421"


def report(sequence: int, epoch: int = 1) -> StoredReport:
    return StoredReport(
        epoch, sequence, f"{PLANT}/day/2026-01-{sequence:02}/{epoch}", "day", f"2026-01-{sequence:02}", epoch,
        "provisional", "pending", f"{epoch:032x}{sequence:032x}", 0,
    )  # fmt: skip


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with writing(tmp_path / "plant.db") as opened:
        with transaction(opened):
            for sequence in range(1, 6):
                reports.save(opened, report(sequence), b"{}")
        yield opened


def ack(of: StoredReport, **changed: object) -> Ack:
    said = {"id": of.id, "sha256": of.sha256, "result": "accepted", "reason": None, "received_to": 5, "missing": ()}
    return Ack.model_validate({**said, **changed})


def states(connection: Connection) -> str:
    return "".join(found.state[0] for found in found_in(connection))


def found_in(connection: Connection) -> list[StoredReport]:
    with transaction(connection):
        return reports.all_reports(connection)


def take(connection: Connection, *acks: Ack) -> str:
    with transaction(connection):
        settle(connection, list(acks), 7)
    return states(connection)


def test_an_ack_settles_its_report_alone(connection: Connection) -> None:
    assert take(connection, ack(report(2))) == "pappp"
    assert take(connection, ack(report(4), result="rejected", reason="conflict")) == "paprp"
    second, fourth = (found_in(connection)[at] for at in (1, 3))
    assert (second.accepted_us, second.reason, fourth.accepted_us, fourth.reason) == (7, None, None, "conflict")


def test_what_is_settled_stays_so_whatever_a_late_copy_says(connection: Connection) -> None:
    assert take(connection, ack(report(2)), ack(report(2), result="rejected", reason="x")) == "pappp"
    assert take(connection, ack(report(3), result="rejected"), ack(report(3))) == "parpp"


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "kr-busan-0001/day/2026-01-02/1"},
        {"id": report(3).id},
        {"id": None},
        {"sha256": "0" * 64},
        {"sha256": report(3).sha256, "result": "rejected"},
    ],
)
def test_an_ack_that_does_not_name_one_of_our_reports_changes_nothing(connection: Connection, changed: dict) -> None:
    assert take(connection, ack(report(1))) == "apppp"
    assert take(connection, ack(report(2), missing=((1, 5),), **changed)) == "apppp"


def test_a_refusal_of_what_could_not_be_read_is_known_by_its_hash(connection: Connection) -> None:
    assert (
        take(connection, ack(report(2), id=None, result="rejected", reason="is not JSON", received_to=None)) == "prppp"
    )


def test_what_the_programme_misses_waits_again_in_the_epoch_of_the_answer(connection: Connection) -> None:
    take(connection, *(ack(report(sequence)) for sequence in range(1, 6)))
    with transaction(connection):
        for sequence in range(1, 4):
            reports.save(connection, report(sequence, epoch=2), b"{}")
    take(connection, *(ack(report(sequence, epoch=2)) for sequence in range(1, 4)))
    assert states(connection) == "aaaaaaaa"
    assert take(connection, ack(report(5), missing=((2, 3),))) == "appaaaaa"
    assert take(connection, ack(report(3, epoch=2), missing=((1, 1), (0, 2**31 - 1)))) == "appaappp"


words = st.sampled_from(["id", "sha256", "result", "reason", "received_to", "missing", report(1).id, report(1).sha256])
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(words, inner)),
    max_leaves=20,
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(), st.binary().map(lambda tail: b'{"id":null,' + tail), trees))
def test_whatever_arrives_is_an_ack_or_a_report_error(sent: object) -> None:
    with pytest.raises(ReportError):
        ack_of(sent if isinstance(sent, bytes) else json.dumps(sent).encode())
