"""Is what the pages say what the code does? Generated pages are up to date."""

import importlib.util
import re
import sqlite3
import struct
import tomllib
import zlib
from collections.abc import Sequence
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import zstandard

from collector.store import readings, schema
from collector.store.journal import JournalEntry
from collector.store.store import transaction, writing
from collector.store.tags import register
from commands.main import app
from kpi.catalogue import CATALOGUE
from kpi.counter import Restarting, StepKind, counter_steps
from kpi.element import FLAGS
from kpi.outcome import Reason
from kpi.series import TagSeries
from plant.correction import MeterChange
from plant.reading import Readings, sound
from plant.status_code import BAD_NO_DATA
from plant.tag import CounterRules, Kind, Restarts, Role, Tag

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

PlainReading = tuple[float, float | None, int, float, float]
"""Time, value, status, time of receipt, source offset."""


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["settings", "kpis", "explain", "profiles"])
def test_generated_page_is_up_to_date(generate: ModuleType, page: str) -> None:
    written = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert written == getattr(generate, f"{page}_page")(), "run: python docs/generate.py"


def _rows_after(page: str, heading: str) -> list[list[str]]:
    """Cells of the Markdown table whose heading row is this."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(heading) + 2
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]


def _one_step(earlier: str, later: str, changes: Sequence[MeterChange] = ()) -> tuple[str, float]:
    """Class and amount of the step between two readings that are a minute apart, by the rules of the page."""
    none = np.empty(0, dtype=np.int64)
    rules = CounterRules(Restarts.ANY, modulus=65536, max_rate_per_h=4000, swap_tolerance=5)
    times = np.array([0, 60_000_000], dtype=np.int64)
    values = np.array([float(earlier), float(later)])
    readings = Readings(times, values, np.zeros(2, dtype=np.uint32), times, np.zeros(2, dtype=np.int64))
    tag = Tag("press1.good", "press1", Role.GOOD_COUNT, "1", counter=rules)
    steps = counter_steps(TagSeries(tag, readings, 0, 60_000_000), Restarting(none, none), changes)
    return StepKind(int(steps.kind[0])).name.replace("_", " ").lower(), float(steps.amount[0])


def test_worked_counter_steps_are_what_the_code_makes_of_them() -> None:
    rows = _rows_after("kpis-rules.md", "| earlier | later | class | adds |")
    assert {kind for _, _, kind, _ in rows} | {"changed"} == {kind.name.replace("_", " ").lower() for kind in StepKind}
    for earlier, later, kind, adds in rows:
        assert _one_step(earlier, later) == (kind, float(adds))


def test_worked_meter_changes_are_what_the_code_makes_of_them() -> None:
    rows = _rows_after("kpis-rules.md", "| earlier | old final | new first | later | class | adds |")
    assert len(rows) > 2
    for earlier, old_final, new_first, later, kind, adds in rows:
        change = MeterChange("press1.good", 30_000_000, float(old_final), float(new_first))
        assert _one_step(earlier, later, [change]) == (kind, float(adds))


def test_kpi_page_names_every_reason_flag_and_counter_class() -> None:
    text = (DOCS / "kpis.md").read_text(encoding="utf-8")
    assert [word for word in (*Reason, *FLAGS) if f"`{word}`" not in text] == []


# A reader of the store that follows docs/store.md and nothing else: standard library and zstandard.


def _frame(payload: bytes, version: int) -> tuple[int, int, bytes]:
    found, present, _, n, checksum = struct.unpack_from("<BBHII", payload)
    assert found == version
    assert zlib.crc32(payload[:8] + payload[12:]) == checksum
    return present, n, zstandard.ZstdDecompressor().decompress(payload[12:])


def _column(data: bytes, n: int) -> tuple[list[float], bytes]:
    form, width, order, exponent = data[:4]
    base, first = (int.from_bytes(data[at : at + 8], "little", signed=True) for at in (4, 12))
    begin = 4 if form == 2 else 12 + 8 * order
    count = n - order
    end = begin + width * count
    rows = [bytes(data[begin + byte * count + at] for byte in range(width)) for at in range(count)]
    if form == 2:
        return [struct.unpack("<f" if width == 4 else "<d", row)[0] for row in rows], data[end:]
    numbers = [int.from_bytes(row, "little") + base for row in rows]
    numbers = list(accumulate([first, *numbers])) if order else numbers
    return [number / 10**exponent for number in numbers] if exponent else list(map(int, numbers)), data[end:]


def _part(payload: bytes, part: int, bits: tuple[int, ...], skip: tuple[int, ...] = ()) -> list[list[float]]:
    present, n, data = _frame(payload, 2)
    assert present & part
    found = []
    for bit in skip + bits:
        column, data = _column(data, n) if not bit or present & bit else ([0] * n, data)
        found.append(column)
    return found[len(skip) :]


def _chunk_readings(payload: bytes, stamps: bytes | None) -> list[PlainReading]:
    of_stamps, of_numbers = (0, 4, 8), (0, 16)
    columns = _part(stamps or payload, 1, of_stamps)
    columns += _part(payload, 2, of_numbers, () if stamps else of_stamps)
    return [
        (int(time), None if int(code) >> 31 else float(value), int(code), int(time + lag * 1000), int(away))
        for time, lag, away, value, code in zip(*columns, strict=True)
    ]


def _journal_readings(payload: bytes, tag_id: int) -> list[PlainReading]:
    _, n, data = _frame(payload, 1)
    columns = [data[at * 8 * n : (at + 1) * 8 * n] for at in range(4)]
    columns += [data[32 * n + at * 4 * n : 32 * n + (at + 1) * 4 * n] for at in range(2)]
    time, value, received, offset, status, tag = (
        struct.unpack(f"<{n}{letter}", column) for letter, column in zip("qdqqII", columns, strict=True)
    )
    return [
        (time[at], None if status[at] >> 31 else value[at], status[at], received[at], offset[at])
        for at in range(n)
        if tag[at] == tag_id
    ]


def _stored(file: Path, name: str) -> list[PlainReading]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
        (tag_id,) = store.execute("select id from tag where name = ?", (name,)).fetchone()
        bounds = (tag_id << 40, (tag_id + 1) << 40)
        chunks = store.execute(
            "select chunk.payload, stamp.payload from chunk left join stamp on stamp.id = chunk.stamp"
            " where key >= ? and key < ? order by key",
            bounds,
        )
        found = [reading for row in chunks for reading in _chunk_readings(*row)]
        for (payload,) in store.execute("select payload from journal order by id"):
            found += [
                reading for reading in _journal_readings(payload, tag_id) if reading[:3] not in {r[:3] for r in found}
            ]
    return found


def test_a_store_can_be_read_by_the_page_alone(tmp_path: Path) -> None:
    hour = 3_600_000_000
    start = 1_790_000_000_000_000 // (24 * hour) * 24 * hour
    bad = BAD_NO_DATA
    count = _readings([start + at * 1_000_000 + at * at for at in range(500)], [100.0 + at // 3 for at in range(500)])
    power = _readings(
        [start + hour + at for at in (5, 5, 90)], [1.5, -0.0, 2.25], [0, 0, bad], [7000, 7000, 9000], [0, 0, -4]
    )
    newest = _readings([start + 30 * hour], [400.0])
    file = tmp_path / "plant.db"
    tags = [("d", Tag("count", "u", Role.GOOD_COUNT, "1")), ("d", Tag("power", "u", Role.POWER, "kW"))]
    with writing(file) as connection, transaction(connection):
        ids = {name: stored.id for name, stored in register(connection, tags).items()}
        readings.merge(connection, ids["count"], count)
        readings.merge(connection, ids["power"], power, span_s=3600)
        readings.append(connection, JournalEntry(np.array([ids["count"]], dtype=np.uint32), newest))
    assert _stored(file, "count") == [*_plain(count), *_plain(newest)]
    assert _stored(file, "power") == _plain(power)


def _readings(
    times: list[int],
    values: list[float],
    status: list[int] | None = None,
    lag_us: list[int] | None = None,
    offset: list[int] | None = None,
) -> Readings:
    zeros = [0] * len(times)
    number, code = sound(np.array(values), np.array(status or zeros, dtype=np.uint32))
    times_us = np.array(times, dtype=np.int64)
    received = times_us + np.array(lag_us or zeros, dtype=np.int64)
    return Readings(times_us, number, code, received, np.array(offset or zeros, dtype=np.int64))


def _plain(columns: Readings) -> list[PlainReading]:
    values = [None if value != value else value for value in columns.values.tolist()]
    rest = (columns.status, columns.received_us, columns.source_offset_us)
    return list(zip(columns.times_us.tolist(), values, *(column.tolist() for column in rest), strict=True))


def test_store_page_names_every_table_and_column() -> None:
    rows = {row[0].strip("`"): row for row in _rows_after("store.md", "| table | one row is | columns |")}
    assert sorted(rows) == sorted(schema.metadata.tables)
    for name, table in schema.metadata.tables.items():
        words = set(re.findall(r"\w+", rows[name][2]))
        assert [column.name for column in table.columns if column.name not in words] == [], name


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {"hatchling"}
    for group in (project["dependencies"], *project["optional-dependencies"].values()):
        wanted |= {re.split(r"[\[<>=~! ]", requirement)[0] for requirement in group}
    page = (DOCS / "decisions" / "0007-dependencies.md").read_text(encoding="utf-8")
    named = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("|")} - {"package", "---"}
    assert named == wanted - {"smartwings"}


WORDS = (
    *("plant", "work unit", "device", "tag", "reading", "batch", "handover", "poll", "gap", "journal", "chunk", "step"),
    *("order line", "delivery", "shift", "period", "scope", "element", "coverage", "grade", "flag", "reason", "report"),
    *("baseline", "target", "improvement", "attainment", "programme", "store", "collector", "connector", "simulator"),
)
ISO_22400 = ("PQ", "GQ", "SQ", "RQ", "GP", "IP", "PRI", "PBT", "APT", "MTBF", "MTTR")


def test_glossary_has_every_word() -> None:
    words = {row[0] for row in _rows_after("glossary.md", "| word | 한국어 | meaning |")}
    assert sorted({*WORDS, *Kind} - words) == []
    roles = [row[0] for row in _rows_after("glossary.md", "| role | 한국어 | what it is |")]
    assert roles == [f"`{role}`" for role in Role]
    iso = {row[0].split(",")[0] for row in _rows_after("glossary.md", "| ISO 22400 | here | 한국어 |")}
    assert sorted(set(ISO_22400) - iso) == []


def test_glossary_has_every_kpi_by_the_names_of_the_catalogue() -> None:
    rows = _rows_after("glossary.md", "| id | name | 한국어 |")
    assert rows == [[f"`{kpi.id}`", kpi.title, kpi.title_ko] for kpi in CATALOGUE]


def test_pages_name_only_files_that_exist_and_links_lead_somewhere() -> None:
    modules = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    for page in sorted(DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"`(?:[a-z_]+/)*([a-z0-9_]+\.py)`", text))
        assert sorted(named - modules) == [], page.name
        links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
        assert [link for link in links if link and not (page.parent / link).exists()] == [], page.name


def test_packages_in_architecture_are_those_there_are() -> None:
    rows = _rows_after("architecture.md", "| package | answers | may import |")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert sorted(row[0].strip("`") for row in rows) == sorted(settings["root_packages"])


def test_pages_show_only_commands_that_exist() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups if group.name}
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.py")]:
        shown = set(re.findall(r"`smartwings ([a-z-]+)", page.read_text(encoding="utf-8")))
        assert sorted(shown - names) == [], page.name
