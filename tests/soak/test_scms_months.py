"""Was each of ten years' due months as expected by what was known on its last day?"""

from pathlib import Path
from typing import Any

from tests.real.test_scms_delivery import expected, folder, months_as_they_stood

__all__ = ["expected", "folder"]


def test_every_due_month_as_it_stood_on_its_last_day_is_exact(folder: Path, expected: dict[str, Any]) -> None:
    assert months_as_they_stood(folder, expected, 1) == 115
