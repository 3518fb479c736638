"""What of a server's answers to HistoryRead is believed, and how often it is asked what it cannot bear."""

import asyncio
from typing import Any, cast

import pytest
from asyncua import ua

from config.devices import OpcUaDevice
from connectors import opcua_history
from connectors.opcua_history import History
from connectors.opcua_history_call import Clock, _values
from connectors.opcua_values import Decoder
from plant.gap import Gap

DEVICE = OpcUaDevice.model_validate(
    {
        "id": "press",
        "protocol": "opcua",
        "endpoint": "opc.tcp://127.0.0.1:4840",
        "security": "none",
        "tags": [{"name": "t", "work_unit": "w", "role": "other", "node": "ns=1;s=T"}],
    }
)


@pytest.mark.parametrize(
    ("data", "believed"),
    [
        (ua.HistoryData(DataValues=[ua.DataValue(ua.Variant(1.0))]), 1),
        (ua.HistoryData(), 0),
        (ua.ExtensionObject(), 0),
        (ua.ExtensionObject(TypeId=ua.NodeId(ua.Int32(5), ua.Int16(2)), Body=b"?"), None),
        (ua.HistoryEvent(), None),
    ],
)
def test_history_that_is_not_understood_is_not_taken_for_none(data: Any, believed: int | None) -> None:
    found = _values(ua.HistoryReadResult(HistoryData=data))
    assert (None if found.refused else len(found.values)) == believed


def test_a_server_that_dies_each_time_it_is_asked_for_history_is_not_asked_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    class Killing:
        def __init__(self, *_: Any) -> None:
            pass

        async def clock(self) -> Clock:
            nonlocal asked
            asked += 1
            await asyncio.Event().wait()
            raise AssertionError

        async def release(self, _: Any) -> None:
            pass

    async def scenario() -> None:
        history = History(DEVICE, Decoder(DEVICE.id, DEVICE.tags, 1.0))
        history.fill([Gap("press", None, 1, 2, "cut")])
        for _ in range(5):
            async with history.over(cast(Any, None)):
                await asyncio.sleep(0.01)

    monkeypatch.setattr(opcua_history, "HistoryCalls", Killing)
    asyncio.run(scenario())
    assert asked == 2
