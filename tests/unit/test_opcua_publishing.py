"""Is a message that is sent twice acknowledged only after it is stored?"""

import asyncio
from typing import Any

from connectors.opcua_publishing import PublishLoop


class _Session:
    async def publish_raw(self, acknowledgements: list[Any]) -> bytes:
        raise NotImplementedError


async def _acknowledged(stored: bool) -> list[int]:
    loop = PublishLoop(_Session(), 1, 1.0, asyncio.get_running_loop().create_future())
    loop.took(7)
    if stored:
        loop.committed(7)
        loop._acknowledgements.clear()
    loop.repeated(7)
    return loop._acknowledgements


def test_a_repeat_of_a_message_that_is_not_yet_stored_is_not_acknowledged() -> None:
    assert asyncio.run(_acknowledged(stored=False)) == []


def test_a_repeat_of_a_stored_message_is_acknowledged_again() -> None:
    assert asyncio.run(_acknowledged(stored=True)) == [7]
