"""Figures that several visitors ask for at the same time."""

import asyncio

from collector.page.figures import Figures
from collector.page.source import Source
from tests.page.api_plant import ApiPlant


def test_who_waits_for_the_same_figure_gets_the_same(api_plant: ApiPlant) -> None:
    worked: list[int] = []

    async def ask() -> list[object]:
        figures = Figures(Source(api_plant.site_file))
        asked = [figures.of("one", lambda _: worked.append(1) or len(worked), patience_s=20) for _ in range(5)]
        return [found.value if found else None for found in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [1] * 5
    assert worked == [1]
