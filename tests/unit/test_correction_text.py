"""Corrections and what a meter change does, in words."""

from typing import Any

import pytest

from kpi.correction_text import effect, what

METER = {"kind": "meter", "tag": "main.kwh", "at": "noon", "old_final": 960.0, "new_first": 2.5, "unit": "kWh"}
LOT = {"kind": "lot", "quantity": 3.0, "decision": "rejected", "work_unit": "press1", "at": "noon", "lot": "L7"}
ORDER = {"kind": "order", "order_id": "4711", "line_id": "2", "status": "cancelled_by_us", "on": "2026-11-21"}


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (METER, "meter main.kwh changed at noon: old one ended at 960 kWh, new one began at 2.5 kWh"),
        (METER | {"unit": "1"}, "meter main.kwh changed at noon: old one ended at 960, new one began at 2.5"),
        (LOT | {"product": None, "order": "4711"}, "3 rejected of press1 at noon, lot L7, order 4711"),
        (ORDER, "order 4711 line 2 cancelled by us on 2026-11-21"),
        (ORDER | {"line_id": None, "on": None}, "order 4711 cancelled by us"),
        ({"kind": "revoke", "of": 3}, "correction 3 revoked"),
    ],
)
def test_a_correction_is_said_in_a_line(one: dict[str, Any], said: str) -> None:
    assert what(one) == said


BEFORE, AFTER = {"time": "noon", "value": 950.0}, {"time": "one", "value": 7.0}


@pytest.mark.parametrize(
    ("before", "after", "adds", "said"),
    [
        (None, AFTER, None, "it counts once there is a reading before it"),
        (BEFORE, None, None, "it counts once there is a reading after it"),
        (BEFORE, AFTER, None, "it does not fit the readings 950 at noon and 7 at one, and changes nothing"),
        (BEFORE, AFTER, 15.0, "between the readings 950 at noon and 7 at one the counter counts 15 kWh"),
    ],
)
def test_a_meter_change_says_what_it_does(before: Any, after: Any, adds: float | None, said: str) -> None:
    assert effect({"before": before, "after": after, "adds": adds}, "kWh").startswith(said)
    assert "kWh" not in effect({"before": before, "after": after, "adds": adds}, "")
