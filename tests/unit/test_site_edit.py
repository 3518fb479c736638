from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.document import load_document
from config.fault import InputError
from config.file_change import FileChange, difference, digest, drafts
from config.load import load_site
from config.site_edit import MOST_INLINE, Addition, site_edit
from config.tags import OpcUaTag

HEAD = "plant: {id: abc, time_zone: Asia/Seoul}\n"
METER = {"protocol": "modbus", "host": "127.0.0.1", "port": 5020, "unit": 1}
ENERGY = {
    "name": "m9.energy",
    "work_unit": "m9",
    "role": "energy_import",
    "unit": "kWh",
    "table": "input",
    "address": 72,
    "type": "float32",
}
STATE = {
    "name": "m9.state",
    "work_unit": "m9",
    "role": "state",
    "table": "holding",
    "address": 10,
    "type": "uint16",
    "states": {0: "NotExecuting", 1: "Executing", 2: "Setup", 3: "OutOfService"},
}
ADDED = """\
  - id: m9
    protocol: modbus
    host: 127.0.0.1
    port: 5020
    unit: 1
    tags:
      - {name: m9.energy, work_unit: m9, role: energy_import, unit: kWh, table: input, address: 72, type: float32}
      - {name: m9.state, work_unit: m9, role: state, table: holding, address: 10, type: uint16,
         states: {0: NotExecuting, 1: Executing, 2: Setup, 3: OutOfService}}
"""
NEW = Addition("m9", METER, [ENERGY, STATE])


def edited(folder: Path, text: str, addition: Addition = NEW) -> str:
    """The site file after the addition, which leaves sound settings."""
    path = folder / "site.yaml"
    path.write_bytes(text.encode())
    changes = site_edit(path, addition)
    load_site(path, drafts=drafts(changes, folder))
    assert path.read_bytes() == text.encode()
    return (changes[-1].after or b"").decode()


def refused(folder: Path, text: str, addition: Addition = NEW) -> str:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        site_edit(path, addition)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (HEAD, HEAD + "devices:\n" + ADDED),
        (HEAD.rstrip(), HEAD + "devices:\n" + ADDED),
        (HEAD + "# the end\n", HEAD + "devices:\n" + ADDED + "# the end\n"),
        ("devices:   # none yet\n" + HEAD, "devices:   # none yet\n" + ADDED + HEAD),
        ("devices: []  # none yet\n" + HEAD, "devices:  # none yet\n" + ADDED + HEAD),
        ("devices: ~\n" + HEAD, "devices:\n" + ADDED + HEAD),
    ],
)
def test_the_first_device_is_put_where_the_list_begins(tmp_path: Path, text: str, after: str) -> None:
    assert edited(tmp_path, text) == after


def test_a_device_stands_behind_the_last_one_and_its_comments(tmp_path: Path) -> None:
    text = (
        "devices:\n"
        "- {id: a, protocol: modbus, host: h}  # flow\n"
        "-   id: b  # four columns in\n"
        "    protocol: modbus\n"
        "    host: h   # the last\n"
        "    # unit: 2\n"
        "\n"
        "# the plant\n" + HEAD
    )
    after = edited(tmp_path, text, Addition("m9", METER, []))
    added = "-   id: m9\n    protocol: modbus\n    host: 127.0.0.1\n    port: 5020\n    unit: 1\n"
    at = text.index("\n# the plant")
    assert after == text[:at] + added + text[at:]


def test_line_ends_and_a_byte_order_mark_stay_what_they_are(tmp_path: Path) -> None:
    after = edited(tmp_path, "\ufeff" + HEAD.replace("\n", "\r\n"))
    assert after == "\ufeff" + (HEAD + "devices:\n" + ADDED).replace("\n", "\r\n")


def test_tags_go_to_the_end_of_the_devices_list(tmp_path: Path) -> None:
    tag = "{name: t, work_unit: w, role: power, table: input, address: 0, type: float32}"
    device = "  - id: m9\n    protocol: modbus\n    host: h\n"
    line = ADDED.splitlines(keepends=True)[6]
    more = Addition("m9", None, [ENERGY])
    for tags, after in (
        (
            f"    tags:\n    - {tag}\n    # more\n    poll_s: 2\n",
            f"    tags:\n    - {tag}\n{line[2:]}    # more\n    poll_s: 2\n",
        ),
        ("    tags: []\n    poll_s: 2\n", f"    tags:\n{line}    poll_s: 2\n"),
        ("    poll_s: 2\n", f"    poll_s: 2\n    tags:\n{line}"),
    ):
        text = "devices:\n" + device + tags + HEAD
        assert edited(tmp_path, text, more) == "devices:\n" + device + after + HEAD


def test_rows_go_to_the_end_of_a_tag_list_with_headings_it_lacks(tmp_path: Path) -> None:
    csv = tmp_path / "m9.csv"
    csv.write_bytes("name,work_unit,role,table,address,type\r\n전력,m9,power,input,0,float32".encode("cp949"))
    (tmp_path / "site.yaml").write_text(HEAD + "devices:\n  - {id: m9, protocol: modbus, host: h, tags: m9.csv}\n")
    (change,) = site_edit(tmp_path / "site.yaml", Addition("m9", None, [STATE]))
    assert change.name == "m9.csv"
    assert (change.after or b"").decode("cp949") == (
        "name,work_unit,role,table,address,type,states\r\n전력,m9,power,input,0,float32\r\n"
        "m9.state,m9,state,holding,10,uint16,0=NotExecuting;1=Executing;2=Setup;3=OutOfService\r\n"
    )


def test_many_tags_of_a_new_device_get_a_list_of_their_own(tmp_path: Path) -> None:
    tags = [{**ENERGY, "name": f"t{at}", "address": 2 * at, "work_unit": f"w{at}"} for at in range(MOST_INLINE + 1)]
    path = tmp_path / "site.yaml"
    path.write_text(HEAD, encoding="utf-8")
    changes = site_edit(path, Addition("m9", METER, tags))
    assert [change.name for change in changes] == ["m9.csv", "site.yaml"]
    assert changes[0].before is None
    (device,) = load_site(path, drafts=drafts(changes, tmp_path)).devices
    assert [tag.name for tag in device.tags] == [tag["name"] for tag in tags]
    (tmp_path / "m9.csv").write_text("name\n")
    assert refused(tmp_path, HEAD, Addition("m9", METER, tags)).startswith("m9.csv: is there already")


def test_a_tag_list_that_is_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("name,work_unit,role,table,address,type\np,m9,power,input,0,float32\n")
    assert edited(tmp_path, HEAD, Addition("m9", METER, [], "mine.csv")).endswith("    unit: 1\n    tags: mine.csv\n")


def test_what_cannot_be_extended_is_refused_with_its_place(tmp_path: Path) -> None:
    more = Addition("a", None, [ENERGY])
    hint = "is written in a way to which no line can be added safely; add the tags by hand"
    a = "{id: a, protocol: modbus, host: h"
    assert refused(tmp_path, f"devices: [{a}}}]\n" + HEAD) == f"site.yaml:1:10: devices: {hint}"
    assert refused(tmp_path, f"devices:\n  - {a}}}\n" + HEAD, more) == f"site.yaml:2:5: devices[0]: {hint}"
    flow = "devices:\n  - id: a\n    protocol: modbus\n    host: h\n    tags: [{name: x}]\n"
    assert refused(tmp_path, flow + HEAD, more) == f"site.yaml:5:11: tags: {hint}"
    assert refused(tmp_path, f"all: &all\n  - {a}}}\ndevices: *all\n" + HEAD) == f"site.yaml:3:1: devices: {hint}"
    assert refused(tmp_path, "{plant: {id: abc}}\n") == "site.yaml: must hold settings, each key on a line of its own"
    assert refused(tmp_path, "devices: many\n" + HEAD) == "site.yaml:1:1: devices: must be a list"
    assert refused(tmp_path, HEAD, more) == "site.yaml: has no device a"
    # a block scalar whose trailing blank lines count is not ended by us
    kept = "devices:\n  - id: a\n    host: |+\n      h\n\n\n" + HEAD
    assert refused(tmp_path, kept) == f"site.yaml: {hint}"
    (tmp_path / "list.xlsx").write_bytes(b"")
    book = "devices:\n  - {id: a, protocol: modbus, host: h, tags: list.xlsx}\n"
    assert refused(tmp_path, book + HEAD, more).startswith("list.xlsx: is a workbook")
    (tmp_path / "list.csv").write_text('name,"work\nunit"\n')
    assert "headings over several lines" in refused(tmp_path, book.replace("xlsx", "csv") + HEAD, more)


LINES = st.lists(st.sampled_from(["", "   ", "# a comment", "      # deep: [", "  # - id: x", "#"]), max_size=3)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
VALUES = st.one_of(TEXTS, st.integers(-5, 10**9), st.floats(allow_nan=False, allow_infinity=False), st.booleans())


@st.composite
def sites(draw: st.DrawFn) -> str:
    """A site file whose devices, tags and other keys stand among comments and blank lines."""
    dash = " " * draw(st.integers(0, 4))
    lead = dash + "-" + " " * draw(st.integers(1, 3))
    keys = " " * len(lead)
    lines = [*draw(LINES), "devices:" + draw(st.sampled_from(["", "  # all of them"]))]
    for at in range(draw(st.integers(1, 3))):
        lines += [*draw(LINES), f"{lead}id: d{at}", *draw(LINES), f"{keys}host: h  # where"]
        if draw(st.booleans()):
            tags = " " * draw(st.integers(len(keys), len(keys) + 3))
            lines += [f"{keys}tags:", *draw(LINES), f"{tags}- {{name: t{at}, unit: 'kWh'}}", *draw(LINES)]
    after = [*draw(LINES), "work_units:", "  press1: {output: true}", *draw(LINES)]
    lines += draw(st.sampled_from([[], after]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(lines) + draw(st.sampled_from(["", end]))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=sites(), values=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), new=st.booleans())
def test_every_byte_survives_and_only_the_addition_is_said_besides(
    tmp_path: Path, text: str, values: dict[str, Any], new: bool
) -> None:
    path = tmp_path / "site.yaml"
    path.write_bytes(text.encode())
    before = load_document(path).data
    tag = {**ENERGY, **{f"x{key}": value for key, value in values.items()}}
    (change,) = site_edit(path, Addition("m9" if new else "d0", METER if new else None, [tag]))
    assert change.after is not None
    same = next(at for at, (a, b) in enumerate(zip(text.encode() + b"\0", change.after, strict=False)) if a != b)
    tail = len(text.encode()) - same
    line_end = b"" if text.endswith("\n") else b"\r\n" if "\r\n" in text else b"\n"
    assert change.after.endswith(text.encode()[same:]) or change.after[len(text.encode()) :].startswith(line_end)
    assert tail >= 0
    after = load_document(path, change.after).data
    if new:
        assert after["devices"].pop() == {"id": "m9", **METER, "tags": [tag]}
    else:
        assert after["devices"][0]["tags"].pop() == tag
        if not after["devices"][0]["tags"]:
            del after["devices"][0]["tags"]
    assert after == before


def test_a_difference_shows_lines_and_its_digest_tells_it_from_others() -> None:
    change = FileChange("site.yaml", b"a\r\nb\r\n", b"a\r\nc\r\n")
    assert difference([change]) == ["--- site.yaml", "+++ site.yaml", "@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert difference([change.undone()])[-2:] == ["-c", "+b"]
    made = FileChange("m9.csv", None, "전력\n".encode("cp949"))
    assert difference([made]) == ["--- /dev/null", "+++ m9.csv", "@@ -0,0 +1 @@", "+전력"]
    assert difference([FileChange("m", b"\xff\xff", None)])[-1] == "-\\xff\\xff"
    assert len({digest([change]), digest([change.undone()]), digest([made]), digest([change, made]), digest([])}) == 5


def test_an_addition_survives_json() -> None:
    import json

    again = Addition.of(json.loads(json.dumps(NEW.as_json())))
    assert again == NEW


def test_a_tag_list_that_cannot_take_the_rows_is_refused(tmp_path: Path) -> None:
    site = HEAD + "devices:\n  - {id: a, protocol: modbus, host: h, tags: list.csv}\n"
    more = Addition("a", None, [{"name": "t", "work_unit": "w", "unit": "\U0001f600"}])
    (tmp_path / "list.csv").write_bytes("name,work_unit,unit\n전력,w,kW\n".encode("cp949"))
    assert refused(tmp_path, site, more).startswith("list.csv: is CP949, which cannot write")
    (tmp_path / "list.csv").write_text('name,work_unit,unit\na,"w,kW\n')
    assert refused(tmp_path, site, more) == "list.csv: ends within a quoted cell; close it first"


def test_parts_of_nodes_and_notifiers_are_written_so_that_they_are_read_back(tmp_path: Path) -> None:
    given = {"work_unit": "p", "node": "nsu=urn:x;s=P"}
    tags = [
        {"name": "a", "role": "good_count", **given, "index": "1,2", "field": "[0].AccCount"},
        {"name": "b", "role": "good_count", **given, "index": "0", "field": "Motor.Speed"},
        {"name": "c", "role": "alarm", **given, "events": True},
    ]
    text = edited(tmp_path, HEAD, Addition("p", {"protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840"}, tags))
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    found = load_site(tmp_path / "site.yaml").devices[0].tags
    assert [(tag.index, tag.field, tag.events) for tag in found if isinstance(tag, OpcUaTag)] == [
        ("1,2", "[0].AccCount", False),
        ("0", "Motor.Speed", False),
        (None, None, True),
    ]
