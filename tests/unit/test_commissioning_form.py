from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.datastructures import FormData

from collector.page.commissioning_form import FormError, added_tags, named_tags, new_device, probe_of
from collector.page.drafts import KEPT_S, MOST_DRAFTS, MOST_TAGS, Candidate, Draft, Drafts
from connectors.modbus_expected import expected
from connectors.modbus_probe import Probe
from tests.unit.site_files import PLANT, loaded

SITE = PLANT + "devices:\n  - {id: m1, protocol: modbus, host: h}\n"
NEW = {"device": "m9", "protocol": "modbus", "host": "192.168.10.7"}


def draft(*candidates: Candidate) -> Draft:
    return Draft("kim", "m9", "modbus", {}, "h:502", 0.0, candidates=list(candidates))


def candidate(address: int) -> Candidate:
    tag = {"name": "m9.power", "work_unit": "m9", "role": "power", "table": "input", "address": address}
    return Candidate(f"input {address}", "", "float32", 1.0, "", tag)


def test_a_new_device_has_what_was_filled_in(tmp_path: Path) -> None:
    site = loaded(tmp_path, SITE)
    modbus = {"protocol": "modbus", "host": "192.168.10.7", "port": 502, "unit": 1}
    assert new_device(FormData(NEW), site) == ("m9", "modbus", modbus)
    server = {"device": "s", "protocol": "opcua", "endpoint": " opc.tcp://10.0.0.1:4840 "}
    secure = {"protocol": "opcua", "endpoint": "opc.tcp://10.0.0.1:4840", "security": "Basic256Sha256"}
    assert new_device(FormData(server), site) == ("s", "opcua", secure)
    assert new_device(FormData({"there": "m1"}), site) == ("m1", "modbus", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "m1"},
        {"device": "../m9"},
        {"device": ""},
        {"host": ""},
        {"host": "http://h"},
        {"host": "a b"},
        {"host": "h" * 300},
        {"port": "0"},
        {"port": "70000"},
        {"port": "x"},
        {"unit": "256"},
        {"protocol": "opcua", "endpoint": "http://h"},
        {"there": "m2"},
    ],
)
def test_what_is_no_address_is_refused(tmp_path: Path, wrong: Mapping[str, str]) -> None:
    with pytest.raises(FormError):
        new_device(FormData({**NEW, **wrong}), loaded(tmp_path, SITE))


def test_a_probe_is_what_was_asked_for() -> None:
    asked = {"table": "input", "address": "72", "count": "2", "expect": "1,234.5"}
    assert probe_of(FormData(asked)) == (Probe("input", 72, 2), expected("1,234.5"))
    assert probe_of(FormData({**asked, "expect": ""})) == (Probe("input", 72, 2), None)
    for wrong in ({"table": "x"}, {"address": "70000"}, {"count": "0"}, {"expect": "much"}):
        with pytest.raises(FormError):
            probe_of(FormData({**asked, **wrong}))


def test_ticked_tags_are_taken_once_under_free_names_and_not_too_many() -> None:
    made = draft(*(candidate(2 * at) for at in range(MOST_TAGS + 5)))
    ticks = FormData([("pick", "0"), ("pick", "0"), ("pick", "1"), ("pick", "999"), ("pick", "x")])
    made.tags = added_tags(made, ticks, {"m9.power"})
    assert [(tag["name"], tag["address"]) for tag in made.tags] == [("m9.power_2", 0), ("m9.power_3", 2)]
    everything = FormData([("pick", str(at)) for at in range(MOST_TAGS + 5)])
    assert len(added_tags(made, everything, set())) == MOST_TAGS


def test_tags_are_as_they_were_named_and_keep_where_they_are() -> None:
    made = draft(candidate(0), candidate(2))
    made.tags = [candidate(0).tag, candidate(2).tag]
    form = {"name_0": "e", "work_unit_0": "w", "role_0": "energy_import", "unit_0": "Wh", "max_rate_0": "600"}
    tags, poll_s = named_tags(made, FormData({**form, "without_1": "on", "poll_s": "0.5"}))
    named = {"name": "e", "work_unit": "w", "role": "energy_import", "unit": "Wh", "max_rate": 600}
    assert tags == [{**named, "table": "input", "address": 0}]
    assert poll_s == 0.5
    assert named_tags(made, FormData({"poll_s": "often"}))[1] is None


def test_a_draft_is_its_sessions_own_and_ends() -> None:
    now = [0.0]
    drafts = Drafts(lambda: now[0])
    first = drafts.begin("kim", "m9", "modbus", {}, "h")
    assert drafts.find(first, "kim") is not None
    assert drafts.find(first, "lee") is None
    assert drafts.find(first, None) is None
    now[0] = KEPT_S + 1
    assert drafts.find(first, "kim") is None
    later = drafts.begin("kim", "m9", "modbus", {}, "h")
    drafts.end(later)
    assert drafts.find(later, "kim") is None
    names = [drafts.begin("kim", "m9", "modbus", {}, "h") for _ in range(MOST_DRAFTS + 1)]
    assert drafts.find(names[0], "kim") is None
    assert drafts.find(names[-1], "kim") is not None
