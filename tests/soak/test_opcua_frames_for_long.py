"""A thousand hostile answers beside an honest server: no memory is lost, and the honest one is read on."""

import asyncio
import os
import resource
from contextlib import ExitStack
from pathlib import Path

from opcua_frames import FRAMES
from opcua_liar import Liar, lying
from opcua_store import COUNT, Store, device, free_port, process, stored

from connectors.opcua import OpcUaConnector

ROUNDS = int(os.environ.get("SMARTWINGS_SOAK_FRAMES", "1000"))
MOST_MEMORY_KIB = 64 * 1024


async def lied_to(name: str, liar: Liar, folder: Path, rounds: int) -> int:
    """Meet a liar so many times, each time as a new device; how many of them ended with the cause that is due."""
    told = 0
    for _ in range(rounds):
        async with stored(OpcUaConnector(device(liar.port, COUNT), folder)) as store:
            await store.until(lambda store=store: bool(store.gaps), 60.0)
            told += FRAMES[name][2] in store.gaps[0].cause
    return told


async def beside(honest: Store, liars: dict[str, Liar], folder: Path, rounds: int) -> dict[str, int]:
    await honest.until(lambda: len(honest.rows) > 100)
    found = await asyncio.gather(*(lied_to(name, liar, folder, rounds) for name, liar in liars.items()))
    had = len(honest.rows)
    await honest.until(lambda: len(honest.rows) > had + 100)
    return dict(zip(liars, found, strict=True))


def test_hostile_answers_cost_no_memory_and_an_honest_server_is_read_meanwhile(tmp_path: Path) -> None:
    rounds, log, port = -(-ROUNDS // len(FRAMES)), tmp_path / "log", free_port()

    async def scenario(liars: dict[str, Liar]) -> tuple[Store, dict[str, int], int]:
        async with stored(OpcUaConnector(device(port, COUNT), tmp_path)) as honest:
            await beside(honest, liars, tmp_path, 1)  # what is imported and kept once does not count
            before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            told = await beside(honest, liars, tmp_path, rounds)
            return honest, told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib

    with ExitStack() as stack:
        stack.enter_context(process(port, log))
        liars = {name: stack.enter_context(lying(Liar(good, lies))) for name, (good, lies, _) in FRAMES.items()}
        honest, told, grown_kib = asyncio.run(scenario(liars))
    assert told == dict.fromkeys(FRAMES, rounds)
    assert grown_kib < MOST_MEMORY_KIB
    assert honest.gaps == []
    numbers = [row[2] for row in honest.rows]
    assert numbers == [numbers[0] + at for at in range(len(numbers))], "the honest server was not read in full"
