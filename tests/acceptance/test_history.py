import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store.journal import JournalEntry
from collector.store.readings import append, merge
from collector.store.store import reading, transaction, writing
from collector.store.tags import stored_tags, text_ids
from collector.store.tags import texts as named_texts
from plant.status_code import GOOD, UNCERTAIN
from tests.acceptance.plant_files import Plant, at, run, table
from tests.store.stored import MONDAY_US, some_readings

ROWS = [
    [at(0), "good", 5, "Good"],
    ["2026-11-20T09:00:00.000001+09:00", "good", 6, "Uncertain"],
    [at(1), "good", "", "BadDeviceFailure"],
    [at(1), "oil", -0.1, "Good"],
    [at(2), "state", "Setup", "Good"],
    [at(3), "job", '"a, ""b"" 작업"', "Good"],
    [at(4), "job", "", "Bad"],
    [at(5), "level", 1e-300, "0x40920000"],
]
TAGS = ("good", "oil", "state", "job", "level", "energy")


@pytest.fixture
def filled(plant: Plant) -> Plant:
    assert plant.imports("readings", plant.file("time,tag,value,status\n" + table(*ROWS))).code == 0
    return plant


def _out(plant: Plant, *options: str) -> str:
    done = run("history", plant.site, *TAGS, "--from", "2026-11-01", "--to", "2026-12-01", *options)
    assert done.code == 0, done.err
    return done.out


def test_history_imported_into_a_new_store_gives_the_same_history(filled: Plant, tmp_path: Path) -> None:
    output = filled.folder / "out.csv"
    _out(filled, "-o", str(output))
    assert output.read_text(encoding="utf-8") == _out(filled)
    other = Plant.made(tmp_path / "other")
    assert other.imports("readings", str(output)).code == 0
    assert _out(other) == _out(filled)
    assert "0 new, 8 unchanged" in filled.imports("readings", str(output)).out


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2_000_000_000_000_000),
            st.floats(allow_nan=False, allow_infinity=False),
            st.sampled_from(("Good", "Uncertain", "Bad", "BadNoData", "UncertainInitialValue")),
        ),
        max_size=6,
    )
)
def test_any_history_comes_back_to_the_last_bit(tmp_path: Path, drawn: list[tuple[int, float, str]]) -> None:
    first, second = Plant.made(tmp_path / "first"), Plant.made(tmp_path / "second")
    for plant in (first, second):
        (plant.folder / "plant.db").unlink(missing_ok=True)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows = [
        [(epoch + timedelta(microseconds=us)).isoformat(), "level", repr(value), status] for us, value, status in drawn
    ]
    assert first.imports("readings", first.file("time,tag,value,status\n" + table(*rows))).code == 0
    output = str(first.folder / "out.csv")
    assert run("history", first.site, "level", "--from", "1970-01-01", "-o", output, "--to", "2100-01-01").code == 0
    done = second.imports("readings", output)
    assert done.code == 0, done.err
    assert second.history("level") == first.history("level")
    expected = {(us, None if "Bad" in status else value + 0.0, status) for us, value, status in drawn}
    assert {(float(row[2]) if row[2] else None, row[3]) for row in first.history("level")} == {
        (value, status) for _, value, status in expected
    }
    assert len(first.history("level")) == len(expected)


TEXTS = ["", " a ", "a\nb", "a\rb", "a\r\nb", "'", 'say "7", 8', "작업\t7", "nan", "\ufeff1", "\u2028", "_", "5", ","]


@pytest.mark.parametrize("texts", [TEXTS, ["a", " ", "", "7 "]])
def test_whatever_a_device_said_comes_back_into_the_store_as_the_same(
    plant: Plant, tmp_path: Path, texts: list[str]
) -> None:
    codes = [GOOD, 0x480, UNCERTAIN, 0x40900480]
    for name in ("good", "job"):
        assert plant.imports("readings", plant.file(f"time,tag,value\n{at(59)},{name},1\n")).code == 0
    with writing(plant.folder / "plant.db") as connection, transaction(connection):
        tags, ids = stored_tags(connection), text_ids(connection, texts)
        status = [codes[place % 4] for place in range(len(texts))]
        times_us = [MONDAY_US + place for place in range(len(texts))]
        said = some_readings(times_us, [ids[text] for text in texts], status)
        append(connection, JournalEntry(np.full(len(said), tags["job"].id, dtype=np.uint32), said))
        counts = some_readings(
            [MONDAY_US, MONDAY_US + 1, MONDAY_US + 2], [2.0**53, -(2.0**53), float("nan")], [0, 0, 0x80000400]
        )
        merge(connection, tags["good"].id, counts)
    output = str(plant.folder / "out.csv")
    arguments = ("good", "job", "--from", "1970-01-01", "--to", "2100-01-01", "-o", output)
    assert run("history", plant.site, *arguments).code == 0
    rows = len(texts) + 5
    assert f"{rows} rows: 0 new, {rows} unchanged" in plant.imports("readings", output).out
    other = Plant.made(tmp_path / "other")
    assert other.imports("readings", output).code == 0
    again = str(other.folder / "out.csv")
    assert run("history", other.site, *arguments[:-1], again).code == 0
    assert Path(again).read_bytes() == Path(output).read_bytes()
    with reading(other.folder / "plant.db") as connection:
        assert set(named_texts(connection).values()) == {*texts, "1"}


def test_json_has_the_shape_of_read_without_age(filled: Plant) -> None:
    found = json.loads(_out(filled, "--format", "json"))
    assert list(found) == ["readings"]
    assert {tuple(sorted(row)) for row in found["readings"]} == {("status", "tag", "time", "unit", "value")}
    assert found["readings"][0] == {"tag": "good", "time": at(0), "value": 5.0, "unit": "1", "status": "Good"}
    assert found["readings"][2]["value"] is None
    assert [row["value"] for row in found["readings"] if row["tag"] == "job"] == ['a, "b" 작업', None]
    assert json.loads(_out(filled, "--json")) == found


def test_parquet_holds_the_same_readings(filled: Plant) -> None:
    output = filled.folder / "out.parquet"
    assert _out(filled, "--format", "parquet", "-o", str(output)) == ""
    found = pq.read_table(output).to_pylist()
    said = json.loads(_out(filled, "--json"))["readings"]
    assert [
        (row["tag"], row["value"] if row["text"] is None else row["text"], row["status"], row["unit"]) for row in found
    ] == [(row["tag"], row["value"], row["status"], row["unit"]) for row in said]
    assert [row["time"].isoformat() for row in found][1] == "2026-11-20T00:00:00.000001+00:00"


def test_parquet_needs_a_file(filled: Plant) -> None:
    assert run("history", filled.site, "good", "--from", "2026-11-20", "--format", "parquet").code == 2


def test_the_end_is_left_out_and_the_start_is_not(filled: Plant) -> None:
    done = run("history", filled.site, "good", "--from", "2026-11-20T00:00:00.000001Z", "--to", at(1))
    assert [line.split(",")[2] for line in done.out.splitlines()[1:]] == ["6"]


def test_a_date_alone_is_the_start_of_that_production_day(plant: Plant) -> None:
    times = [
        "2026-11-20T07:59:59+09:00",
        "2026-11-20T08:00:00+09:00",
        "2026-11-21T07:59:59+09:00",
        "2026-11-21T08:00:00+09:00",
    ]
    plant.imports(
        "readings", plant.file("time,tag,value\n" + table(*([time, "good", n] for n, time in enumerate(times))))
    )
    done = run("history", plant.site, "good", "--from", "2026-11-20", "--to", "2026-11-21")
    assert [line.split(",")[0] for line in done.out.splitlines()[1:]] == times[1:3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-11-20T09:00:00", "needs an offset or Z"),
        ("2026-11-20 09:00", "needs an offset or Z"),
        ("yesterday", "must be an ISO 8601 time"),
        ("2026-02-30", "must be an ISO 8601 time"),
        ("", "must be an ISO 8601 time"),
        ("1763600000", "must be an ISO 8601 time"),
    ],
)
def test_a_time_needs_an_offset(filled: Plant, text: str, message: str) -> None:
    for option in (["--from", text], ["--from", "2026-11-01", "--to", text]):
        done = run("history", filled.site, "good", *option)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"{option[-2]}: {message}")


@pytest.mark.parametrize(
    "text", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1969-07-20"]
)
def test_times_at_the_ends_of_the_calendar_are_taken_or_refused_in_words(filled: Plant, text: str) -> None:
    for option in (["--from", text], ["--from", "2026-11-01", "--to", text]):
        done = run("history", filled.site, "good", *option)
        assert done.code in (0, 2)
        assert done.code == 0 or len(done.err.splitlines()) == 1


def test_readings_of_the_last_year_are_refused_or_come_out_again(plant: Plant) -> None:
    done = plant.imports("readings", plant.file("time,tag,value\n9999-12-31T23:59:59Z,good,1\n"))
    assert done.code == 2
    assert "2:1: time: " in done.err


def test_an_unknown_tag_is_refused_and_the_known_ones_named(filled: Plant) -> None:
    done = run("history", filled.site, "good", "goood", "--from", "2026-11-20")
    assert done.code == 2
    assert done.err.startswith("goood: is not a tag of this plant; it has good, energy")


def test_a_known_tag_without_readings_and_a_store_that_does_not_exist_are_empty_answers(plant: Plant) -> None:
    done = run("history", plant.site, "good", "--from", "2026-11-20")
    assert (done.code, done.out) == (0, "time,tag,value,status,unit\n")
    assert run("history", plant.site, "good", "--from", "2026-11-20", "--json").json == {"readings": []}
    assert [path.name for path in plant.folder.iterdir()] == ["site.yaml"]


def test_a_tag_taken_out_of_the_site_file_keeps_its_past(filled: Plant) -> None:
    path = Path(filled.site)
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if "name: oil" not in line]
    path.write_text("\n".join(kept), encoding="utf-8")
    assert [float(value) for value in filled.values("oil")] == pytest.approx([-32.1 * 5 / 9])


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
@pytest.mark.parametrize("output", ["nowhere/out", "folder"])
def test_output_that_cannot_be_written_is_said(filled: Plant, form: str, output: str) -> None:
    (filled.folder / "folder").mkdir()
    path = str(filled.folder / output)
    done = run("history", filled.site, "good", "--from", "2026-11-20", "--format", form, "-o", path)
    assert done.code == 2
    assert done.err.startswith(f"{path}: cannot be written: ")


def test_an_unknown_format_is_refused(filled: Plant) -> None:
    assert run("history", filled.site, "good", "--from", "2026-11-20", "--format", "xml").code == 2


def test_a_reader_of_the_output_that_stops_early_is_no_fault(plant: Plant) -> None:
    rows = [[at(second), "good", second] for second in range(3000)]
    plant.imports("readings", plant.file("time,tag,value\n" + table(*rows)))
    command = [sys.executable, "-c", "from commands.main import main; main()", "history", plant.site, "good"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [*command, "--from", "2026-11-01"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"time,tag,value,status,unit\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=20) in (0, -signal.SIGPIPE)
