import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.plant_files import Plant, Ran, at, run, table

KINDS = ("readings", "quantities", "orders", "deliveries")
HEADS = {
    "readings": "time,tag,value,status,unit",
    "quantities": "time,work_unit,produced,good,scrap,rework,id",
    "orders": "order_id,line_id,quantity,due_date,status,delivered_quantity,delivered_date,recorded_date",
    "deliveries": "order_id,line_id,quantity,delivered_date,delivery_id",
}
BAD_FILES = {
    "empty": b"",
    "blank": b"\n\n ,,\n",
    "wrong headings": b"a,b,c\n1,2,3\n",
    "doubled heading": b"time,tag,value,time,order_id,quantity,due_date,delivered_date,work_unit\n",
    "binary": bytes(range(256)),
    "utf-16": "time,tag,value\n".encode("utf-16"),
    "nul": b"\0\0\0\0",
    "open quote": b'time,tag,value\n"2026',
    "long field": b"time\n" + b"x" * 200_000,
    "sqlite": b"SQLite format 3\0" + b"\0" * 100,
}


def _refused(done: Ran) -> None:
    assert (done.code, done.out) == (2, "")
    assert done.err.strip()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_table_of_its_kind_is_refused_in_words(plant: Plant, kind: str, name: str) -> None:
    done = plant.imports(kind, plant.file(BAD_FILES[name]))
    _refused(done)
    assert all(line.startswith(f"{plant.folder}/in.csv") for line in done.err.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_without_rows_is_an_import_of_nothing(plant: Plant, kind: str) -> None:
    done = plant.imports(kind, plant.file(HEADS[kind] + "\n"))
    assert (done.code, "0 rows: 0 new, 0 unchanged" in done.out) == (0, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["missing.csv", ".", "in.csv/inside", "x" * 300, "loop.csv", "missing.xlsx"])
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(plant: Plant, kind: str, name: str) -> None:
    plant.file("")
    (plant.folder / "loop.csv").symlink_to("loop.csv")
    done = plant.imports(kind, str(plant.folder / name))
    _refused(done)
    assert "cannot be read: " in done.err


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(plant: Plant) -> None:
    file = plant.file(HEADS["readings"])
    Path(file).chmod(0)
    done = plant.imports("readings", file)
    assert done.code == 0 if os.access(file, os.R_OK) else "cannot be read: Permission denied" in done.err  # root may


cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        (
            "good",
            "job",
            "state",
            "press1",
            "plant",
            at(0),
            "2026-11-20",
            "9999-12-31",
            "0001-01-01",
            "1e308",
            "-1",
            "1,234",
        )
    ),
    st.integers().map(str),
    st.floats().map(str),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KINDS), st.lists(st.lists(cells, max_size=8), max_size=4), st.booleans())
def test_any_rows_are_imported_or_refused_in_words(plant: Plant, kind: str, drawn: list[list[str]], skip: bool) -> None:
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in drawn]
    file = plant.file((HEADS[kind] + "\n" + table(*quoted)).encode("utf-8", "replace"))
    done = plant.imports(kind, file, *(["--skip-bad"] if skip else []))
    assert done.code in (0, 2)
    assert (done.code == 0) == (done.err == "")
    if kind == "readings":
        assert all(len(row) == 5 for row in plant.history("good", "state", "job"))


SITE_FAULTS = [
    "plant: {id: abc}\nz: 1\n",
    "plant: [\n",
    "",
    "plant: {id: abc, time_zone: UTC}\nstore: {url: 'sqlite:///nowhere/plant.db'}\n",
    "plant: {id: abc, time_zone: UTC}\nstore: {url: 'sqlite:///.'}\n",
    'plant: {id: abc, time_zone: UTC}\nstore: {url: "sqlite:///a\\0b"}\n',
    "plant: {id: abc, time_zone: UTC}\nstore: {url: 'sqlite:///" + "x" * 300 + "'}\n",
]


@pytest.mark.parametrize("text", SITE_FAULTS)
def test_a_site_file_at_fault_ends_an_import_in_words(tmp_path: Path, text: str) -> None:
    plant = Plant.made(tmp_path / "plant", text)
    done = plant.imports("orders", plant.file(HEADS["orders"]))
    _refused(done)
    assert all(str(plant.folder) in line for line in done.err.splitlines())


@pytest.mark.parametrize("text", SITE_FAULTS)
@pytest.mark.parametrize("command", [["kpi"], ["history", "x", "--from", "2026-11-20"]])
def test_a_site_file_at_fault_ends_a_reading_command_in_words(tmp_path: Path, text: str, command: list[str]) -> None:
    plant = Plant.made(tmp_path / "plant", text)
    name, *rest = command
    assert run(name, plant.site, *rest).code in (0, 2)


def test_every_fault_of_the_site_file_is_a_line_with_its_place(tmp_path: Path) -> None:
    plant = Plant.made(tmp_path / "plant", "plant: {id: A, time_zone: UTC}\nshifts: 1\nx: 1\n")
    done = run("history", plant.site, "x", "--from", "2026-11-20")
    assert [line.removeprefix(plant.site).split(" ")[0] for line in done.err.splitlines()] == [
        ":1:9:",
        ":2:1:",
        ":3:1:",
    ]


@pytest.mark.parametrize("site", ["missing.yaml", ".", "x" * 300])
def test_a_site_file_that_cannot_be_read_is_refused(tmp_path: Path, site: str) -> None:
    for command in (["import", "orders"], ["history"], ["kpi"]):
        rest = {"import": ["x.csv"], "history": ["x", "--from", "2026-11-20"], "kpi": []}[command[0]]
        _refused(run(*command, str(tmp_path / site), *rest))


@pytest.mark.parametrize(
    "arguments", [["fly"], ["history"], ["history", "site.yaml"], ["kpi", "--period", "decade", "x"], ["import"], []]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert run(*arguments).code == 2


def test_a_store_in_use_names_the_process(plant: Plant) -> None:
    from collector.store.store import writing

    with writing(plant.folder / "plant.db"):
        done = plant.imports("orders", plant.file(HEADS["orders"]))
    _refused(done)
    assert f"in use by process {os.getpid()}" in done.err


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + b"\0" * 600])
def test_a_store_that_is_no_database_is_refused_and_left_as_it_is(plant: Plant, content: bytes) -> None:
    store = plant.folder / "plant.db"
    store.write_bytes(content)
    _refused(plant.imports("orders", plant.file(HEADS["orders"])))
    _refused(run("history", plant.site, "good", "--from", "2026-11-20"))
    assert store.read_bytes() == content


@pytest.mark.parametrize("place", range(0, 12))
def test_a_damaged_store_is_said_and_never_a_traceback(plant: Plant, place: int) -> None:
    rows = [[at(second), "good", second] for second in range(200)]
    plant.imports("readings", plant.file("time,tag,value\n" + table(*rows)))
    store = plant.folder / "plant.db"
    content = bytearray(store.read_bytes())
    start = 100 + place * (len(content) - 200) // 12
    content[start : start + 60] = bytes(value ^ 0x5A for value in content[start : start + 60])
    store.write_bytes(content)
    for done in (
        run("history", plant.site, "good", "--from", "2026-11-01"),
        plant.imports("readings", plant.file(HEADS["readings"])),
    ):
        assert done.code in (0, 2)


def test_the_command_itself_ends_with_code_2_and_one_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from commands.main import main; main()",
        "history",
        "missing.yaml",
        "x",
        "--from",
        "2026-11-20",
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        "missing.yaml: cannot be read: No such file or directory\n",
    )
