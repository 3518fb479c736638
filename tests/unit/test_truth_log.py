"""Does a truth log hold whole lines, one a value, whatever happened before?"""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from simulators.clock import PlantClock
from simulators.truth import TruthLog

SEOUL = ZoneInfo("Asia/Seoul")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_value_is_a_line_and_there_at_once(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    with TruthLog(path, SEOUL) as log:
        log.write([(1_500_000, "press1.good", 12.0), (1_500_000, "press1.product", "나사")])
        assert lines(path) == [
            {"time": "1970-01-01T09:00:01.500000+09:00", "tag": "press1.good", "value": 12},
            {"time": "1970-01-01T09:00:01.500000+09:00", "tag": "press1.product", "value": "나사"},
        ]
        log.write([(2_000_000, "temperature", 0.1 + 0.2)])
        assert lines(path)[-1]["value"] == 0.1 + 0.2


@pytest.mark.parametrize(("left", "kept"), [("", 0), ('{"a":1}\n', 1), ('{"a":1}\n{"b"', 1), ('{"b"', 0)])
def test_a_torn_line_is_cut_off(tmp_path: Path, left: str, kept: int) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(left, encoding="utf-8")
    with TruthLog(path, SEOUL) as log:
        log.write([(0, "t", 1.0)])
    assert len(lines(path)) == kept + 1


def test_a_frozen_clock_stands_still() -> None:
    times = iter([5, 7, 9])
    clock = PlantClock(lambda: next(times))
    assert clock.now_us() == 5
    assert clock.freeze() == 7
    assert (clock.now_us(), clock.freeze(), clock.now_us()) == (7, 7, 7)
