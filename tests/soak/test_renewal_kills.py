"""Putting a damaged store aside and taking it over, killed before each of its renames, removals and commits."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from test_killed_renewals import renewals, require_one_end


def test_a_renewal_that_is_killed_at_any_step_comes_to_the_same_end(tmp_path: Path) -> None:
    require_one_end(renewals(tmp_path, every=1), kills=45)
