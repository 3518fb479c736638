import io
import unicodedata
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.fault import InputError
from config.table_file import Table, number, read_table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


MONDAY = datetime(2026, 11, 22)  # noqa: DTZ001 (as workbooks have it)


def _table(file: Path, content: bytes | str, **options: object) -> Table:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(file, **options)  # type: ignore[arg-type]


def _workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("encoding", "named"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp949", "CP949"), ("euc-kr", "CP949")]
)
def test_the_encoding_is_recognised_and_named(file: Path, encoding: str, named: str) -> None:
    table = _table(file, "time,비고\n1,프레스\n".encode(encoding))
    assert (table.encoding, table.headings, table.rows[0].text("비고")) == (named, ["time", "비고"], "프레스")


@pytest.mark.parametrize("content", ["a,b\n1,2\n".encode("utf-16"), b"a,b\n\xff\xff\n"])
def test_another_encoding_is_refused(file: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="must be UTF-8 or CP949 text"):
        _table(file, content)


def test_rows_keep_their_numbers_where_rows_are_empty_or_cells_have_line_ends(file: Path) -> None:
    table = _table(file, 'a,b\r\n1,2\r\n\r\n,\r\n  ,  \r\n"x\ny",4\r\n5,6')
    assert [(row.number, row.cells) for row in table.rows] == [
        (2, {"a": "1", "b": "2"}),
        (6, {"a": "x\ny", "b": "4"}),
        (8, {"a": "5", "b": "6"}),
    ]


def test_empty_rows_before_the_headings_are_skipped(file: Path) -> None:
    table = _table(file, "\n,,\na,b\n1,2\n")
    assert (table.headings, [row.number for row in table.rows]) == (["a", "b"], [4])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_is_taken(file: Path, ending: str) -> None:
    assert [row.text("b") for row in _table(file, ending.join(("a,b", "1,2", "3,4", ""))).rows] == ["2", "4"]


def test_cells_beyond_the_headings_are_a_fault_of_their_row_unless_empty(file: Path) -> None:
    table = _table(file, "a,b\n1,2,,\n1,2,3\n4,5\n")
    assert [str(fault).removeprefix(f"{file}:") for fault in table.faults] == [
        "3:3: has more cells than the 2 headings; a number with commas must be quoted"
    ]
    assert [row.surplus for row in table.rows] == [(), ("3",), ()]


def test_a_short_row_has_empty_cells(file: Path) -> None:
    assert _table(file, "a,b\n1\n").rows[0].text("b") == ""


def test_a_doubled_heading_and_every_missing_one_are_named_at_once(file: Path) -> None:
    with pytest.raises(InputError) as caught:
        _table(file, "a,b,a\n1,2,3\n", required=("b", "c", "d"))
    assert [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults] == [
        "1:3: a: column stands twice",
        "1: c: column is missing; there are a, b, a",
        "1: d: column is missing; there are a, b, a",
    ]


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_lacks_its_columns(file: Path, content: str) -> None:
    with pytest.raises(InputError, match="time: column is missing; the file is empty"):
        _table(file, content, required=("time",))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_than_a_comma_is_named(file: Path, separator: str) -> None:
    with pytest.raises(InputError, match=r"column is missing; cells must be separated by commas, unlike 'a.*b'"):
        _table(file, f"a{separator}b\n1{separator}2\n", required=("a",))


def test_what_to_do_about_a_missing_column_is_said(file: Path) -> None:
    with pytest.raises(InputError, match=r"Nr \(order_id\): column is missing; there are No, Qty; map it$"):
        _table(file, "No,,Qty\n", required=("order_id",), renamed={"Nr": "order_id"}, remedy="; map it")


def test_headings_are_ours_where_they_are_mapped(file: Path) -> None:
    table = _table(file, "PO,Promised,due_date\n7,x,y\n", renamed={"PO": "order_id", "Promised": "due_date"})
    assert table.rows[0].cells == {"order_id": "7", "due_date": "x"}


@pytest.mark.parametrize("written", ["Due Date", " Due  Date ", '"Due\nDate"', "Due\u00a0Date"])
def test_white_space_in_headings_is_one_space(file: Path, written: str) -> None:
    for theirs in ("Due Date", "Due\nDate"):
        assert _table(file, f"{written}\nx\n", renamed={theirs: "due_date"}).rows[0].cells == {"due_date": "x"}


def test_hangul_headings_are_the_same_composed_or_taken_apart(file: Path) -> None:
    apart = unicodedata.normalize("NFD", "납기")
    assert apart != "납기"
    assert _table(file, f"{apart}\nx\n", renamed={"납기": "due_date"}).headings == ["due_date"]
    assert _table(file, "납기\nx\n", renamed={apart: "due_date"}).headings == ["due_date"]


def test_a_fault_names_the_column_as_the_file_does(file: Path) -> None:
    table = _table(file, "PO,quantity\n7,x\n", renamed={"PO": "order_id"})
    faults = [table.fault(table.rows[0], heading, "wrong") for heading in ("order_id", "quantity", "value")]
    assert [str(fault).removeprefix(f"{file}:") for fault in faults] == [
        "2:1: PO (order_id): wrong",
        "2:2: quantity: wrong",
        "2: value: wrong",
    ]


def test_what_is_not_csv_is_named_by_its_row(file: Path) -> None:
    with pytest.raises(InputError, match=r"table\.csv:2: is not CSV: field larger"):
        _table(file, "a\n" + "x" * 200_000)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234", 1234), ("1,234,567.5", 1234567.5), ("-1,000", -1000), ("1e3", 1000), (" 5 ", 5), (".5", 0.5), ("+7", 7)],
)
def test_numbers_may_have_thousands_separators(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["1,23", "1,2345", "12,34,567", "1.234,5", "nan", "inf", "-Infinity", "1_000", "0x10", "", "1e999", "5 kg"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        number(text)


def test_a_workbook_is_read_like_its_text(tmp_path: Path) -> None:
    content = _workbook(
        [None, None, None],
        ["time", "n", "t", "d", "b"],
        [1.0, 0.1, "1,234", MONDAY.date(), True],
        [None] * 5,
        ["x"],
    )
    table = _table(tmp_path / "table.xlsx", content)
    assert (table.encoding, table.headings) == ("XLSX", ["time", "n", "t", "d", "b"])
    assert [(row.number, row.cells) for row in table.rows] == [
        (3, {"time": "1", "n": "0.1", "t": "1,234", "d": MONDAY, "b": "True"}),
        (5, {"time": "x", "n": "", "t": "", "d": "", "b": ""} if len(table.rows[1].cells) == 5 else {"time": "x"}),
    ]


def test_a_workbook_that_lies_about_its_size_is_read_at_once(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook(["a"], ["1"]))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b'<dimension ref="A1:A2"', b'<dimension ref="A1:XFD1048576"'))
    table = _table(tmp_path / "table.xlsx", out.getvalue())
    assert (table.headings, [row.text("a") for row in table.rows]) == (["a"], ["1"])


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="is not an XLSX workbook"):
        _table(tmp_path / "table.xlsx", content)


WORKBOOK = _workbook(["time", "tag", "value"], ["2026-11-22T00:00:00Z", "x", 1.5])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WORKBOOK) - 1), st.binary(min_size=1, max_size=4), st.booleans())
def test_a_damaged_workbook_is_read_or_refused(file: Path, at: int, change: bytes, cut: bool) -> None:
    content = WORKBOOK[:at] + change + (b"" if cut else WORKBOOK[at + len(change) :])
    _taken_or_refused(file.with_suffix(".xlsx"), content)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([name for name in zipfile.ZipFile(io.BytesIO(WORKBOOK)).namelist()]), st.data())
def test_a_workbook_with_a_damaged_part_is_read_or_refused(file: Path, part: str, data: st.DataObject) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                at = data.draw(st.integers(0, len(content)))
                content = content[:at] + data.draw(st.binary(max_size=6)) + content[at + data.draw(st.integers(0, 6)) :]
            new.writestr(name, content)
    _taken_or_refused(file.with_suffix(".xlsx"), out.getvalue())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.text(alphabet='ab,";\r\n\t 1é', max_size=80).map(str.encode)))
def test_any_bytes_are_read_or_refused(file: Path, content: bytes) -> None:
    _taken_or_refused(file, content)


def _taken_or_refused(file: Path, content: bytes) -> None:
    faults = ["none"]
    try:
        _table(file, content)
    except InputError as error:
        faults = [str(fault) for fault in error.faults]
    assert all(fault and len(fault.splitlines()) == 1 for fault in faults)
