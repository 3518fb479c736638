"""How much may be asked of an OPC UA server in one call? What it says, and less when it finds that too much."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from asyncua.ua.uaerrors import UaStatusCodeError

from plant.status_code import parse_status

MOST_A_CALL = 1000

T = TypeVar("T")
R = TypeVar("R")

# OPC 10000-4 7.39: what a server answers, instead of results, to a request that it finds too large
_TOO_MUCH = (
    "BadTooManyOperations",
    "BadEncodingLimitsExceeded",
    "BadRequestTooLarge",
    "BadResponseTooLarge",
    "BadTcpMessageTooLarge",
    "BadOutOfMemory",
)
TOO_MUCH = frozenset(parse_status(name) for name in _TOO_MUCH)


class CallSize:
    """Operations of one call: at most `most`, halved each time the server refuses a call for its size."""

    def __init__(self, most: int = MOST_A_CALL) -> None:
        self.most = most

    async def in_parts(
        self, things: Sequence[T], call: Callable[[Sequence[T]], Awaitable[Sequence[R]]], refused: Callable[[int], R]
    ) -> list[R]:
        """Results of the calls for all things, in their order.

        refused: the result of a thing that is too much even alone, by StatusCode. Raises what `call` raises but for
        refusals because of size.
        """
        results: list[R] = []
        while len(results) < len(things):
            some = things[len(results) : len(results) + self.most]
            try:
                results += await call(some)
            except UaStatusCodeError as error:
                if int(error.code) not in TOO_MUCH:
                    raise
                if len(some) == 1:
                    results.append(refused(int(error.code)))
                self.most = max(1, len(some) // 2)
        return results
