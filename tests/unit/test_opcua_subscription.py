"""The publish loop and recovery of messages within a living session, against a session that loses messages."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import struct_to_binary
from asyncua.ua.uaerrors import BadMessageNotAvailable, BadTimeout, BadTooManyPublishRequests

from config.devices import OpcUaDevice
from config.tags import OpcUaTag
from connectors import opcua_publishing
from connectors.connector import Handover
from connectors.device_health import DeviceHealth, SubscriptionHealth
from connectors.opcua_call_size import CallSize
from connectors.opcua_continuity import LAST_NUMBER
from connectors.opcua_link import BAD_NODE_ID_UNKNOWN, DoubtError, Link, NodeError
from connectors.opcua_resumption import Position, digest, position
from connectors.opcua_subscription import Subscription
from connectors.opcua_values import Decoder

DEVICE = OpcUaDevice.model_validate(
    {
        "id": "press",
        "protocol": "opcua",
        "endpoint": "opc.tcp://127.0.0.1:4840",
        "security": "none",
        "tags": [{"name": "t", "work_unit": "w", "role": "other", "node": "ns=1;s=T"}],
    }
)


def message(number: int, *values: float, status: int = 0) -> ua.NotificationMessage:
    now = datetime.now(UTC)
    items = [
        ua.MonitoredItemNotification(0, ua.DataValue(ua.Variant(value), ua.StatusCode(ua.UInt32(status)), now, now))
        for value in values
    ]
    data = [ua.DataChangeNotification(MonitoredItems=items)] if items else []
    return ua.NotificationMessage(SequenceNumber=number, NotificationData=cast(Any, data))


def octets_of(response: Any) -> bytes:
    response.TypeId = ua.FourByteNodeId(getattr(ObjectIds, f"{type(response).__name__}_Encoding_DefaultBinary"))
    return struct_to_binary(response)


class LossySession:
    """A session that answers publish requests with what it is given, and republishes what it retained.

    available: what it says that it can send again when its subscription 7 is taken over; None: it has it no more.
    """

    can_transfer = True

    def __init__(self, *answers: ua.NotificationMessage | Exception | bytes, keep_alive_count: int = 20) -> None:
        self.answers = list(answers)
        self.retained: dict[int, ua.NotificationMessage] = {}
        self.republished: list[int] = []
        self.acknowledged: list[int] = []
        self.available: list[int] | None = None
        self.taken_over: list[int] = []
        self.created = 0
        self.queue = 1
        self.outstanding = 0
        self.most_outstanding = 0
        self._keep_alive_count = keep_alive_count

    async def take_over(self, subscription_id: int) -> list[int] | None:
        self.taken_over.append(subscription_id)
        return self.available

    async def create_subscription(self, parameters: ua.CreateSubscriptionParameters, _: object) -> Any:
        self.created += 1
        interval_ms = parameters.RequestedPublishingInterval
        return ua.CreateSubscriptionResult(7, interval_ms, parameters.RequestedLifetimeCount, self._keep_alive_count)

    async def create_monitored_items(self, parameters: ua.CreateMonitoredItemsParameters) -> Any:
        return [
            ua.MonitoredItemCreateResult(MonitoredItemId=1, RevisedSamplingInterval=250, RevisedQueueSize=self.queue)
            for _ in parameters.ItemsToCreate
        ]

    async def publish_raw(self, acks: list[ua.SubscriptionAcknowledgement]) -> bytes:
        self.acknowledged += [ack.SequenceNumber for ack in acks]
        self.outstanding += 1
        self.most_outstanding = max(self.most_outstanding, self.outstanding)
        try:
            if not self.answers:
                await asyncio.Event().wait()
            answer = self.answers.pop(0)
        finally:
            self.outstanding -= 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, bytes):
            return answer
        parameters = ua.PublishResult(7, MoreNotifications=False, NotificationMessage=answer)
        return octets_of(ua.PublishResponse(Parameters=parameters))

    async def republish_raw(self, subscription_id: int, number: int) -> bytes:
        assert subscription_id == 7
        self.republished.append(number)
        if number not in self.retained:
            raise BadMessageNotAvailable
        return octets_of(ua.RepublishResponse(NotificationMessage=self.retained[number]))


class LossyLink:
    """A link over such a session, whose values can be read."""

    def __init__(self, session: LossySession) -> None:
        self.items = CallSize()
        self.notes: list[str] = []
        self.session = session
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def started(self) -> str:
        return "today"

    def wanted(self, tag: OpcUaTag) -> ua.ReadValueId:
        return ua.ReadValueId(NodeId=ua.NodeId.from_string(tag.node))

    async def read(self, wanted: list[ua.ReadValueId]) -> list[ua.DataValue]:
        return [ua.DataValue(ua.Variant(99.0), SourceTimestamp=datetime.now(UTC)) for _ in wanted]


def read(
    session: LossySession,
    work: Callable[[Subscription, LossyLink], Awaitable[None]],
    before: Position | None = None,
) -> DeviceHealth:
    health = DeviceHealth()

    async def scenario() -> None:
        link = LossyLink(session)
        decoder = Decoder(DEVICE.id, DEVICE.tags, DEVICE.max_clock_error_s)
        subscription = Subscription(cast(Link, link), DEVICE, decoder, health, before or Position(digest(DEVICE), {}))
        await subscription.start()
        try:
            await work(subscription, link)
        finally:
            await subscription.close()

    asyncio.run(scenario())
    return health


def values(handover: Handover) -> list[float]:
    return handover.batch.values.tolist() if handover.batch is not None else []


async def committed(subscription: Subscription, count: int) -> list[Handover]:
    handovers = []
    for _ in range(count):
        handovers.append(await asyncio.wait_for(subscription.next(), 5))
        handovers[-1].done()
    return handovers


def test_a_message_lost_after_a_keep_alive_is_asked_for_again_in_order() -> None:
    session = LossySession(message(1, 1.0), message(2), message(3, 3.0))
    session.retained[2] = message(2, 2.0)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        handovers = await committed(subscription, 4)
        assert [values(handover) for handover in handovers] == [[1.0], [], [2.0], [3.0]]
        assert [handover.gaps for handover in handovers] == [()] * 4

    read(session, work)
    assert session.republished == [2]


def test_a_keep_alive_brings_back_a_message_that_never_came() -> None:
    session = LossySession(message(1, 1.0), message(3))
    session.retained[2] = message(2, 2.0)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        assert [values(handover) for handover in await committed(subscription, 3)] == [[1.0], [2.0], []]

    read(session, work)


def test_what_the_server_no_longer_has_is_a_gap_and_is_read_again() -> None:
    session = LossySession(message(1, 1.0), message(4, 4.0))
    session.retained[3] = message(3, 3.0)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        first, third, gap, again, fourth = await committed(subscription, 5)
        assert [values(each) for each in (first, third, again, fourth)] == [[1.0], [3.0], [99.0], [4.0]]
        assert again.batch is not None
        assert again.batch.snapshot
        (hole,) = gap.gaps
        assert (hole.device, hole.tag, hole.start_us) == ("press", None, first.known_until_us)
        assert hole.end_us == fourth.batch.received_us
        assert "messages 2 to 2 were lost" in hole.cause

    read(session, work)


def test_a_message_that_cannot_be_understood_is_asked_for_again() -> None:
    session = LossySession(message(1, 1.0), b"\x01\x00\x3d\x03 no answer", message(3, 3.0))
    session.retained[2] = message(2, 2.0)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        assert [values(handover) for handover in await committed(subscription, 3)] == [[1.0], [2.0], [3.0]]

    read(session, work)


def test_a_repeated_message_is_taken_once() -> None:
    session = LossySession(message(1, 1.0), message(1, 1.0), message(2, 2.0))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        assert [values(handover) for handover in await committed(subscription, 2)] == [[1.0], [2.0]]

    read(session, work)


def test_the_overflow_bit_is_a_gap_of_its_tag_from_the_reading_before() -> None:
    session = LossySession(message(1, 1.0, 2.0), message(2, 9.0, status=0x480))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        first, second, third = await committed(subscription, 3)
        assert [each.batch.snapshot for each in (first, second, third) if each.batch] == [True, False, False]
        (gap,) = third.gaps
        assert second.batch is not None
        assert third.batch is not None
        assert (gap.tag, gap.start_us, gap.end_us) == ("t", second.batch.times_us[0], third.batch.times_us[0])
        assert third.batch.status.tolist() == [0]

    read(session, work)


def test_only_what_is_committed_is_acknowledged() -> None:
    session = LossySession(message(1, 1.0), message(2, 2.0), message(3, 3.0))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        first = await subscription.next()
        second = await subscription.next()
        assert session.acknowledged == []
        second.done()
        await subscription.next()
        await asyncio.sleep(0)
        assert session.acknowledged == [2]
        first.done()

    read(session, work)
    assert session.most_outstanding <= opcua_publishing.OUTSTANDING


def test_a_server_that_takes_fewer_requests_gets_fewer() -> None:
    session = LossySession(BadTooManyPublishRequests(), BadTooManyPublishRequests(), message(1, 1.0))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        await committed(subscription, 1)
        subscription_next = asyncio.ensure_future(subscription.next())
        await asyncio.wait({subscription_next}, timeout=0.05)
        assert session.outstanding == 2
        subscription_next.cancel()

    read(session, work)


def test_silence_for_three_keep_alives_is_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcua_publishing, "_LEAST_WAIT_S", 0.01)
    fast = DEVICE.model_copy(update={"publishing_ms": 10.0})
    monkeypatch.setitem(globals(), "DEVICE", fast)
    session = LossySession(message(1, 1.0), keep_alive_count=5)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        await committed(subscription, 1)
        started = time.monotonic()
        with pytest.raises(DoubtError, match="neither data nor keep-alive"):
            await subscription.next()
        assert 0.1 < time.monotonic() - started < 10

    read(session, work)


@pytest.mark.parametrize("refusal", [BadTimeout(), BadTooManyPublishRequests(), b"no answer"])
def test_a_server_that_answers_without_ever_publishing_is_doubt(
    monkeypatch: pytest.MonkeyPatch, refusal: Exception | bytes
) -> None:
    monkeypatch.setattr(opcua_publishing, "_PAUSE_S", 0.001)
    fast = DEVICE.model_copy(update={"publishing_ms": 10.0})
    monkeypatch.setitem(globals(), "DEVICE", fast)
    session = LossySession(message(1, 1.0), *[refusal] * 100_000, keep_alive_count=5)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        await committed(subscription, 1)
        with pytest.raises(DoubtError, match="neither data nor keep-alive"):
            await asyncio.wait_for(subscription.next(), 10)

    read(session, work)


def test_a_link_found_dead_hands_over_first_what_had_arrived() -> None:
    session = LossySession(message(1, 1.0), message(2, 2.0))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        await committed(subscription, 1)
        await asyncio.sleep(0)
        link.lost.set_result("no answer in time")
        assert [values(handover) for handover in await committed(subscription, 1)] == [[2.0]]
        with pytest.raises(DoubtError, match="no answer in time"):
            await subscription.next()

    read(session, work)


def test_a_subscription_that_the_server_ended_is_doubt() -> None:
    ended = ua.StatusChangeNotification(Status=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadTimeout)))
    session = LossySession(ua.NotificationMessage(1, NotificationData=cast(Any, [ended])))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        with pytest.raises(DoubtError, match="ended the subscription: BadTimeout"):
            await subscription.next()

    read(session, work)


def test_what_the_server_revised_is_said() -> None:
    async def work(subscription: Subscription, link: LossyLink) -> None:
        pass

    assert read(LossySession(), work).notes == [
        "t: queue of 1, asked for 610",
        "t: sampled every 250 ms, asked for 100 ms",
    ]


def before(**changed: Any) -> Position:
    """As far as a collector had come that was killed: messages up to 5 of subscription 7."""
    granted = SubscriptionHealth(500.0, 500.0, 100.0, 100.0, 610, 610, 10.0, 61.0)
    found = Position(digest(DEVICE), {1: "urn:press"}, 7, 5, 1_000_000, granted, {}, True, "today")
    return replace(found, **changed)


def kept(handover: Handover) -> Position:
    found = position(handover.position, DEVICE)
    assert found is not None
    return found


def resumable(*retained: int, answers: tuple[ua.NotificationMessage, ...] = ()) -> LossySession:
    session = LossySession(*answers)
    session.available = list(retained)
    session.retained = {number: message(number, float(number)) for number in retained}
    return session


def test_a_subscription_is_taken_over_after_the_last_message_that_was_stored() -> None:
    session = resumable(6, 7, answers=(message(8, 8.0),))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        handovers = await committed(subscription, 3)
        assert [values(handover) for handover in handovers] == [[6.0], [7.0], [8.0]]
        assert not any(handover.gaps for handover in handovers)
        assert [one.known_until_us is None for one in handovers] == [True, True, False], "only what is published is"
        assert not any(one.batch.snapshot for one in handovers if one.batch), "no value is read anew"
        assert [kept(one).number for one in handovers] == [6, 7, 8]
        assert [kept(one).complete_us for one in handovers[:2]] == [1_000_000] * 2, "more may wait"
        assert subscription.is_resumed

    read(session, work, before())
    assert (session.taken_over, session.created) == ([7], 0)


@pytest.mark.parametrize("says", [True, False])
def test_numbers_begin_again_after_the_last_where_a_subscription_is_taken_over(says: bool) -> None:
    session = resumable(LAST_NUMBER, 1, 2, answers=(message(3, 3.0),))
    if not says:  # what it can send again
        session.available = []

    async def work(subscription: Subscription, link: LossyLink) -> None:
        handovers = await committed(subscription, 4)
        assert [values(handover) for handover in handovers] == [[float(LAST_NUMBER)], [1.0], [2.0], [3.0]]
        assert not any(handover.gaps for handover in handovers)
        assert [kept(one).number for one in handovers] == [LAST_NUMBER, 1, 2, 3]

    read(session, work, before(number=LAST_NUMBER - 1))
    assert session.republished == [LAST_NUMBER, 1, 2, 3], "each once"


@pytest.mark.parametrize("last", [5, LAST_NUMBER - 1, LAST_NUMBER])
def test_messages_lost_before_a_subscription_was_taken_over_are_a_gap_and_are_read_again(last: int) -> None:
    first, second, third, fourth = ((last + step) % LAST_NUMBER + 1 for step in range(4))
    session = resumable(first, third, answers=(message(fourth, 8.0),))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        handovers = await committed(subscription, 5)
        assert [values(one) for one in handovers] == [[float(first)], [float(third)], [], [99.0], [8.0]]
        (gap,) = handovers[2].gaps
        assert (gap.device, gap.tag, gap.start_us) == ("press", None, 1_000_000)
        assert gap.end_us is not None
        assert gap.end_us > 1_000_000
        assert f"messages {second} to {second} were lost" in gap.cause

    read(session, work, before(number=last))


def test_what_a_server_lost_without_a_word_is_a_gap_once_it_publishes() -> None:
    session = resumable(answers=(message(8, 8.0),))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        gap, again, last = await committed(subscription, 3)
        assert [(one.start_us, "messages 6 to 7 were lost" in one.cause) for one in gap.gaps] == [(1_000_000, True)]
        assert (values(again), values(last)) == ([99.0], [8.0])

    read(session, work, before())


@pytest.mark.parametrize(
    "changed", [{"started": "yesterday"}, {"started": ""}, {"number": 0}, {"granted": None}, {"subscription_id": 0}]
)
def test_a_number_that_may_be_somebody_else_s_subscription_is_never_taken_over(changed: dict[str, Any]) -> None:
    session = LossySession(message(1, 1.0))
    session.available = [6]

    async def work(subscription: Subscription, link: LossyLink) -> None:
        (first,) = await committed(subscription, 1)
        assert first.batch is not None
        assert first.batch.snapshot
        assert (kept(first).started, kept(first).number, kept(first).uris) == ("today", 1, {1: "urn:press"})
        assert not subscription.is_resumed

    read(session, work, before(**changed))
    assert (session.taken_over, session.created) == ([], 1)


def test_a_server_that_does_not_say_when_it_started_is_never_gone_on_with() -> None:
    session = LossySession(message(1, 1.0))

    async def silent() -> str:
        return ""

    async def work(subscription: Subscription, link: LossyLink) -> None:
        (first,) = await committed(subscription, 1)
        assert not kept(first).is_resumable

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LossyLink, "started", lambda _: silent())
        read(session, work, before(started=""))
    assert (session.taken_over, session.created) == ([], 1)


def test_a_server_that_has_the_subscription_no_more_gets_a_new_one() -> None:
    session = LossySession(message(1, 1.0))
    session.queue = 610

    async def work(subscription: Subscription, link: LossyLink) -> None:
        (first,) = await committed(subscription, 1)
        assert values(first) == [1.0]
        assert kept(first).is_resumable
        assert not subscription.is_resumed

    read(session, work, before())
    assert (session.taken_over, session.created) == ([7], 1)


def test_a_server_that_does_not_transfer_is_not_asked_and_that_is_remembered() -> None:
    session = LossySession(message(1, 1.0))
    session.can_transfer = False

    async def work(subscription: Subscription, link: LossyLink) -> None:
        (first,) = await committed(subscription, 1)
        assert not kept(first).is_resumable

    read(session, work, before())
    assert (session.taken_over, session.created) == ([], 1)


def test_what_an_index_meant_is_remembered_however_many_tags_are_refused() -> None:
    many = [{"name": f"t{row}", "work_unit": "w", "role": "other", "node": "ns=1;s=T"} for row in range(1202)]
    wide = OpcUaDevice.model_validate(DEVICE.model_dump(exclude={"tags"}) | {"tags": many})
    session = LossySession(message(1, 1.0))
    refused = ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNodeIdUnknown)))
    watched = ua.MonitoredItemCreateResult(MonitoredItemId=1, RevisedSamplingInterval=100, RevisedQueueSize=610)

    async def create(parameters: ua.CreateMonitoredItemsParameters) -> Any:
        rows = [item.RequestedParameters.ClientHandle for item in parameters.ItemsToCreate]
        return [watched if row == 0 else refused for row in rows]

    async def work(subscription: Subscription, link: LossyLink) -> None:
        refusals, first = await committed(subscription, 2)
        assert len(values(refusals)) == 1201
        assert kept(first).uris == {1: "urn:press"}
        assert not kept(first).is_resumable, "too much to be kept with each commit"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_monitored_items", create)
        patch.setitem(globals(), "DEVICE", wide)
        read(session, work, replace(before(), settings=digest(wide), started="yesterday"))


def test_a_server_that_sends_messages_again_without_end_is_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.opcua_messages._MOST_MISSING", 50)
    session = resumable(*range(6, 106))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        raise AssertionError("it was read")

    with pytest.raises(DoubtError, match="sends messages again without end"):
        read(session, work, before())
    assert len(session.republished) <= 52


def test_a_server_that_takes_fewer_requests_is_asked_to_take_more_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opcua_publishing, "_TRIED_AGAIN_AFTER", 3)
    answers = [message(number, 1.0) for number in range(1, 8)]
    session = LossySession(BadTooManyPublishRequests(), BadTooManyPublishRequests(), *answers)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        await committed(subscription, 7)
        following = asyncio.ensure_future(subscription.next())
        await asyncio.wait({following}, timeout=0.05)
        assert session.outstanding == opcua_publishing.OUTSTANDING
        following.cancel()

    read(session, work)


def test_a_message_sent_twice_is_not_acknowledged_before_it_is_stored() -> None:
    session = LossySession(message(1, 1.0), message(1, 1.0), message(2, 2.0))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        first = await subscription.next()
        assert values(await subscription.next()) == [2.0], "the repeat between them brings nothing"
        following = asyncio.ensure_future(subscription.next())
        await asyncio.wait({following}, timeout=0.05)
        assert session.acknowledged == []
        first.done()
        following.cancel()

    read(session, work)


def test_a_node_that_can_no_longer_be_named_is_bad_and_the_others_are_read_again() -> None:
    session = LossySession(message(1, 1.0), message(3, 3.0))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        def unknown(tag: OpcUaTag) -> ua.ReadValueId:
            raise NodeError(BAD_NODE_ID_UNKNOWN)

        link.wanted = unknown  # type: ignore[method-assign]
        _, gap, again, third = await committed(subscription, 4)
        assert (len(gap.gaps), values(third)) == (1, [3.0])
        assert again.batch is not None
        assert again.batch.status.tolist() == [BAD_NODE_ID_UNKNOWN]

    read(session, work)


def test_messages_that_are_sent_again_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.opcua_messages._MOST_RESUMED_BYTES", 50_000)
    session = resumable(*range(6, 106))

    async def work(subscription: Subscription, link: LossyLink) -> None:
        raise AssertionError("it was read")

    with pytest.raises(DoubtError, match="sends messages again without end"):
        read(session, work, before())
    assert len(session.republished) < 20


@pytest.mark.parametrize("interval_ms", [math.inf, math.nan, -1.0, 0.0])
def test_a_subscription_whose_silence_would_never_be_noticed_is_doubt(interval_ms: float) -> None:
    class Never(LossySession):
        async def create_subscription(self, parameters: ua.CreateSubscriptionParameters, _: object) -> Any:
            return ua.CreateSubscriptionResult(7, interval_ms, 100, 1)

    async def work(subscription: Subscription, link: LossyLink) -> None:
        raise AssertionError("it was read")

    with pytest.raises(DoubtError, match="sends keep-alives every"):
        read(Never(), work)
