"""What is understood of the answers on which it rests whether a subscription is gone on with."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from asyncua import ua
from asyncua.ua.uaerrors import BadServiceUnsupported, BadSubscriptionIdInvalid

from connectors.opcua_link import Link
from connectors.opcua_session import QuietSession


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
