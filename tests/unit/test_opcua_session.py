"""What is understood of the answers on which it rests whether a subscription is gone on with."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import struct_to_binary
from asyncua.ua.uaerrors import BadServiceUnsupported, BadSubscriptionIdInvalid

from connectors.opcua_link import Link
from connectors.opcua_session import QuietSession
from connectors.opcua_transport import FrameError


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (datetime(2026, 3, 1, 7, 30, tzinfo=UTC), True),
        (datetime(1601, 1, 1, tzinfo=UTC), False),  # DateTime 0: of a server that does not keep it
        (None, False),
        (7, False),
    ],
)
def test_only_a_time_at_which_a_server_can_have_started_tells_its_runs_apart(value: Any, says: bool) -> None:
    class Saying(Link):
        def __init__(self) -> None:
            pass

        async def values_of(self, *given: Any) -> list[ua.DataValue]:
            return [ua.DataValue(ua.Variant(value))]

    assert bool(asyncio.run(Saying().started())) is says


@pytest.mark.parametrize(
    ("refusal", "can_transfer"), [(BadServiceUnsupported(), False), (BadSubscriptionIdInvalid(), True)]
)
def test_a_server_that_does_not_know_the_service_is_told_from_one_that_has_the_subscription_no_more(
    refusal: Exception, can_transfer: bool
) -> None:
    session = QuietSession(cast(Any, None))

    async def refused(wanted: Any) -> Any:
        raise refusal

    session.transfer_subscriptions = refused  # type: ignore[method-assign]
    assert asyncio.run(session.take_over(7)) is None
    assert session.can_transfer is can_transfer


@pytest.mark.parametrize("came", [1, 2, 3, 2**31 - 1])
def test_more_results_than_were_asked_for_are_counted_before_they_are_made(came: int) -> None:
    class Client:
        async def _send_request(self, *given: Any) -> Buffer:
            return Buffer(struct_to_binary(ua.ReadResponse())[:-8] + came.to_bytes(4, "little") + b"\0" * 7)

    async def read() -> int:
        session = QuietSession(cast(Any, Client()))
        return len(await session.read(ua.ReadParameters(NodesToRead=[ua.ReadValueId()] * 2)))

    if came <= 2:
        assert asyncio.run(read()) == came
    else:
        with pytest.raises(FrameError, match=f"2 results were asked for, {came} came"):
            asyncio.run(read())
