import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CHILD = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bench_import import measured
print(json.dumps(measured(Path(sys.argv[2]), int(sys.argv[3]))))
"""


def _most_mib(folder: Path, rows: int) -> float:
    arguments = [sys.executable, "-c", CHILD, str(BENCHMARKS), str(folder), str(rows)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["rows"] > rows - 3
    with (folder / "out.csv").open(encoding="utf-8") as out:
        assert sum(1 for _ in out) == found["rows"] + 1
    return float(found["most_mib"])


def test_ten_million_rows_take_no_more_memory_in_and_out_than_one_million(tmp_path: Path) -> None:
    one, ten = (_most_mib(tmp_path / str(rows), rows) for rows in (1_000_000, 10_000_000))
    assert ten < one + 30
    assert ten < 200
