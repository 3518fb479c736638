"""How much goes into one call to an OPC UA server."""

import asyncio
from collections.abc import Sequence

import pytest
from asyncua.ua.uaerrors import BadRequestTooLarge, BadSessionIdInvalid, BadTooManyOperations

from connectors.opcua_call_size import CallSize
from connectors.opcua_product import Product, items_a_call


def asked(things: int, bears: int, most: int = 1000) -> tuple[list[int], list[int], CallSize]:
    """Results, sizes of the calls that were made, and what was learned, of a server that bears so many at once."""
    calls: list[int] = []
    size = CallSize(most)

    async def call(some: Sequence[int]) -> list[int]:
        calls.append(len(some))
        if len(some) > bears:
            raise BadTooManyOperations
        return list(some)

    return asyncio.run(size.in_parts(list(range(things)), call, lambda status: -1)), calls, size


def test_calls_have_at_most_as_many_as_the_server_says() -> None:
    results, calls, _ = asked(25, bears=10, most=10)
    assert (results, calls) == (list(range(25)), [10, 10, 5])


def test_a_refused_call_is_halved_until_it_is_taken_and_results_stay_in_order() -> None:
    results, calls, size = asked(100, bears=30)
    assert results == list(range(100))
    assert calls == [100, 50, 25, 25, 25, 25]
    assert size.most == 25, "the next calls begin with what was learned"


def test_one_that_is_too_much_alone_has_its_status_and_stops_no_other() -> None:
    async def call(some: Sequence[int]) -> list[int]:
        if 3 in some:
            raise BadRequestTooLarge
        return list(some)

    results = asyncio.run(CallSize().in_parts(list(range(6)), call, lambda status: status))
    assert results == [0, 1, 2, 0x80B80000, 4, 5]


def test_another_error_is_not_taken_for_one_of_size() -> None:
    async def call(some: Sequence[int]) -> list[int]:
        raise BadSessionIdInvalid

    with pytest.raises(BadSessionIdInvalid):
        asyncio.run(CallSize().in_parts([1, 2], call, lambda status: -1))


@pytest.mark.parametrize(
    ("product", "items"),
    [
        (Product("", "Siemens AG", "CPU 1214C DC/DC/DC S7-1200"), 100),
        (Product("https://www.siemens.com/s7-1500", "", ""), 500),
        (Product("urn:prosysopc.com:OPCUA:SimulationServer", "Prosys OPC Ltd", "SimulationServer"), 800),
        (Product("", "Another", "Model 1200"), None),
        (Product(), None),
    ],
)
def test_products_known_to_bear_less_get_less(product: Product, items: int | None) -> None:
    assert items_a_call(product) == items
