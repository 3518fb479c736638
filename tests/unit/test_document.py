import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from site_files import PLANT, faults

from config.document import load_document
from config.fault import InputError
from config.load import load_site


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "site.yaml"


def _data(file: Path, text: str) -> object:
    file.write_text(text, encoding="utf-8")
    return load_document(file).data


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("14:00", "14:00"),
        ("08:00", "08:00"),
        ("1:30:00", "1:30:00"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("2026-11-22", "2026-11-22"),
        ("2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"),
        ("<<", "<<"),
        ("=", "="),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("'12'", "12"),
        ('"12"', "12"),
        ("|\n  12", "12\n"),
        ("12", 12),
        ("0421", 421),
        ("0x1F", 31),
        ("0o17", 15),
        ("-3", -3),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
    ],
)
def test_scalars_are_read_by_yaml_1_2(file: Path, written: str, meant: object) -> None:
    data = _data(file, f"key: {written}\n")
    assert data == {"key": meant}
    assert type(meant) is not bool or data["key"] is meant  # type: ignore[index]


def test_a_number_remembers_how_it_was_written(file: Path) -> None:
    data = _data(file, "[0421, 1.10, 0x10]")
    assert [number.written for number in data] == ["0421", "1.10", "0x10"]  # type: ignore[attr-defined]


def test_a_directive_of_yaml_1_1_changes_nothing(file: Path) -> None:
    assert _data(file, "%YAML 1.1\n---\nkey: no\n") == {"key": "no"}


def test_a_byte_order_mark_is_no_part_of_the_first_key(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfkey: 1\n")
    assert load_document(file).data == {"key": 1}


def test_aliases_stand_for_what_their_anchor_holds_and_an_anchor_may_be_given_anew(file: Path) -> None:
    assert _data(file, "a: &x [1]\nb: *x\nc: &x 2\nd: *x\n") == {"a": [1], "b": [1], "c": 2, "d": 2}


def test_every_key_and_item_has_its_place_in_block_and_flow_style(file: Path) -> None:
    file.write_text("a:\n  - b: 1\n    c: {d: 2, e: [3, 4]}\n", encoding="utf-8")
    document = load_document(file)
    places = {mark.key: (mark.line, mark.column) for mark in document.marks.values()}
    assert places == {
        "": (1, 1),
        "a": (1, 1),
        "a[0]": (2, 5),
        "a[0].b": (2, 5),
        "a[0].c": (3, 5),
        "a[0].c.d": (3, 9),
        "a[0].c.e": (3, 15),
        "a[0].c.e[0]": (3, 19),
        "a[0].c.e[1]": (3, 22),
    }


def test_what_has_no_place_is_shown_at_the_nearest_part_above(file: Path) -> None:
    file.write_text("a:\n  - b: 1\n", encoding="utf-8")
    fault = load_document(file).fault(("a", 0, "c", 2), "is required")
    assert str(fault) == f"{file}:2:5: a[0].c[2]: is required"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\na: 2\n", "2:1: a"),
        ("a: {b: 1, b: 2}\n", "1:11: a.b"),
        ("- {x: 1, 'x': 2}\n", "1:10: [0].x"),
        ("s: {1: a, 0x1: b}\n", "1:11: s.0x1"),
    ],
)
def test_a_doubled_key_is_a_fault_at_its_second_place(file: Path, text: str, place: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert [str(fault) for fault in load_document(file).faults] == [f"{file}:{place}: key stands twice"]


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "? {a: 1}\n: 1\n"])
def test_a_key_that_is_no_scalar_is_a_fault(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert [str(fault) for fault in load_document(file).faults] == [f"{file}:1:3: key must be text"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1, 2\nb: 3\n", ":2:2: is not YAML"),
        (b"a: 1\n\tb: 2\n", ":2:1: is not YAML"),
        (b"a: *nowhere\n", ":1:4: is not YAML"),
        (b"a: 1\n---\nb: 2\n", ":2:1: is not YAML"),
        (b"a: 1\nb: \xff\n", ":2: must be UTF-8 text"),
        ("a: 1".encode("utf-16"), ": must be UTF-8 text"),
        (b"a: \x00", "is not YAML"),
        (b'a: "\\UFFFFFFFF"', "is not YAML"),
        (b'a: "\\U00110000"', "is not YAML"),
        (b"%YAML 9.9\n---\na: 1\n", "is not YAML"),
        (b"x: " + b"[" * 100_000, "must not nest deeper than 40"),
        (b"x: " + b"[\n" * 3000, "must not nest deeper than 40"),
        (b"x: " + b"{a: " * 3000, "must not nest deeper than 40"),
        (b"- " * 3000, "must not nest deeper than 40"),
        (b"x: &a [*a]\n", "has more than 40 levels"),
        (b"x: &a {b: *a}\n", "has more than 40 levels"),
    ],
)
@pytest.mark.no_cover  # tracing takes time
def test_what_is_not_to_be_read_is_said_with_its_place_and_at_once(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    start_s = time.process_time()
    with pytest.raises(InputError) as caught:
        load_document(file)
    assert message in str(caught.value)
    assert time.process_time() - start_s < 3


@pytest.mark.no_cover
def test_an_alias_bomb_is_refused_before_it_goes_off(file: Path) -> None:
    lines = ["a0: &a0 [1,2,3,4,5,6,7,8,9]"]
    lines += [f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 12)]
    file.write_text("\n".join(lines), encoding="utf-8")
    start_s = time.process_time()
    with pytest.raises(InputError, match="values repeated by aliases"):
        load_document(file)
    assert time.process_time() - start_s < 3


def test_half_a_character_is_a_fault_where_it_stands(tmp_path: Path) -> None:
    assert faults(tmp_path, PLANT + 'page: {listen: "\\uD800"}\n')[0] == (
        "site.yaml:2:16: page.listen: must not have half a character, as in \\uD800"
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to(path), "cannot be read"),
        (lambda path: path.write_bytes(b"#" * (16 * 2**20 + 1)), "must not be larger than 16 MiB"),
        (lambda path: path.symlink_to("/dev/zero"), "must not be larger than 16 MiB"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(file: Path, make: object, message: str) -> None:
    make(file)  # type: ignore[operator]
    with pytest.raises(InputError, match=message) as caught:
        load_document(file)
    assert str(caught.value).startswith(str(file))


KEYS = """plant id time_zone devices protocol modbus opcua tags name role unit table address type profile host states
shifts calendar country baselines kpi mqtt store url orders date_format columns products work_units page endpoint node
start end days breaks keep_days eastron-sdm630 Asia/Seoul sqlite:///x.db ../../../etc/passwd /dev/null""".split()  # noqa: SIM905
TRAPS = (
    "\x00",
    "no",
    "~",
    "1e999",
    "-0.0",
    "9" * 400,
    "0x" + "f" * 300,
    "14:00",
    "24:00",
    "true",
    "{}",
    "%d %d",
    "a\nb",
)
ALIKE = ("plánt", "ｐｌａｎｔ", "Ⅳ", "²", "\ud800", "\u202e", "x" * 300)
WORDS = (*KEYS, *TRAPS, *ALIKE)
scalars = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
    st.just("plant"),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(st.tuples(st.sampled_from(WORDS), inner), max_size=5).map(tuple)
    ),
    max_leaves=25,
)


def _flow(tree: object) -> str:
    if isinstance(tree, list):
        return f"[{', '.join(map(_flow, tree))}]"
    if isinstance(tree, tuple):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in tree) + "}"
    return _scalar(str(tree))


def _scalar(text: str) -> str:
    if text.isascii() and text.isprintable() and not set(text) & set("\"'\\{}[],:#&*!|>%@` ?-~=<") and text:
        return text
    return '"' + "".join(f"\\U{ord(letter):08x}" for letter in text) + '"'


def _settings_or_input_error(path: Path) -> None:
    start_s = time.process_time()
    faults_found: list[str] = ["none"]
    try:
        load_site(path)
    except InputError as error:
        faults_found = [str(fault) for fault in error.faults]
    assert faults_found
    assert all(line and len(line.splitlines()) == 1 for line in faults_found)
    assert time.process_time() - start_s < 5


relaxed = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(trees)
def test_any_tree_of_settings_is_taken_or_refused_in_words(file: Path, tree: object) -> None:
    file.write_text(_flow(tree), encoding="utf-8")
    _settings_or_input_error(file)


@relaxed
@given(st.sampled_from(("devices", "shifts", "work_units", "orders", "mqtt", "energy", "store", "calendar")), trees)
def test_any_tree_in_any_group_of_settings_is_taken_or_refused_in_words(file: Path, group: str, tree: object) -> None:
    file.write_text(f"{PLANT}{group}: {_flow(tree)}\n", encoding="utf-8")
    _settings_or_input_error(file)


@relaxed
@given(st.one_of(st.binary(max_size=200), st.text(alphabet="{}[]:,-&*a1 \n\t|>'\"%#!?~", max_size=60).map(str.encode)))
def test_any_bytes_are_taken_or_refused_in_words(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    _settings_or_input_error(file)


EXAMPLE = (Path(__file__).parent / "example" / "site.yaml").read_text(encoding="utf-8")


@relaxed
@given(st.data())
def test_the_example_with_any_piece_changed_is_taken_or_refused_in_words(file: Path, data: st.DataObject) -> None:
    words = EXAMPLE.split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        words[data.draw(st.integers(0, len(words) - 1))] = _scalar(data.draw(scalars))
    file.write_text(" ".join(words), encoding="utf-8")
    _settings_or_input_error(file)
