from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config import table_file, table_parts
from config.fault import InputError
from config.table_file import read_table
from config.table_parts import opened_table

Rows = list[tuple[int, dict[str, object], tuple[object, ...]]]


def _in_parts(path: Path) -> tuple[str, list[str], Rows]:
    rows = []
    with opened_table(path, required=()) as (table, parts):
        for part in parts:
            cells = list(part.others)
            cells += [(int(at), [column[row] for column in part.columns]) for row, at in enumerate(part.numbers)]
            rows += [table.row(at, of_row) for at, of_row in sorted(cells, key=lambda one: one[0])]
    return table.encoding, table.headings, [(row.number, row.cells, row.surplus) for row in rows if row is not None]


def _at_once(path: Path) -> tuple[str, list[str], Rows]:
    table = read_table(path)
    return table.encoding, table.headings, [(row.number, row.cells, row.surplus) for row in table.rows]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='ab,";\r\n\t 1é작', max_size=80), st.sampled_from(["utf-8", "utf-8-sig", "cp949"]))
@example('a,b\n1,2\n\n3\n4,5,6\n"7\n8",9\r\n10,11', "utf-8")
def test_a_file_has_the_same_rows_in_parts_and_at_once(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(text.encode(encoding, "replace"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(table_parts, "_SIGNS_AT_ONCE", 7)
        try:
            expected = _at_once(path)
        except InputError:
            with pytest.raises(InputError):
                _in_parts(path)
        else:
            assert _in_parts(path) == expected


def test_a_workbook_is_read_some_rows_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = openpyxl.Workbook()
    for at in range(5000):
        book.active.append([at])
    book.save(tmp_path / "in.xlsx")
    read: list[object] = []
    cell = table_file._cell
    monkeypatch.setattr(table_file, "_cell", lambda value: (read.append(value), cell(value))[1])
    _, grid = table_file.grid_of(tmp_path / "in.xlsx", (tmp_path / "in.xlsx").read_bytes())
    assert next(grid) == (1, ["0"])
    assert len(read) == 1000
    assert [at for at, _ in grid] == list(range(2, 5001))
