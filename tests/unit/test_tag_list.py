from pathlib import Path

import openpyxl
import pytest
from site_files import PLANT, faults, loaded

SITE = PLANT + "devices:\n  - {id: a, protocol: modbus, host: h,\n     tags: tags.csv}\n"
HEAD = "name,work_unit,role,unit,table,address,type,states\n"


def _list(folder: Path, text: str, encoding: str = "utf-8") -> None:
    (folder / "tags.csv").write_bytes(text.encode(encoding))


def test_a_tag_list_stands_for_tags_written_in_the_site_file(tmp_path: Path) -> None:
    _list(
        tmp_path,
        HEAD
        + "0421,u,good_count,,holding,0,uint32,\n\n,,,,,,,\ns,u,state,,holding,4,uint16,0=NotExecuting;7=Executing\n",
    )
    first, second = loaded(tmp_path, SITE).tags()
    assert (first.name, first.unit) == ("0421", "1")
    assert dict(second.states) == {0: "NotExecuting", 7: "Executing"}


def test_faults_of_a_tag_list_are_at_its_row_and_column_all_at_once(tmp_path: Path) -> None:
    rows = "x,u,good_count,kg,holding,70000,uint32,\n\nx y,u,beauty,,holding,0,uint32,\n"
    _list(tmp_path, HEAD + rows)
    assert [fault.split(", ")[0] for fault in faults(tmp_path, SITE)] == [
        "tags.csv:2:6: address: must be at most 65535",
        "tags.csv:4:1: name: must start with a letter or digit and have at most 80 letters",
        "tags.csv:4:3: role: must be produced_count",
    ]


def test_a_fault_of_the_whole_row_is_at_the_key_to_change(tmp_path: Path) -> None:
    _list(tmp_path, HEAD + "x,u,good_count,kg,holding,7,uint32,\ny,u,good_count,,coil,7,uint32,\n")
    assert faults(tmp_path, SITE) == [
        "tags.csv:2:4: unit: must be one of 1, pcs, ea",
        "tags.csv:3:7: type: must be bool for a coil",
    ]


def test_a_name_that_stands_twice_is_at_its_second_row(tmp_path: Path) -> None:
    _list(tmp_path, HEAD + "x,u,good_count,,holding,7,uint32,\nx,u,scrap_count,,holding,9,uint32,\n")
    assert faults(tmp_path, SITE) == ["tags.csv:3:1: name: x stands twice"]


def test_an_unknown_heading_is_a_fault_and_the_rest_is_checked_too(tmp_path: Path) -> None:
    _list(tmp_path, "name,work_unit,roll,table,address,type\nx,u,power,holding,-1,uint16\n")
    found = faults(tmp_path, SITE)
    assert found[0].startswith("tags.csv:1:3: roll: unknown heading; must be one of name, work_unit, role")
    assert found[1:] == ["tags.csv:2:1: role: is required", "tags.csv:2:5: address: must be at least 0"]


def test_a_row_with_more_cells_than_headings_is_a_fault_of_that_row(tmp_path: Path) -> None:
    _list(
        tmp_path, "name,work_unit,role,table,type,address\nx,u,power,holding,int16,1,234\ny,u,power,holding,int16,-2\n"
    )
    assert faults(tmp_path, SITE) == [
        "tags.csv:2:7: has more cells than the 6 headings; a number with commas must be quoted",
        "tags.csv:3:6: address: must be at least 0",
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.csv", "cannot be read: No such file"),
        (".", "cannot be read: Is a directory"),
        ('"a\\0b"', "cannot be"),
    ],
)
def test_a_tag_list_that_cannot_be_read_is_named_where_the_site_file_names_it(
    tmp_path: Path, name: str, reason: str
) -> None:
    found = faults(tmp_path, SITE.replace("tags.csv", name) + "x: 1\n")
    assert found[0].startswith("site.yaml:4:6: devices[0].tags: ")
    assert reason in found[0]
    assert found[1] == "site.yaml:5:1: x: unknown key"


def test_a_tag_list_may_be_cp949_and_its_place_is_relative_to_the_site_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    _list(tmp_path, HEAD + "x,u,state,,holding,0,uint16,0=정지;1=Executing\n", "cp949")
    assert dict(loaded(tmp_path, SITE).tags()[0].states) == {0: "정지", 1: "Executing"}


def test_a_tag_list_may_be_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["name", "work_unit", "role", "table", "address", "type", "use_uncertain", "scale"],
        [421, "u", "power", "input", 12, "int16", True, 0.5],
    ):
        book.active.append(row)
    book.save(tmp_path / "tags.xlsx")
    (tag,) = loaded(tmp_path, SITE.replace("tags.csv", "tags.xlsx")).tags()
    assert (tag.name, tag.use_uncertain) == ("421", True)


def test_a_faulty_workbook_is_named_by_row_and_column(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["name", "work_unit", "role", "table", "address", "type"], ["x", "u", "power", "input", 1.5, "int16"]):
        book.active.append(row)
    book.save(tmp_path / "tags.xlsx")
    assert faults(tmp_path, SITE.replace("tags.csv", "tags.xlsx")) == ["tags.xlsx:2:5: address: must be a whole number"]
