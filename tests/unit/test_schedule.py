import asyncio
import logging
import time

import pytest
import time_machine

from collector import schedule as module
from collector.schedule import Schedule

logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def run_for(schedule: Schedule, seconds: float, meanwhile=None) -> None:
    async def both():
        running = asyncio.create_task(schedule.run())
        await asyncio.sleep(0)
        if meanwhile is not None:
            await meanwhile()
        await asyncio.sleep(seconds)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(both())


async def nothing(step_s: float) -> None:
    raise AssertionError(f"no step of {step_s}")


def test_work_is_woken_up_at_its_pace() -> None:
    schedule, times = Schedule(nothing), []

    async def work():
        times.append(time.monotonic())

    schedule.every(0.2, "work", work)
    run_for(schedule, 1.3)
    assert 4 <= len(times) <= 6
    assert schedule.failing == {}


def test_work_that_takes_long_never_runs_twice_at_once_and_catches_up_once() -> None:
    schedule, running, most, runs = Schedule(nothing), 0, 0, 0

    async def work():
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        await asyncio.sleep(0.5)
        running -= 1

    schedule.every(0.1, "work", work)
    run_for(schedule, 1.6)
    assert most == 1
    assert 2 <= runs <= 4


def test_work_that_fails_shows_and_stops_nothing_until_it_is_well_again() -> None:
    schedule, runs = Schedule(nothing), {"bad": 0, "good": 0}

    async def bad():
        runs["bad"] += 1
        if runs["bad"] <= 2:
            raise OSError("the disk is full")

    async def good():
        runs["good"] += 1

    schedule.every(0.1, "bad", bad)
    schedule.every(0.1, "good", good)

    async def look():
        while schedule.faults.get("bad", 0) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert schedule.failing == {"bad": "OSError: the disk is full"}

    run_for(schedule, 0.5, look)
    assert schedule.faults == {"bad": 2}
    assert schedule.failing == {}
    assert min(runs.values()) >= 3


@pytest.mark.timeout(60)
@pytest.mark.parametrize("step_s", [-3600.0, 3600.0, 56 * 365.25 * 86400])
def test_a_step_of_the_clock_is_noted_and_silences_nothing(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.5)  # work is woken up before the step is seen, all that it missed behind it
    steps, runs = [], []

    async def note(step):
        steps.append(step)

    async def work():
        runs.append(asyncio.get_running_loop().time())

    schedule = Schedule(note)
    schedule.every(0.2, "work", work)

    async def step():
        while not runs:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        with time_machine.travel(time.time() + step_s, tick=True):
            before = len(runs)
            async with asyncio.timeout(20):
                while len(runs) < before + 2 or not steps:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert [round(found) for found in steps] == [step_s]

    run_for(schedule, 0.4, step)
    assert schedule.clock_offset_s == pytest.approx(0.0, abs=0.5)
    assert len(steps) == 2  # there and back


def test_a_clock_that_is_led_slowly_is_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.05)
    schedule = Schedule(nothing)
    real, begun = time.time, time.monotonic()
    monkeypatch.setattr(module.time, "time", lambda: real() + min(1.5, time.monotonic() - begun))
    run_for(schedule, 0.5)
    assert schedule.clock_offset_s == 0.0
