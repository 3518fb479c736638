"""Corrections as people give them on the command line, with and without a running collector."""

import hashlib
import json
import os
import signal
from pathlib import Path

import pytest

from collector.store.store import writing
from tests.acceptance.plant_files import SITE, Plant, Ran, at, run
from tests.acceptance.simulated_plant import process, smartwings, wait_until

WHO = ("--by", "김민수", "--reason", "meter exchanged")
READINGS = (
    f"time,tag,value\n{at(0)},energy,5000000\n{at(60)},energy,5010000\n{at(120)},energy,7000\n{at(0)},good,1\n"
    f"{at(0)},oil,80\n"
)
ORDERS = "order_id,line_id,quantity,due_date\n4711,1,5,2026-01-05\n4711,2,5,2026-01-20\n"
LOT = ("lot", "press1", "--at", at(5), "--rejected", "3")
METER = ("meter", "energy", "--at", at(90), "--old-final", "5012", "--new-first", "3", "--unit", "kWh")


@pytest.fixture
def filled(plant: Plant) -> Plant:
    assert plant.imports("readings", plant.file(READINGS)).code == 0
    assert plant.imports("orders", plant.file(ORDERS)).code == 0
    return plant


def correct(plant: Plant, *arguments: str) -> Ran:
    who = () if "--by" in arguments or arguments[0] == "list" else WHO
    return run("correct", plant.site, *arguments, *who)


def listed(plant: Plant) -> list[dict[str, object]]:
    done = correct(plant, "list", "--json")
    assert done.code == 0, done.err
    return done.json["corrections"]


def test_a_meter_change_is_said_back_with_what_it_does(filled: Plant) -> None:
    before = filled.history("energy")
    done = correct(filled, *METER)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"correction 1: meter energy changed at {at(90)}: old one ended at 5012 kWh, new one began at 3 kWh\n"
        f"between the readings 5010 at {at(60)} and 7 at {at(120)} the counter counts 6 kWh\n"
    )
    assert filled.history("energy") == before


def test_a_meter_change_as_json(filled: Plant) -> None:
    done = correct(filled, *METER, "--json")
    answer = json.loads(done.out)
    recorded = answer["correction"].pop("recorded_at")
    assert recorded.endswith("+09:00")
    assert answer == {
        "correction": {
            "id": 1,
            "kind": "meter",
            "by": "김민수",
            "reason": "meter exchanged",
            "tag": "energy",
            "at": at(90),
            "old_final": 5012.0,
            "new_first": 3.0,
            "unit": "kWh",
            "revoked": None,
        },
        "step": {
            "before": {"time": at(60), "value": 5010.0},
            "after": {"time": at(120), "value": 7.0},
            "adds": 6.0,
        },
    }


def test_a_meter_change_that_does_nothing_says_why(filled: Plant) -> None:
    wrong = correct(filled, "meter", "energy", "--at", at(90), "--old-final", "5,012", "--new-first", "3")
    assert wrong.code == 0
    assert "old one ended at 5.012 kWh" in wrong.out  # the tag is in Wh
    assert "it does not fit the readings 5010 at" in wrong.out
    late = correct(filled, "meter", "energy", "--at", at(150), "--old-final", "8", "--new-first", "0", "--unit", "kWh")
    assert late.out.endswith("it counts once there is a reading after it\n")
    early = correct(filled, "meter", "good", "--at", "2026-11-20", "--old-final", "8", "--new-first", "0")
    assert "meter good changed at 2026-11-20T08:00:00+09:00: old one ended at 8, new one began at 0\n" in early.out
    assert early.out.endswith("it counts once there is a reading before it\n")


def test_pieces_of_a_counter_have_no_unit(plant: Plant) -> None:
    plant.imports("readings", plant.file(f"time,tag,value\n{at(0)},good,10\n{at(60)},good,4\n"))
    done = correct(plant, "meter", "good", "--at", at(30), "--old-final", "12", "--new-first", "0")
    assert done.out.endswith("the counter counts 6\n")


def test_everything_is_listed_with_who_and_why_and_who_revoked_it(filled: Plant) -> None:
    assert correct(filled, "list").out == "no corrections\n"
    assert correct(filled, *METER).code == 0
    released = ("lot", "press1", "--at", at(5), "--released", "2", "--lot", "L7", "--product", "P-1", "--order", "4711")
    assert "2 released of press1" in correct(filled, *released).out
    order = ("order", "4711", "--line", "2", "--cancelled-by", "customer", "--on", "2026-01-03")
    assert correct(filled, *order).out == "correction 3: order 4711 line 2 cancelled by customer on 2026-01-03\n"
    assert correct(filled, "order", "4711", "--cancelled-by", "us").code == 0
    revoked = correct(filled, "revoke", "1", "--by", "Lee", "--reason", "wrong meter")
    assert revoked.out == "correction 5: correction 1 revoked\n"

    shown = [line.split("+09:00  ", 1)[1] for line in correct(filled, "list").out.splitlines()]
    assert shown == [
        f"meter energy changed at {at(90)}: old one ended at 5012 kWh, new one began at 3 kWh; 김민수: meter exchanged",
        "revoked by correction 5; Lee: wrong meter",
        f"2 released of press1 at {at(5)}, lot L7, product P-1, order 4711; 김민수: meter exchanged",
        "order 4711 line 2 cancelled by customer on 2026-01-03; 김민수: meter exchanged",
        "order 4711 cancelled by us; 김민수: meter exchanged",
        "correction 1 revoked; Lee: wrong meter",
    ]
    found = listed(filled)
    assert [one["kind"] for one in found] == ["meter", "lot", "order", "order", "revoke"]
    ended = found[0]["revoked"]
    assert isinstance(ended, dict)
    assert (ended["id"], ended["by"], ended["reason"]) == (5, "Lee", "wrong meter")
    assert found[4]["of"] == 1
    assert [one["revoked"] for one in found[1:]] == [None] * 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("meter", "enrgy", *METER[2:]), "tag 'enrgy': is neither in the site file nor in the store"),
        (("meter", "oil", *METER[2:]), "tag 'oil': is a gauge; only a counter has meter changes"),
        ((*METER[:4], "--old-final", "many", "--new-first", "0"), "--old-final: must be a number, not 'many'"),
        ((*METER[:4], "--old-final", "1", "--new-first", "nan"), "--new-first: must be a number, not 'nan'"),
        ((*METER[:4], "--old-final", "-1", "--new-first", "0"), "--old-final: must not be negative"),
        (("meter", "energy", "--at", "2999-01-01", *METER[4:]), "--at: must not lie in the future"),
        (("meter", "energy", "--at", "now", *METER[4:]), "--at: must be an ISO 8601 time"),
        (("meter", "energy", "--at", "2026-01-01T00:00:00", *METER[4:]), "--at: needs an offset or Z"),
        (LOT[:4], "needs either --rejected N or --released N"),
        ((*LOT, "--released", "3"), "needs either --rejected N or --released N"),
        ((*LOT[:4], "--released", ""), "--released: must be a number, not ''"),
        (("lot", "press9", *LOT[2:]), "work unit 'press9': must be one whose pieces are counted: press1"),
        (("order", "4713", "--cancelled-by", "us"), "order '4713': is not in the store"),
        (("order", "4711", "--cancelled-by", "us", "--on", "2999-01-01"), "--on: must not lie in the future"),
        (("revoke", "1"), "correction 1: there is none"),
        ((*LOT, "--by", " ", "--reason", "x"), "--by: must not be empty"),
        ((*LOT, "--by", "Kim", "--reason", ""), "--reason: must not be empty"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(filled: Plant, arguments: tuple[str, ...], said: str) -> None:
    done = correct(filled, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(said)
    assert done.err.count("\n") == 1
    assert listed(filled) == []


@pytest.mark.parametrize(
    "arguments",
    [
        (*LOT, "--by", "Kim"),
        (*LOT[:2], *LOT[4:], *WHO),
        ("order", "4711", "--cancelled-by", "them", *WHO),
        ("revoke", "first", *WHO),
        ("meter", *WHO),
        ("things", *WHO),
    ],
)
def test_wrong_usage_ends_with_2(filled: Plant, arguments: tuple[str, ...]) -> None:
    assert run("correct", filled.site, *arguments).code == 2
    assert listed(filled) == []


def test_the_same_twice_is_refused_by_name(filled: Plant) -> None:
    assert correct(filled, *LOT).code == 0
    again = correct(filled, *LOT)
    assert (again.code, again.out) == (2, "")
    assert again.err == "doubled: correction 1 says the same; --lot tells two lots apart\n"


def test_a_plant_without_a_store_can_be_corrected_and_listed(plant: Plant) -> None:
    assert listed(plant) == []
    assert not (plant.folder / "plant.db").exists()
    assert correct(plant, *METER).code == 0
    assert [one["tag"] for one in listed(plant)] == ["energy"]


def test_listing_writes_nothing(filled: Plant) -> None:
    assert correct(filled, *METER).code == 0
    files = sorted(filled.folder.iterdir())

    def content() -> list[tuple[str, int]]:
        return [(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files]

    before = content()
    assert len(listed(filled)) == 1
    assert correct(filled, "list").code == 0
    assert content() == before


def test_listing_needs_no_lock(filled: Plant) -> None:
    assert correct(filled, *METER).code == 0
    with writing(filled.folder / "plant.db"):
        assert len(listed(filled)) == 1
        refused = correct(filled, *LOT)
        assert (refused.code, "is in use by process" in refused.err) == (2, True)


def test_a_site_file_that_is_none_is_refused(tmp_path: Path) -> None:
    for arguments in (("list",), (*LOT, *WHO)):
        done = run("correct", str(tmp_path / "site.yaml"), *arguments)
        assert done.code == 2
        assert "cannot be read" in done.err


def test_corrections_beside_a_running_collector(tmp_path: Path) -> None:
    """The daemon does it; what it refuses is said in the same words."""
    plant = Plant.made(tmp_path / "plant", SITE.replace("127.0.0.1", "127.0.0.1\n    port: 1"))
    assert plant.imports("readings", plant.file(READINGS)).code == 0
    with process("run", "site.yaml", folder=plant.folder, log="run.log") as collector:
        wait_until(lambda: (plant.folder / "plant.db.sock").exists(), "it answers")
        held = json.loads(smartwings("status", "site.yaml", "--json", folder=plant.folder).stdout)
        assert held["running"]

        def said(*arguments: str) -> tuple[int, str, str]:
            done = smartwings("correct", "site.yaml", *arguments, folder=plant.folder)
            return done.returncode, done.stdout, done.stderr

        code, out, _ = said(*METER, *WHO)
        assert (code, out.splitlines()[1].endswith("the counter counts 6 kWh")) == (0, True)
        assert json.loads(said(*LOT, *WHO, "--json")[1])["correction"]["id"] == 2
        assert said(*LOT, *WHO) == (2, "", "doubled: correction 2 says the same; --lot tells two lots apart\n")
        assert said("revoke", "2", *WHO)[:2] == (0, "correction 3: correction 2 revoked\n")
        assert said("revoke", "7", *WHO)[0] == 2
        during = json.loads(said("list", "--json")[1])["corrections"]
        assert [one["kind"] for one in during] == ["meter", "lot", "revoke"]
        os.kill(collector.pid, signal.SIGTERM)
        assert collector.wait(20) == 0
    assert listed(plant) == during
