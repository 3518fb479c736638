import csv
import io
import os
import threading
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from collector.store import orders
from collector.store.store import reading
from plant.order import Delivery, OrderLine
from plant.quantity import Quantity
from tests.acceptance.plant_files import SITE, Plant, at, run, table

HEAD = "time,tag,value\n"


def _lines(plant: Plant) -> list[list[OrderLine]]:
    with reading(plant.folder / "plant.db") as connection:
        return orders.order_lines(connection)


def _deliveries(plant: Plant) -> list[Delivery]:
    with reading(plant.folder / "plant.db") as connection:
        return orders.all_deliveries(connection)


def _quantities(plant: Plant) -> list[Quantity]:
    with reading(plant.folder / "plant.db") as connection:
        return orders.all_quantities(connection)


def _faults(text: str) -> list[str]:
    return [line.split(".csv:", 1)[1] for line in text.splitlines()]


# readings


def test_importing_a_file_twice_changes_nothing(plant: Plant) -> None:
    file = plant.file(
        HEAD + table([at(0), "good", 1], [at(1), "level", "-0.0"], [at(2), "good", ""], [at(2), "job", "A"])
    )
    assert plant.imports("readings", file, "--json").json["files"][0] == {
        "file": file,
        "encoding": "UTF-8",
        "rows": 4,
        "new": 4,
        "unchanged": 0,
        "rejected": 0,
    }
    before = plant.history("good", "job")
    again = plant.imports("readings", file)
    assert (again.code, again.out) == (0, f"{file}: UTF-8, 4 rows: 0 new, 4 unchanged\n")
    assert plant.history("good", "job") == before


def test_the_encoding_is_named_in_the_output(plant: Plant) -> None:
    assert "CP949, 1 row" in plant.imports("readings", plant.file((HEAD + f"{at(0)},job,작업\n").encode("cp949"))).out
    assert plant.values("job") == ["작업"]


def test_a_bad_row_means_that_nothing_is_imported_and_every_fault_is_named(plant: Plant) -> None:
    rows = [
        [at(0), "good", 1],
        [at(1), "goood", 1],
        ["2026-11-20T09:00:00", "good", 1],
        ["20.11.2026 09:00", "good", 1],
        ["", "good", 1],
        [at(2), "good", "many"],
        [at(3), "good", 1, "Goood"],
        [at(4), "good", 1, "Good", "kg"],
        [at(5), "state", "Running"],
        [at(6), "good", 1, "Good", "1", "more"],
        ["1969-12-31T23:59:59Z", "good", 1],
        [at(7), "good", 2**53 + 2],
        [at(8), "", "x", "0x1FFFFFFFF"],
    ]
    done = plant.imports("readings", plant.file("time,tag,value,status,unit\n" + table(*rows)))
    assert (done.code, done.out) == (2, "")
    assert sorted({":".join(fault.split(": ")[0].split(":")[:2]) for fault in _faults(done.err)}, key=_place) == [
        "3:2", "4:1", "5:1", "6:1", "7:3", "8:4", "9:5", "10:3", "11:6", "12:1", "13:3", "14:2", "14:4",
    ]  # fmt: skip
    assert plant.history("good") == []


def _place(place: str) -> tuple[int, ...]:
    return tuple(map(int, place.split(":")))


def test_skip_bad_imports_the_rest_and_writes_the_bad_rows_with_their_reasons(plant: Plant) -> None:
    file = plant.file(HEAD + f"{at(0)},good,1\n{at(1)},nowhere,2\n\nx,good,z\n{at(2)},good,1,234\n{at(3)},good,4\n")
    done = plant.imports("readings", file, "--skip-bad")
    assert done.code == 0
    assert done.out == f"{file}: UTF-8, 5 rows: 2 new, 0 unchanged, 3 rejected (see {file}.rejected.csv)\n"
    assert plant.values("good") == ["1", "4"]
    rejected = list(csv.reader(io.StringIO(Path(f"{file}.rejected.csv").read_text(encoding="utf-8-sig"))))
    assert rejected[0] == ["time", "tag", "value", "reason"]
    assert [row[:3] for row in rejected[1:]] == [[at(1), "nowhere", "2"], ["x", "good", "z"], [at(2), "good", "1"]]
    assert "tag: must be a tag of the site file" in rejected[1][3]
    assert "time: must be" in rejected[2][3]
    assert "value: must be a number" in rejected[2][3]
    assert rejected[3][4] == "234"


def test_rejected_rows_of_what_can_be_read_but_once_end_the_import(plant: Plant) -> None:
    pipe = plant.folder / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(HEAD + f"{at(0)},good,1\n{at(1)},nowhere,2\n",))
    again = threading.Thread(target=pipe.write_text, args=(HEAD,))
    for thread in (writer, again):
        thread.daemon = True
    writer.start()
    threading.Timer(1, again.start).start()
    done = plant.imports("readings", str(pipe), "--skip-bad")
    assert done.code == 2
    assert done.err == f"{pipe}: was changed while it was imported, or is a pipe; import a file once more\n"
    assert plant.history("good") == []


def test_rejected_rows_stay_bad_until_someone_mends_them(plant: Plant) -> None:
    file = plant.file(HEAD + f"{at(1)},nowhere,2\n{at(2)},good,1,234\n")
    assert plant.imports("readings", file, "--skip-bad").code == 0
    assert plant.imports("readings", f"{file}.rejected.csv").code == 2
    assert plant.history("good") == []


def test_skip_bad_without_bad_rows_writes_no_file(plant: Plant) -> None:
    file = plant.file(HEAD + f"{at(0)},good,1\n")
    assert plant.imports("readings", file, "--skip-bad").code == 0
    assert not Path(f"{file}.rejected.csv").exists()


def test_skip_bad_writes_nothing_when_nothing_is_imported(plant: Plant) -> None:
    file = plant.file(HEAD + f"{at(0)},good,1\n{at(1)},nowhere,2\n")
    assert plant.imports("readings", file, str(plant.folder / "missing.csv"), "--skip-bad").code == 2
    assert plant.history("good") == []
    assert not Path(f"{file}.rejected.csv").exists()


def test_rejected_rows_that_cannot_be_written_end_the_import(plant: Plant) -> None:
    file = plant.file(HEAD + f"{at(0)},good,1\n{at(1)},nowhere,2\n")
    Path(f"{file}.rejected.csv").mkdir()
    done = plant.imports("readings", file, "--skip-bad")
    assert done.code == 2
    assert done.err == f"{file}.rejected.csv: cannot be written: Is a directory\n"
    assert plant.history("good") == []


def test_another_value_at_the_same_time_is_a_bad_row_unless_it_is_to_replace(plant: Plant) -> None:
    assert plant.imports("readings", plant.file(HEAD + f"{at(0)},good,1\n{at(1)},good,2\n")).code == 0
    other = plant.file(HEAD + f"{at(0)},good,1\n{at(1)},good,3\n{at(2)},good,4\n", "other.csv")
    refused = plant.imports("readings", other)
    assert refused.code == 2
    assert _faults(refused.err)[0].startswith("3:3: value: the store has another value at this time")
    assert plant.values("good") == ["1", "2"]
    assert plant.imports("readings", other, "--replace").code == 0
    assert plant.values("good") == ["1", "3", "4"]
    assert "0 new, 3 unchanged" in plant.imports("readings", other, "--replace").out


def test_another_status_at_the_same_time_is_a_bad_row_too(plant: Plant) -> None:
    assert plant.imports("readings", plant.file(HEAD + f"{at(0)},good,1\n")).code == 0
    assert plant.imports("readings", plant.file(f"time,tag,value,status\n{at(0)},good,1,Uncertain\n")).code == 2


def test_contradicting_rows_may_be_skipped(plant: Plant) -> None:
    assert plant.imports("readings", plant.file(HEAD + f"{at(0)},good,1\n")).code == 0
    file = plant.file(HEAD + f"{at(0)},good,9\n{at(1)},good,2\n")
    assert "1 new, 0 unchanged, 1 rejected" in plant.imports("readings", file, "--skip-bad").out
    assert plant.values("good") == ["1", "2"]


def test_two_values_at_one_time_in_a_file_are_both_kept_in_order_and_twice_is_once(plant: Plant) -> None:
    file = plant.file(HEAD + f"{at(1)},good,5\n{at(0)},good,3\n{at(1)},good,4\n{at(1)},good,5\n")
    assert "3 new, 1 unchanged" in plant.imports("readings", file).out
    assert "0 new, 4 unchanged" in plant.imports("readings", file).out
    assert plant.values("good") == ["3", "5", "4"]


@pytest.mark.parametrize(
    ("value", "status", "shown"),
    [
        ("5", "Good", ["5", "Good"]),
        ("5", "0", ["5", "Good"]),
        ("5", "Uncertain", ["5", "Uncertain"]),
        ("5", "0x40000000", ["5", "Uncertain"]),
        ("5", "1083179008", ["5", "UncertainLastUsableValue"]),
        ("5", "BadDeviceFailure", ["", "BadDeviceFailure"]),
        ("", "0x808B0000", ["", "BadDeviceFailure"]),
        ("", "BadNoCommunication", ["", "BadNoCommunication"]),
        ("nothing", "Bad", ["", "Bad"]),
        ("", "", ["", "Bad"]),
        ("", "Good", ["", "Bad"]),
        ("", "Uncertain", ["", "Bad"]),
    ],
)
def test_a_status_is_a_name_or_a_number_and_a_bad_one_has_no_value(
    plant: Plant, value: str, status: str, shown: list[str]
) -> None:
    done = plant.imports("readings", plant.file(f"time,tag,value,status\n{at(0)},good,{value},{status}\n"))
    assert done.code == 0, done.err
    assert [row[2:4] for row in plant.history("good")] == [shown]


def test_values_are_converted_from_the_tags_unit_or_the_rows(plant: Plant) -> None:
    rows = [[at(0), "energy", 1500], [at(1), "energy", 2.5, "kWh"], [at(2), "energy", 1, "MWh"], [at(3), "oil", 212]]
    rows += [[at(4), "oil", 20, "Cel"], [at(5), "level", 7], [at(6), "level", 8, "mm"], [at(7), "good", 9, "pcs"]]
    done = plant.imports("readings", plant.file("time,tag,value,unit\n" + table(*rows)))
    assert done.code == 0, done.err
    assert [row[2::2] for row in plant.history("energy")] == [["1.5", "kWh"], ["2.5", "kWh"], ["1000", "kWh"]]
    oil = plant.history("oil")
    assert [float(row[2]) for row in oil] == pytest.approx([100, 20])
    assert {row[4] for row in oil} == {"Cel"}
    assert plant.values("level") == ["7", "8"]
    assert plant.imports("readings", plant.file(f"time,tag,value,unit\n{at(9)},level,7,cm\n")).code == 2


def test_a_value_that_its_unit_makes_too_large_is_a_bad_row(plant: Plant) -> None:
    done = plant.imports(
        "readings", plant.file(f"time,tag,value,unit\n{at(0)},oil,1e308,Cel\n{at(1)},oil,-1.7e308,degF\n")
    )
    assert done.code == 0, done.err
    done = plant.imports("readings", plant.file(f"time,tag,value,unit\n{at(2)},energy,1e14,GWh\n"))
    assert done.code == 2
    assert "2:3: value: " in done.err


def test_states_come_by_name_or_number(plant: Plant) -> None:
    rows = [
        [at(0), "state", "Executing"],
        [at(1), "state", 3],
        [at(2), "state", "NotExecuting"],
        [at(3), "state", "true"],
    ]
    assert plant.imports("readings", plant.file(HEAD + table(*rows))).code == 0
    assert plant.values("state") == ["1", "3", "0", "1"]


def test_text_tags_keep_their_text(plant: Plant) -> None:
    rows = [[at(0), "job", "4711"], [at(1), "job", '"1,234"'], [at(2), "job", '"a ""b"""'], [at(3), "job", "작업 7"]]
    assert plant.imports("readings", plant.file(HEAD + table(*rows))).code == 0
    assert plant.values("job") == ["4711", "1,234", 'a "b"', "작업 7"]


def test_numbers_may_be_quoted_with_thousands_separators(plant: Plant) -> None:
    assert plant.imports("readings", plant.file(HEAD + f'{at(0)},good,"1,234"\n')).code == 0
    assert plant.values("good") == ["1234"]


def test_a_workbook_is_imported_like_its_text(plant: Plant) -> None:
    book = openpyxl.Workbook()
    rows = (["time", "tag", "value", "status"], [at(0), "good", 5, None], [], [at(1), "good", "1,234", "Uncertain"])
    for row in rows:
        book.active.append(row)
    book.create_sheet("other").append(["nothing"])
    book.save(plant.folder / "in.xlsx")
    assert "XLSX, 2 rows: 2 new" in plant.imports("readings", str(plant.folder / "in.xlsx")).out
    assert [row[2:4] for row in plant.history("good")] == [["5", "Good"], ["1234", "Uncertain"]]


def test_a_time_of_a_workbook_without_offset_is_a_bad_row(plant: Plant) -> None:
    book = openpyxl.Workbook()
    book.active.append(["time", "tag", "value"])
    book.active.append([datetime(2026, 11, 20, 9), "good", 5])  # noqa: DTZ001 (as workbooks have it)
    book.save(plant.folder / "in.xlsx")
    done = plant.imports("readings", str(plant.folder / "in.xlsx"))
    assert done.code == 2
    assert ".xlsx:2:1: time: needs an offset or Z" in done.err


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("9007199254740991", ["9007199254740991"]),
        ("9007199254740992", ["9007199254740992"]),
        ("9007199254740992.0", ["9007199254740992"]),
        ("-9007199254740992", ["-9007199254740992"]),
        ("9007199254740993", []),
        ('"9,007,199,254,740,993"', []),
        ("-9007199254740993", []),
    ],
)
def test_a_count_is_kept_exactly_or_refused(plant: Plant, value: str, kept: list[str]) -> None:
    done = plant.imports("readings", plant.file(HEAD + f"{at(0)},good,{value}\n"))
    assert plant.values("good") == kept
    assert kept or "2:3: value: must not be above 2^53: it could not be kept exactly" in done.err


def test_several_files_are_imported_all_or_none_and_all_their_faults_named(plant: Plant) -> None:
    good = plant.file(HEAD + f"{at(0)},good,1\n", "good.csv")
    bad = plant.file(HEAD + f"{at(1)},good,x\n", "bad.csv")
    done = plant.imports("readings", good, bad, str(plant.folder / "missing.csv"), plant.file("a,b\n", "other.csv"))
    assert done.code == 2
    assert "bad.csv:2:3: value: must be a number" in done.err
    assert "missing.csv: cannot be read: No such file" in done.err
    assert "other.csv:1: tag: column is missing" in done.err
    assert plant.history("good") == []
    assert plant.imports("readings", good, plant.file(HEAD + f"{at(1)},good,2\n", "second.csv")).code == 0
    assert plant.values("good") == ["1", "2"]


def test_a_file_may_contradict_none_of_those_before_it(plant: Plant) -> None:
    one, two = (plant.file(HEAD + f"{at(0)},good,{value}\n", f"{value}.csv") for value in (1, 2))
    assert plant.imports("readings", one, two).code == 2
    assert plant.history("good") == []


def test_what_is_imported_is_this_owners_alone(plant: Plant) -> None:
    old = os.umask(0)
    try:
        plant.imports("readings", plant.file(HEAD + f"{at(0)},good,1\n"))
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in plant.folder.glob("plant.db*")} == {0o600}


# orders and deliveries

ORDERS = "order_id,line_id,product,quantity,due_date"


def test_order_lines_are_kept_and_twice_is_once(plant: Plant) -> None:
    file = plant.file(
        f'{ORDERS},status,value\nA,,P-1,"1,000",2026-11-20,,\nA,2,P-1,5,2026-11-21 17:00,cancelled_by_us,3\n'
    )
    assert "2 new, 0 unchanged" in plant.imports("orders", file).out
    before = _lines(plant)
    assert [(line.line_id, line.quantity, str(line.due_date), line.status) for (line,) in before] == [
        ("1", 1000.0, "2026-11-20", "open"),
        ("2", 5.0, "2026-11-21", "cancelled_by_us"),
    ]
    assert "0 new, 2 unchanged" in plant.imports("orders", file).out
    assert _lines(plant) == before


def test_versions_of_a_line_are_kept_by_recorded_date(plant: Plant) -> None:
    head = f"{ORDERS},recorded_date\n"
    file = plant.file(head + "A,1,P,10,2026-11-20,2026-11-01\nA,1,P,12,2026-11-25,2026-11-10\n", "first.csv")
    assert "2 new" in plant.imports("orders", file).out
    assert "1 new" in plant.imports("orders", plant.file(head + "A,1,P,11,2026-11-22,2026-11-05\n")).out
    (versions,) = _lines(plant)
    assert [(line.quantity, str(line.due_date)) for line in versions] == [
        (10.0, "2026-11-20"),
        (11.0, "2026-11-22"),
        (12.0, "2026-11-25"),
    ]
    assert "0 new, 2 unchanged" in plant.imports("orders", file).out
    assert _lines(plant) == [versions]


def test_without_recorded_date_a_changed_line_is_a_new_version_and_an_unchanged_one_is_nothing(plant: Plant) -> None:
    plant.imports("orders", plant.file(f"{ORDERS}\nA,1,P,10,2026-11-20\n"))
    plant.imports("orders", plant.file(f"{ORDERS}\nA,1,P,10,2026-11-20\n"))
    plant.imports("orders", plant.file(f"{ORDERS}\nA,1,P,10,2026-11-27\n"))
    assert [[str(line.due_date) for line in versions] for versions in _lines(plant)] == [["2026-11-20", "2026-11-27"]]


def test_headings_and_dates_are_as_the_site_file_says(tmp_path: Path) -> None:
    orders_settings = (
        "orders: {date_format: '%d/%m/%Y', columns: {order_id: 수주번호, due_date: Promised, quantity: Qty}}"
    )
    plant = Plant.made(tmp_path / "plant", SITE.replace("orders: {date_format: iso}", orders_settings))
    file = plant.file("수주번호,Qty,Promised,due_date\nA,5,03/11/2026,never\nB,6,,\n".encode("cp949"))
    assert "CP949, 2 rows: 2 new" in plant.imports("orders", file).out
    assert [(line.order_id, str(line.due_date)) for (line,) in _lines(plant)] == [("A", "2026-11-03"), ("B", "None")]
    wrong = plant.imports(
        "orders", plant.file("수주번호,Qty,Promised\nC,5,2026-11-03\nD,5,31/02/2026\nE,5,11/13/2026\n")
    )
    assert wrong.code == 2
    assert [fault[:2] for fault in _faults(wrong.err)] == ["2:", "3:", "4:"]
    missing = plant.imports("orders", plant.file("order_no,Qty,Promised\nC,5,03/11/2026\n"))
    assert "수주번호 (order_id): column is missing" in missing.err


def test_bad_order_rows_are_all_named(plant: Plant) -> None:
    rows = [
        ["", 1, 5, "2026-11-20"],
        ["A", 1, 0, "2026-11-20"],
        ["B", 1, "x", "20.11.2026"],
        ["C", 1, "", "2026-11-20"],
    ]
    rows += [["D", 1, 5, "2026-11-20"], ["D", 1, 6, "2026-11-20"], ["E", 1, 5, "2026-11-20", "gone"]]
    done = plant.imports("orders", plant.file("order_id,line_id,quantity,due_date,status\n" + table(*rows)))
    assert done.code == 2
    places = sorted({":".join(fault.split(": ")[0].split(":")[:2]) for fault in _faults(done.err)})
    assert places == ["2:1", "3:3", "4:3", "4:4", "5:3", "7:2", "8:5"]
    assert _lines(plant) == []


def test_deliveries_are_summed_within_a_file_and_replaced_by_a_later_one(plant: Plant) -> None:
    head = "order_id,line_id,quantity,delivered_date\n"
    file = plant.file(head + "A,,3,2026-11-20\nA,1,4,2026-11-20\nA,1,5,2026-11-21\n")
    assert "2 new, 0 unchanged" in plant.imports("deliveries", file).out
    assert [item.quantity for item in _deliveries(plant)] == [7.0, 5.0]
    assert "0 new, 2 unchanged" in plant.imports("deliveries", file).out
    assert "1 new" in plant.imports("deliveries", plant.file(head + "A,1,6,2026-11-20\n")).out
    assert [item.quantity for item in _deliveries(plant)] == [6.0, 5.0]


def test_deliveries_with_an_id_are_kept_by_it(plant: Plant) -> None:
    head = "order_id,line_id,quantity,delivered_date,delivery_id\n"
    assert "2 new" in plant.imports("deliveries", plant.file(head + "A,1,3,2026-11-20,d1\nA,1,4,2026-11-20,d2\n")).out
    assert "1 new" in plant.imports("deliveries", plant.file(head + "A,1,9,2026-11-22,d1\n")).out
    assert sorted((item.delivery_id, item.quantity) for item in _deliveries(plant)) == [("d1", 9.0), ("d2", 4.0)]
    twice = plant.imports("deliveries", plant.file(head + "A,1,3,2026-11-20,d3\nA,1,4,2026-11-20,d3\n"))
    assert twice.code == 2
    assert "3:5: delivery_id: stands twice with other content" in twice.err


def test_a_delivery_that_contradicts_another_is_skipped_alone(plant: Plant) -> None:
    file = plant.file("order_id,quantity,delivered_date\nA,3,2026-11-20\nA,x,2026-11-20\nB,1,\n")
    assert "1 new, 0 unchanged, 2 rejected" in plant.imports("deliveries", file, "--skip-bad").out
    assert [item.quantity for item in _deliveries(plant)] == [3.0]


# quantities


def test_quantities_are_kept_by_key_and_an_empty_cell_says_nothing(plant: Plant) -> None:
    head = "time,work_unit,produced,good,scrap,rework,id\n"
    file = plant.file(head + f"{at(0)},press1,,,3,,\n{at(0)},press1,10,,-1,0,n1\n{at(0)},plant,1,1,1,1,\n")
    assert "3 new" in plant.imports("quantities", file).out
    assert "0 new, 3 unchanged" in plant.imports("quantities", file).out
    assert [(item.produced, item.good, item.scrap, item.rework) for item in _quantities(plant)] == [
        (1.0, 1.0, 1.0, 1.0),
        (None, None, 3.0, None),
        (10.0, None, -1.0, 0.0),
    ]


def test_other_amounts_under_the_same_key_need_replace(plant: Plant) -> None:
    head = "time,work_unit,scrap\n"
    plant.imports("quantities", plant.file(head + f"{at(0)},press1,3\n"))
    other = plant.file(head + f"{at(0)},press1,4\n")
    assert plant.imports("quantities", other).code == 2
    assert plant.imports("quantities", other, "--replace").code == 0
    assert [item.scrap for item in _quantities(plant)] == [4.0]


def test_a_quantity_of_an_unknown_work_unit_is_a_bad_row(plant: Plant) -> None:
    done = plant.imports("quantities", plant.file(f"time,work_unit,scrap\n{at(0)},press9,3\n2026-11-20,press1,x\n"))
    assert done.code == 2
    assert [fault.split(": ")[0] for fault in _faults(done.err)] == ["2:2", "3:1", "3:3"]


def test_import_without_kind_or_file_is_wrong_usage(plant: Plant) -> None:
    assert run("import", "things", plant.site, "x.csv").code == 2
    assert plant.imports("readings").code == 2
