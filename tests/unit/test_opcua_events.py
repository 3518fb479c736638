"""Events of a notifier as texts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from config.devices import OpcUaDevice
from config.tags import OpcUaTag
from connectors.opcua_events import event_filter, text_of

T = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
ALARM = {"name": "a", "work_unit": "w", "role": "alarm", "node": "ns=1;s=Machine", "events": True}


def said(kind: int = 2041, source: Any = "Press 1", message: Any = "door open", is_active: Any = None) -> ua.DataValue:
    values = (ua.NodeId(ua.Int32(kind)), source, T, T, message, is_active)
    return text_of([ua.Variant(value) for value in values])


def test_an_event_is_its_source_and_message_at_its_time() -> None:
    data = said(message=ua.LocalizedText("door open"))
    assert data.Value is not None
    assert (data.Value.Value, data.SourceTimestamp, data.ServerTimestamp) == ("Press 1: door open", T, T)
    assert data.StatusCode == ua.StatusCode()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"source": None}, "door open"),
        ({"message": None}, "Press 1"),
        ({"source": None, "message": None}, "event without a message"),
        ({"is_active": False}, "Press 1: door open (ended)"),
        ({"is_active": True}, "Press 1: door open"),
    ],
)
def test_what_a_server_leaves_out_is_left_out(given: dict[str, Any], text: str) -> None:
    data = said(**given)
    assert data.Value is not None
    assert data.Value.Value == text


def test_an_endless_message_is_cut_and_missing_fields_are_none() -> None:
    data = said(source="", message="x" * 10_000_000)
    assert data.Value is not None
    assert len(data.Value.Value) == 1000
    assert text_of([]).SourceTimestamp is None


def test_an_event_that_says_that_events_were_lost_has_the_overflow_bit() -> None:
    data = said(kind=ua.ObjectIds.EventQueueOverflowEventType)
    assert data.StatusCode is not None
    assert data.StatusCode.value == 0x480


def test_every_field_is_asked_for_by_the_type_that_has_it() -> None:
    clauses = event_filter().SelectClauses
    assert [clause.TypeDefinitionId.Identifier for clause in clauses] == [2041] * 5 + [2915]
    assert [name.Name for name in clauses[-1].BrowsePath] == ["ActiveState", "Id"]


@pytest.mark.parametrize("wrong", [{"role": "other"}, {"index": "1"}, {"field": "x"}])
def test_events_go_with_alarms_alone(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="events: "):
        OpcUaTag.model_validate(ALARM | wrong)


def test_events_cannot_be_polled() -> None:
    given = {"id": "d", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840", "tags": [ALARM]}
    assert OpcUaDevice.model_validate(given).tags[0].events
    with pytest.raises(ValueError, match="mode: must be subscribe for a"):
        OpcUaDevice.model_validate(given | {"mode": "poll"})
