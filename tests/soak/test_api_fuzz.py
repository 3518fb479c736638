"""Does schemathesis find nothing either when it asks for long?"""

from pathlib import Path

import httpx
import pytest

from tests.page.api_fuzz import fuzzed
from tests.page.api_plant import ApiPlant
from tests.page.served import served


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 4))
def test_schemathesis_finds_nothing_for_long(tmp_path: Path, seed: int) -> None:
    plant = ApiPlant(tmp_path / "plant")
    with served(plant.site_file) as address, httpx.Client(base_url=f"{address}/api/v1", timeout=20) as api:
        fuzzed(api, tmp_path, examples=600, seed=seed)
