"""Is a report taken only when topic, size, form, plant, key and signature agree?"""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import day, key_of, unsigned

from kpi.report import MOST_BYTES, event_sha256, sign, to_payload
from programme.verify import Accepted, Refusal, Rejected, verified

KEY = key_of(1)
PLANT = "kr-ansan-0421"
TOPIC = f"smartwings/v1/iim/{PLANT}/report"
KEYS = {PLANT: KEY.public_key(), "kr-busan-0001": key_of(2).public_key(), "kr-nokey-0001": None}
EVENT = sign(unsigned(day(date(2026, 11, 21))), KEY)


def refusal(payload: bytes, topic: str = TOPIC) -> Rejected:
    found = verified(topic, payload, "iim", KEYS)
    assert isinstance(found, Rejected)
    return found


def test_a_report_of_the_plant_is_taken() -> None:
    found = verified(TOPIC, to_payload(EVENT), "iim", KEYS)
    assert isinstance(found, Accepted)
    assert (found.report.plant, found.sha256) == (PLANT, event_sha256(EVENT))


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "smartwings/v1/iim/kr-ansan-0421/status",
        "smartwings/v1/other/kr-ansan-0421/report",
        "smartwings/v1/iim/kr-ansan-0421/report/x",
        "smartwings/v1/iim/KR/report",
        "smartwings/v1/iim/+/report",
        "smartwings/v1/iim//report",
        "x/v1/iim/kr-ansan-0421/report",
    ],
)
def test_a_wrong_topic_names_no_plant(topic: str) -> None:
    found = refusal(to_payload(EVENT), topic)
    assert (found.refusal, found.plant, found.enrolled) == (Refusal.TOPIC, None, False)


def signed_for(plant: str, seed: int = 1, programme: str = "iim") -> bytes:
    return to_payload(sign(unsigned(day(date(2026, 11, 21)), plant=plant, programme=programme), key_of(seed)))


@pytest.mark.parametrize(
    ("payload", "topic_plant", "expected"),
    [
        (b"x" * (MOST_BYTES + 1), PLANT, Refusal.SIZE),
        (b"x", PLANT, Refusal.FORM),
        (signed_for("kr-busan-0001", 2), PLANT, Refusal.FOREIGN),
        (signed_for(PLANT, programme="other"), PLANT, Refusal.FOREIGN),
        (signed_for(PLANT), "kr-busan-0001", Refusal.FOREIGN),
        (signed_for("kr-nobody-1"), "kr-nobody-1", Refusal.UNKNOWN_PLANT),
        (signed_for("kr-nokey-0001"), "kr-nokey-0001", Refusal.UNKNOWN_PLANT),
        (signed_for(PLANT, 2), PLANT, Refusal.SIGNATURE),
    ],
)
def test_each_disagreement_has_its_reason(payload: bytes, topic_plant: str, expected: Refusal) -> None:
    found = refusal(payload, f"smartwings/v1/iim/{topic_plant}/report")
    assert found.refusal is expected
    assert found.reason.startswith(expected.value)
    assert found.enrolled is (topic_plant in KEYS)


def test_a_refusal_names_the_report_where_it_can_be_read() -> None:
    payload = signed_for(PLANT, 2)
    assert refusal(payload).id == "kr-ansan-0421/day/2026-11-21/1"
    assert refusal(b'{"id":"bad\\u0000"}').id is None
    assert refusal(b'{"\\u0000":1}').reason.isprintable()


@given(st.text(max_size=60) | st.just(TOPIC), st.binary(max_size=100))
def test_nothing_makes_it_raise(topic: str, payload: bytes) -> None:
    found = verified(topic, payload, "iim", KEYS)
    assert isinstance(found, Rejected)
    assert len(found.reason) <= 300


@given(st.sampled_from(sorted(set(EVENT) - {"signature"})), st.none() | st.integers() | st.text(max_size=9))
def test_no_changed_attribute_is_taken(name: str, value: Any) -> None:
    if EVENT[name] == value:
        return
    import json

    assert isinstance(verified(TOPIC, json.dumps({**EVENT, name: value}).encode(), "iim", KEYS), Rejected)
