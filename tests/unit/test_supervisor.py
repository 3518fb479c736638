import asyncio

import pytest

from collector import supervisor as module
from collector.supervisor import Supervisor

real_sleep = asyncio.sleep


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        await real_sleep(seconds / 1000)

    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    return pauses


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await real_sleep(0.001)


def test_a_task_that_fails_or_returns_is_started_again_with_growing_pauses(short_pauses):
    async def test():
        supervisor, runs = Supervisor(), 0

        async def work():
            nonlocal runs
            runs += 1
            if runs % 2:
                raise ValueError("wrong")

        supervisor.start("work", work)
        await until(lambda: supervisor.faults.get("work", 0) >= 9)
        said = supervisor.recent_faults()["work"]
        await supervisor.stop()
        return said

    assert asyncio.run(test()) in ("ValueError: wrong", "ended by itself")
    assert short_pauses[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_one_that_ran_well_for_long_starts_again_soon(short_pauses, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.02)

    async def test():
        supervisor = Supervisor()

        async def work():
            await real_sleep(0.03)
            raise ValueError

        supervisor.start("work", work)
        await until(lambda: supervisor.faults.get("work", 0) >= 3)
        await supervisor.stop()

    asyncio.run(test())
    assert set(short_pauses[:2]) == {0.5}


def test_a_failure_of_one_leaves_the_others_alone_and_is_forgotten_after_a_minute(monkeypatch):
    async def test():
        supervisor, beats = Supervisor(), 0

        async def fails():
            raise OSError("gone")

        async def beat():
            nonlocal beats
            while True:
                beats += 1
                await real_sleep(0.001)

        supervisor.start("fails", fails)
        supervisor.start("beat", beat)
        await until(lambda: beats > 50 and supervisor.faults)
        assert set(supervisor.faults) == {"fails"}
        assert supervisor.recent_faults() == {"fails": "OSError: gone"}
        monkeypatch.setattr(module, "RECENT_S", -1.0)
        assert supervisor.recent_faults() == {}
        await supervisor.stop()

    asyncio.run(test())


def test_stopping_waits_for_the_end_of_some_or_of_all():
    async def test():
        supervisor, ended = Supervisor(), []

        def work(name):
            async def forever():
                try:
                    await asyncio.Event().wait()
                finally:
                    await real_sleep(0.01)
                    ended.append(name)

            return forever

        first, _ = (supervisor.start(name, work(name)) for name in ("reader", "writer"))
        await real_sleep(0.01)
        await supervisor.stop([first])
        assert ended == ["reader"]
        await supervisor.stop()
        assert ended == ["reader", "writer"]
        assert supervisor.faults == {}

    asyncio.run(test())


def test_what_is_cancelled_by_somebody_else_is_no_end(short_pauses):
    async def test():
        supervisor, runs = Supervisor(), 0

        async def work():
            nonlocal runs
            runs += 1
            waited_for = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(waited_for.cancel)
            await waited_for

        task = supervisor.start("work", work)
        await until(lambda: runs > 2 or task.done())
        assert not task.done()
        assert "cancelled" in supervisor.recent_faults()["work"]
        await supervisor.stop()
        assert task.done()

    asyncio.run(test())
