import asyncio
import errno
import json
import socket

import pytest

from connectors.device_health import (
    MOST_ERRORS,
    MOST_LATENCIES,
    BlockHealth,
    Cause,
    DeviceHealth,
    ErrorLog,
    Latency,
    SubscriptionHealth,
    cause_of,
)
from connectors.pause import Pause


def test_latency_is_of_the_last_answers_alone() -> None:
    latency = Latency()
    assert latency.as_json() == {"last_s": None, "p50_s": None, "p95_s": None, "answers": 0}
    latency.add(60.0)
    for _ in range(MOST_LATENCIES):
        latency.add(0.01)
    assert latency.as_json() == {"last_s": 0.01, "p50_s": 0.01, "p95_s": 0.01, "answers": MOST_LATENCIES}
    assert latency.total == MOST_LATENCIES + 1


def test_the_percentiles_are_of_the_nearest_rank() -> None:
    latency = Latency()
    for ms in range(100, 0, -1):
        latency.add(ms / 1000)
    assert latency.as_json() == {"last_s": 0.001, "p50_s": 0.05, "p95_s": 0.095, "answers": 100}


def test_an_error_met_again_is_counted_and_is_the_newest_again() -> None:
    log = ErrorLog()
    for at_us, text in enumerate(("a", "b", "a")):
        log.note(text, Cause.CLOSED, at_us)
    newest, before = log.newest_first()
    assert (newest.text, newest.count, newest.first_us, newest.last_us) == ("a", 2, 0, 2)
    assert (before.text, before.count) == ("b", 1)
    assert log.total == 3


def test_only_the_last_errors_are_kept() -> None:
    log = ErrorLog()
    for number in range(3 * MOST_ERRORS):
        log.note(f"error {number}", Cause.OTHER, number)
    kept = log.newest_first()
    assert [error.text for error in kept] == [f"error {n}" for n in range(3 * MOST_ERRORS - 1, 2 * MOST_ERRORS - 1, -1)]


def test_a_block_is_refused_until_it_is_answered() -> None:
    block = BlockHealth("holding", 500, 2, ("c",))
    block.refused(2, "illegal data address", 10)
    block.refused(2, "illegal data address", 20)
    assert (block.exception_code, block.refused_since_us, block.refusals) == (2, 10, 2)
    assert (block.last_error, block.last_error_us) == ("exception 2, illegal data address", 20)
    block.refused(4, "server device failure", 30)
    assert (block.exception_code, block.refused_since_us) == (4, 30)
    block.answered(0.02, 40)
    assert (block.exception_code, block.refused_since_us, block.last_good_us, block.refusals) == (None, None, 40, 3)


def test_a_subscription_promises_what_its_weakest_item_does() -> None:
    asked = SubscriptionHealth(500, 500, 100, 100, 610, 610, 10, 61.0)
    granted = asked.with_item(610, 100).with_item(10, 250).with_item(100, 0)
    assert (granted.queue, granted.sampling_ms, granted.bridges_s) == (10, 250, 2.5)


def test_everything_that_is_known_can_be_written_as_json() -> None:
    health = DeviceHealth(connected_since_us=1, blocks=[BlockHealth("coil", 0, 8, ("a", "b"))])
    health.failed("connection refused", Cause.CONNECTION_REFUSED)
    health.subscription = SubscriptionHealth(500, 500, 100, 100, 610, 610, 10, 61.0)
    health.refused_tags["c"] = "BadNodeIdUnknown"
    said = json.loads(json.dumps(health.in_full(), allow_nan=False))
    assert said["errors"][0]["cause"] == said["last_cause"] == "connection_refused"
    assert said["blocks"][0]["tags"] == ["a", "b"]
    assert said["blocks"][0]["latency"]["answers"] == 0
    assert set(health.as_json()) < set(said)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ConnectionRefusedError(), Cause.CONNECTION_REFUSED),
        (TimeoutError(), Cause.NO_ANSWER),
        (OSError(errno.ETIMEDOUT, "timed out"), Cause.NO_ANSWER),
        (OSError(errno.EHOSTUNREACH, "no route to host"), Cause.NO_ROUTE),
        (OSError(errno.ENETUNREACH, "network is unreachable"), Cause.NO_ROUTE),
        (socket.gaierror(-2, "Name or service not known"), Cause.UNKNOWN_NAME),
        (FileNotFoundError(), Cause.NO_SERIAL_PORT),
        (ConnectionResetError(), Cause.CLOSED),
        (ValueError(), Cause.OTHER),
    ],
)
def test_errors_of_the_system_have_a_cause(error: Exception, cause: Cause) -> None:
    assert cause_of(error) is cause


def test_a_wait_can_be_ended_by_another_task() -> None:
    async def run() -> None:
        pause = Pause()
        assert not pause.end()
        waiting = asyncio.create_task(pause.wait(60))
        await asyncio.sleep(0)
        assert pause.end()
        assert pause.end()
        assert await asyncio.wait_for(waiting, 1)
        assert not pause.end()
        assert not await pause.wait(0.001)
        gone = asyncio.get_running_loop().create_future()
        gone.set_result("lost")
        assert not await pause.wait(60, gone)

    asyncio.run(run())
