"""What stands around the notifications of an answer, by bytes and by objects; and what we use of asyncua's session."""

import asyncio
import struct
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asyncua import ua
from asyncua.client.ua_client import UaClient
from asyncua.common.utils import Buffer
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import struct_to_binary
from asyncua.ua.uaerrors import BadNoSubscription

from connectors.opcua_layout import Layouts
from connectors.opcua_message import NotUnderstoodError, as_objects, publish_answer, republish_answer
from connectors.opcua_notification import notified
from connectors.opcua_session import QuietSession

FROM_ASYNCUA = (
    "01003d0342f6623ee57add01080000000000000000000000000000004e000000010000000100000000010000002af5623ee5"
    "7add010100000001002b0301b200000005000000000000000f08000000000000000000000000fa88593ee57add01628a593e"
    "e57add01010000000f0b000000000070974000000000f88a593ee57add01ac8b593ee57add01020000000f0c090000004578"
    "65637574696e6700000000108c593ee57add01a68c593ee57add01030000000f0c06000000412d3437313100000000f68c59"
    "3ee57add016e8d593ee57add01040000000f010100000000be8d593ee57add01368e593ee57add0100000000000000000000"
    "0000"
)
NOW = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)


def change(*values: float) -> ua.DataChangeNotification:
    items = [
        ua.MonitoredItemNotification(row, ua.DataValue(ua.Variant(value), SourceTimestamp=NOW))
        for row, value in enumerate(values)
    ]
    return ua.DataChangeNotification(MonitoredItems=items)


def message(number: int, *data: Any) -> ua.NotificationMessage:
    return ua.NotificationMessage(number, NOW, cast(Any, list(data)))


def published(*data: Any, number: int = 5, result: int = 0, more: bool = False) -> bytes:
    response = ua.PublishResponse(
        ua.FourByteNodeId(ObjectIds.PublishResponse_Encoding_DefaultBinary),
        Parameters=ua.PublishResult(7, [3, 4, 5], more, message(number, *data), [ua.StatusCode()]),
    )
    response.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(result))
    return bytes(struct_to_binary(response))


def test_data_and_keep_alives_are_read_without_objects() -> None:
    octets = published(change(1.0, 2.0), change(3.0), more=True)
    answer = publish_answer(octets)
    assert (answer.subscription_id, answer.number, answer.more, answer.size) == (7, 5, True, len(octets))
    assert (len(answer.bodies), answer.message, answer.has_data, answer.ended) == (2, None, True, None)
    keep_alive = publish_answer(published(number=6))
    assert (keep_alive.number, keep_alive.has_data, keep_alive.message) == (6, False, None)
    changes = cast(Any, as_objects(answer).NotificationData)
    values = [item.Value.Value.Value for each in changes for item in each.MonitoredItems]
    assert values == [1.0, 2.0, 3.0]


def test_what_is_rare_is_read_as_objects() -> None:
    ended = publish_answer(published(ua.StatusChangeNotification(ua.StatusCode(ua.UInt32(0x800A0000)))))
    assert (ended.ended, ended.bodies, ended.has_data) == (0x800A0000, (), True)
    events = publish_answer(published(change(1.0), ua.EventNotificationList([ua.EventFieldList(0, [ua.Variant("x")])])))
    assert events.message is not None
    assert len(events.message.NotificationData) == 2
    assert as_objects(events) is events.message


def test_a_republished_message_is_read_the_same_way() -> None:
    response = ua.RepublishResponse(
        ua.FourByteNodeId(ObjectIds.RepublishResponse_Encoding_DefaultBinary),
        NotificationMessage=message(9, change(1.0)),
    )
    octets = bytes(struct_to_binary(response))
    answer = republish_answer(octets, 7)
    assert (answer.subscription_id, answer.number, len(answer.bodies), answer.message) == (7, 9, 1, None)
    # with diagnostics, which are for the objects
    assert republish_answer(octets[:20] + b"\x04" + octets[21:25] + b"\0" * 7 + octets[28:], 7).number == 9


def test_what_an_asyncua_server_sent_is_read_without_objects() -> None:
    answer = publish_answer(bytes.fromhex(FROM_ASYNCUA))
    assert (answer.subscription_id, answer.number, answer.message) == (78, 1, None)
    found = notified(answer.bodies[0], Layouts())
    assert found is not None
    assert found.handles.tolist() == [0, 1, 2, 3, 4]
    assert found.values[[0, 1, 4]].tolist() == [0.0, 1500.0, 1.0]
    assert found.texts == {2: "Executing", 3: "A-4711"}
    assert (found.server > found.source).all()


def test_a_bad_result_is_raised() -> None:
    with pytest.raises(BadNoSubscription):
        publish_answer(published(result=ua.StatusCodes.BadNoSubscription))


def test_bytes_that_end_anywhere_are_no_answer_and_no_crash() -> None:
    octets = published(change(1.0, 2.0))
    for length in range(len(octets) - 4):
        try:
            answer = publish_answer(octets[:length])
        except NotUnderstoodError:
            continue
        assert answer.message is not None  # asyncua leaves the last lists out


@pytest.mark.parametrize("at", [28 + 4, 28 + 4 + 4 + 12 + 1 + 12, 28 + 4 + 4 + 12 + 1 + 12 + 4 + 5])
@pytest.mark.parametrize("count", [2**31 - 1, -2, -(2**31)])
def test_a_forged_count_is_no_answer(at: int, count: int) -> None:
    octets = published(change(1.0, 2.0))
    forged = octets[:at] + struct.pack("<i", count) + octets[at + 4 :]
    try:
        answer = publish_answer(forged)
    except NotUnderstoodError:
        return
    assert len(answer.bodies) <= 1


def test_the_session_gives_the_bytes_of_an_answer_as_they_came() -> None:
    """`UaSession._send_request` is asyncua's own: it takes a request and a time-out, and gives the rest as a Buffer."""
    asked: list[tuple[Any, Any]] = []

    class Client:
        async def _send_request(self, request: Any, patience_s: float | None, _: object) -> Buffer:
            asked.append((request, patience_s))
            return Buffer(b"header" + b"body", 6)

    async def scenario() -> None:
        session = QuietSession(cast(UaClient, Client()))
        acknowledgement = ua.SubscriptionAcknowledgement(7, 5)
        assert await session.publish_raw([acknowledgement]) == b"body"
        assert await session.republish_raw(7, 6) == b"body"
        (publish, patience_s), (republish, _) = asked
        assert patience_s == 0  # for ever: the publish loop watches it
        assert publish.Parameters.SubscriptionAcknowledgements == [acknowledgement]
        assert (republish.Parameters.SubscriptionId, republish.Parameters.RetransmitSequenceNumber) == (7, 6)

    asyncio.run(scenario())
