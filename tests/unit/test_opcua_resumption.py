"""From where reading of an OPC UA server goes on after a cut or a restart."""

from dataclasses import replace

import pytest

from config.devices import OpcUaDevice
from connectors.device_health import SubscriptionHealth
from connectors.opcua_resumption import Position, digest, position


def device(**settings: object) -> OpcUaDevice:
    given = {"id": "press", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840", "security": "none"}
    tag = {"name": "t", "work_unit": "w", "role": "other", "node": "ns=1;s=T"}
    return OpcUaDevice.model_validate(given | {"tags": [tag]} | settings)


GRANTED = SubscriptionHealth(500.0, 500.0, 100.0, 100.0, 610, 610, 10.0, 61.0)
FULL = Position(digest(device()), {0: "urn:ua", 2: "urn:press"}, 7, 41, 1_000, GRANTED, {0: 0x80340000}, True, "today")


def test_a_position_is_read_back_as_it_was_kept() -> None:
    assert position(FULL.to_json(), device()) == FULL
    assert FULL.after(42, 2_000) == replace(FULL, number=42, complete_us=2_000)


@pytest.mark.parametrize("kept", [None, "", "null", "[]", "{}", "{", '{"settings": 1}', FULL.to_json()[:-1]])
def test_what_cannot_be_understood_is_no_position(kept: str | None) -> None:
    assert position(kept, device()) is None


@pytest.mark.parametrize(
    "settings", [{"endpoint": "opc.tcp://127.0.0.1:4841"}, {"publishing_ms": 250}, {"mode": "poll"}, {"tags": []}]
)
def test_a_device_that_is_asked_for_something_else_starts_anew(settings: dict[str, object]) -> None:
    assert position(FULL.to_json(), device(**settings)) is None


def test_a_subscription_is_gone_on_with_only_where_all_that_takes_is_known() -> None:
    assert FULL.is_resumable
    assert not replace(FULL, granted=replace(GRANTED, queue=1)).is_resumable, "it drops values without a word"
    for missing in ({"number": 0}, {"subscription_id": 0}, {"granted": None}, {"can_transfer": False}, {"started": ""}):
        assert not replace(FULL, **missing).is_resumable
