import asyncio
import errno
import json
import socket

import pytest

from connectors.block_health import BlockHealth
from connectors.device_health import (
    MOST_ERRORS,
    Cause,
    DeviceHealth,
    ErrorLog,
    SubscriptionHealth,
    cause_of,
)
from connectors.latency import MOST_LATENCIES, Latency
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
    assert (block.exception_code, block.bad_since_us) == (2, 10)
    assert (block.last_error, block.last_error_us) == ("exception 2, illegal data address", 20)
    block.refused(4, "server device failure", 30)
    assert (block.exception_code, block.bad_since_us) == (4, 30)
    block.answered(0.02, 40)
    assert (block.exception_code, block.bad_since_us, block.last_good_us) == (None, None, 40)


def test_what_is_in_quarantine_is_bad_since_it_failed_first_until_it_is_taken_back() -> None:
    refused, silent, fine = (BlockHealth("holding", at, 1, (f"r{at}",)) for at in (1, 2, 3))
    refused.refused(2, "illegal data address", 10)
    for at_us in (20, 30):
        refused.put_away(at_us + 100, at_us)
        silent.put_away(at_us + 100, at_us)
    health = DeviceHealth(blocks=[refused, silent, fine], requests_planned=1)
    assert [(b.bad_since_us, b.next_try_us, b.exception_code) for b in health.bad_blocks] == [
        (10, 130, 2),
        (20, 130, None),
    ]
    assert health.requests_now == 1
    fine.refused(6, "server device busy", 40)
    for block in (refused, silent, fine):
        block.taken_back()
    assert health.bad_blocks == [fine], "what is asked for at every poll is good when it is answered, no sooner"
    assert health.requests_now == 3


def test_a_block_is_named_by_table_addresses_and_a_few_tags() -> None:
    assert str(BlockHealth("holding", 37, 1, ("press1.good",))) == "holding 37 (press1.good)"
    assert str(BlockHealth("coil", 0, 8, ("a", "b", "c", "d", "e"))) == "coil 0-7 (a, b, c +2)"


def test_a_device_is_silent_where_its_line_can_be_used_and_it_does_not_answer() -> None:
    health = DeviceHealth()
    assert not health.is_silent
    for cause, silent in ((Cause.SILENT, True), (Cause.NO_PATH, True), (Cause.NO_ANSWER, False)):
        health.failed("why", cause)
        assert health.is_silent is silent
    health.failed("why", Cause.SILENT)
    health.connected_since_us = 1
    assert not health.is_silent, "one lost answer is not yet silence"


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
