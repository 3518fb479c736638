from pathlib import Path

from killed_plant import MOMENTS, kills


def test_kill_9_at_each_moment_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    met = kills(tmp_path / "store", 20, 1)
    assert {moment for moment, count in met.items() if count} >= set(MOMENTS) - {"checkpoint"}
