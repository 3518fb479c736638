"""What may be signed off, what is refused, and which times are looked at again for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from collector.file_import import FileImport
from collector.sign_off import signed_off
from collector.store import changes
from collector.store.corrections import all_corrections
from collector.store.store import transaction, writing
from config.load import load_site
from config.site import Site
from plant.correction import LotDecision, MeterChange, OrderCancelled
from plant.instant import format_instant, parse_instant

SITE = """
plant: {id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}
devices:
  - {id: m, protocol: modbus, host: 127.0.0.1, port: 5020, tags: [
      {name: main.energy, work_unit: plant, role: energy_import, unit: Wh, table: input, address: 72, type: float32},
      {name: new.energy, work_unit: plant, role: energy_import, table: input, address: 74, type: float32},
      {name: press1.good, work_unit: press1, role: good_count, table: holding, address: 0, type: uint32},
      {name: oil, work_unit: press1, role: temperature, table: holding, address: 4, type: int16}]}
"""
NOW_US = parse_instant("2026-03-01T00:00:00Z")


class Office:
    def __init__(self, connection: Connection, site: Site, folder: Path) -> None:
        self.connection, self.site, self.folder = connection, site, folder

    def imports(self, kind: str, text: str) -> None:
        path = self.folder / "in.csv"
        path.write_text(text)
        getattr(FileImport(self.connection, self.site, NOW_US), kind)([path])
        self.noted()

    def noted(self) -> list[tuple[str, ...]]:
        """What is to be looked at again since this was asked last, in the plant's time."""
        with transaction(self.connection):
            found, up_to = changes.noted(self.connection)
            changes.forget(self.connection, up_to)
        return [tuple(format_instant(us, self.site.zone)[5:16] for us in one) for one in found]

    def answer(self, kind: str, by: str = "Kim", reason: str = "why", **said: Any) -> dict[str, Any]:
        request = {"command": "correct", "kind": kind, "by": by, "reason": reason, "said": said}
        return signed_off(self.connection, self.site, NOW_US, request)

    def refusal(self, kind: str, by: str = "Kim", reason: str = "why", **said: Any) -> str:
        """Why something is refused; nothing is saved or noted then."""
        before = self.saved()
        answer = self.answer(kind, by, reason, **said)
        assert set(answer) == {"ok", "message"}
        assert not answer["ok"]
        assert "\n" not in answer["message"]
        assert self.saved() == before
        assert self.noted() == []
        return str(answer["message"])

    def saved(self) -> list[Any]:
        with transaction(self.connection):
            return [one.content for one in all_corrections(self.connection)]

    def meter(self, time: str, old: float, new: float, tag: str = "main.energy", unit: str | None = None) -> Any:
        return self.answer("meter", **meter(time, old, new, tag, unit))

    def lot(self, time: str, quantity: float, decision: str = "rejected", **ids: str | None) -> Any:
        return self.answer("lot", **lot(time, quantity, decision, **ids))

    def order(self, order_id: str, line_id: str | None = None, by: str = "customer", on: str | None = None) -> Any:
        return self.answer("order", **order(order_id, line_id, by, on))


def at(time: str) -> int:
    return parse_instant(f"2026-{time}:00+09:00")


def meter(time: str, old: float, new: float, tag: str = "main.energy", unit: str | None = None) -> dict[str, Any]:
    return {"tag": tag, "at_us": at(time), "old_final": old, "new_first": new, "unit": unit}


def lot(
    time: str, quantity: float, decision: str = "rejected", work_unit: str = "press1", **ids: str | None
) -> dict[str, Any]:
    return {"work_unit": work_unit, "at_us": at(time), "quantity": quantity, "decision": decision, **ids}


def order(
    order_id: str, line_id: str | None = None, cancelled_by: str = "customer", on: str | None = None
) -> dict[str, Any]:
    return {"order_id": order_id, "line_id": line_id, "cancelled_by": cancelled_by, "on": on}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "site.yaml").write_text(SITE)
    with writing(tmp_path / "plant.db") as connection:
        yield Office(connection, load_site(tmp_path / "site.yaml"), tmp_path)


def readings(*rows: tuple[str, object, str]) -> str:
    head = "time,tag,value,status\n"
    return head + "".join(f"2026-{time}:00+09:00,main.energy,{value},{status}\n" for time, value, status in rows)


# meter changes


def test_a_meter_change_is_kept_in_the_unit_of_storage(office: Office) -> None:
    office.meter("01-05T12:00", 5_012_500, 250)
    office.meter("01-06T12:00", 5.5, 0, unit="MWh")
    office.meter("01-06T12:00", 7, 1, tag="new.energy")
    assert office.saved() == [
        MeterChange("main.energy", at("01-05T12:00"), 5012.5, 0.25),
        MeterChange("main.energy", at("01-06T12:00"), 5500.0, 0.0),
        MeterChange("new.energy", at("01-06T12:00"), 7.0, 1.0),
    ]


def test_a_meter_change_touches_the_step_between_the_believed_readings_around_it(office: Office) -> None:
    rows = [("01-01T12:00", 5000, "Good"), ("01-03T12:00", "", "Bad"), ("01-07T12:00", "", "Bad")]
    office.imports("readings", readings(*rows, ("01-09T12:00", 3000, "Good"), ("01-20T12:00", 9000, "Good")))
    answer = office.meter("01-05T12:00", 6000, 1000)
    assert office.noted() == [("01-01T12:00", "01-09T12:00")]
    assert answer["step"] == {
        "before": {"time": "2026-01-01T12:00:00+09:00", "value": 5.0},
        "after": {"time": "2026-01-09T12:00:00+09:00", "value": 3.0},
        "adds": 3.0,
    }
    assert answer["correction"]["unit"] == "kWh"
    office.answer("revoke", of=1)
    assert office.noted() == [("01-01T12:00", "01-09T12:00")]


def test_a_meter_change_that_does_not_fit_the_readings_says_so(office: Office) -> None:
    office.imports("readings", readings(("01-01T12:00", 5000, "Good"), ("01-09T12:00", 3000, "Good")))
    assert office.meter("01-05T12:00", 4000, 1000)["step"]["adds"] is None
    assert office.meter("01-05T13:00", 5000, 0)["step"]["adds"] is None  # with the other one in the same step
    office.answer("revoke", of=1)
    assert office.meter("01-05T11:00", 5500, 4500)["step"]["adds"] == 0.5 + 0.5 + 3.0


def test_a_meter_change_before_the_first_or_after_the_last_reading_waits(office: Office) -> None:
    assert office.meter("01-05T12:00", 9000, 0)["step"] == {"before": None, "after": None, "adds": None}
    assert office.noted() == [("01-05T12:00", "01-05T12:00")]
    office.imports("readings", readings(("01-02T12:00", "", "Bad"), ("01-03T12:00", 1, "Good")))
    assert office.meter("01-01T12:00", 9000, 0)["step"]["before"] is None
    assert office.noted() == [("01-01T12:00", "01-03T12:00")]
    assert office.meter("01-04T12:00", 9000, 0)["step"]["after"] is None
    assert office.noted() == [("01-03T12:00", "01-04T12:00")]
    office.imports("readings", readings(("01-04T13:00", "", "Bad")))
    office.answer("revoke", of=3)
    assert office.noted() == [("01-03T12:00", "01-04T12:00")]


def test_a_meter_change_of_a_tag_that_has_become_something_else_can_still_be_revoked(office: Office) -> None:
    office.imports("readings", readings(("01-01T12:00", 5000, "Good"), ("01-09T12:00", 3000, "Good")))
    office.meter("01-05T12:00", 6000, 1000)
    office.meter("01-05T12:00", 6000, 1000, tag="new.energy")
    office.noted()
    other = SITE.replace("energy_import, unit: Wh", "level").replace("new.energy", "newer.energy")
    (office.folder / "site.yaml").write_text(other)
    office.site = load_site(office.folder / "site.yaml")
    assert office.answer("revoke", of=1)["ok"]
    assert office.noted() == [("01-01T12:00", "01-09T12:00")]
    assert office.answer("revoke", of=2)["ok"]
    assert office.noted() == [("01-05T12:00", "01-05T12:00")]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (meter("01-05T12:00", 1, 0, tag="main.enrgy"), "tag 'main.enrgy': is neither in the site file nor in the"),
        (meter("01-05T12:00", 1, 0, tag="oil"), "tag 'oil': is a gauge; only a counter has meter changes"),
        (meter("01-05T12:00", 1, 0, unit="kg"), "--unit: must be one of kWh, Wh, MWh, GWh, MJ, GJ, not 'kg'"),
        (meter("01-05T12:00", -1, 0), "--old-final: must not be negative"),
        (meter("01-05T12:00", 1, -0.5), "--new-first: must not be negative"),
        (meter("01-05T12:00", float("nan"), 0), "--old-final: must be a finite number"),
        (meter("01-05T12:00", 1, float("inf")), "--new-first: must be a finite number"),
        (meter("01-05T12:00", 1e300, 0, unit="GWh"), "--old-final: must not be above 2^53"),
        (meter("01-05T12:00", 1e308, 0, unit="GWh"), "--old-final: must not be above 2^53"),
        (meter("03-02T12:00", 1, 0), "--at: must not lie in the future"),
    ],
)
def test_a_meter_change_that_cannot_be_is_refused(office: Office, said: dict[str, Any], why: str) -> None:
    assert office.refusal("meter", **said).startswith(why)


def test_a_second_change_of_a_meter_at_the_same_time_is_refused_until_the_first_is_revoked(office: Office) -> None:
    office.meter("01-05T12:00", 9000, 0)
    office.noted()
    for old in (9000, 9001):
        why = office.refusal("meter", **meter("01-05T12:00", old, 0))
        assert why == "doubled: correction 1 is of this meter at this time; revoke it first"
    office.answer("revoke", of=1)
    assert office.meter("01-05T12:00", 9001, 0)["correction"]["id"] == 3


# lots


def test_a_lot_is_booked_at_its_time_and_touches_it(office: Office) -> None:
    office.lot("01-05T12:00", 3, lot="L7", product="P-100", order="4711")
    office.lot("01-05T12:00", 3, "released", lot="L7", product=None, order=None)
    assert office.saved()[0] == LotDecision("press1", at("01-05T12:00"), 3, "rejected", "P-100", "4711", "L7")
    assert office.saved()[1].decision == "released"
    assert office.noted() == [("01-05T12:00", "01-05T12:00")] * 2
    office.answer("revoke", of=2)
    assert office.noted() == [("01-05T12:00", "01-05T12:00")]


def test_pieces_may_be_counted_by_people_alone(office: Office) -> None:
    why = office.refusal("lot", **lot("01-05T12:00", 3, work_unit="plant"))
    assert why == "work unit 'plant': must be one whose pieces are counted: press1"
    office.imports("quantities", "time,work_unit,good\n2026-01-05T12:00:00+09:00,plant,5\n")
    assert office.answer("lot", **lot("01-05T12:00", 3, work_unit="plant"))["ok"]


def test_a_work_unit_is_not_known_where_nothing_is_counted(office: Office) -> None:
    (office.folder / "site.yaml").write_text(SITE.replace("good_count", "level"))
    office.site = load_site(office.folder / "site.yaml")
    assert office.refusal("lot", **lot("01-05T12:00", 3)).endswith("whose pieces are counted: there is none")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (lot("01-05T12:00", 3, work_unit="press9"), "work unit 'press9': must be one whose pieces are counted: press1"),
        (lot("01-05T12:00", 0), "--rejected: must be more than 0"),
        (lot("01-05T12:00", -3, "released"), "--released: must not be negative"),
        (lot("01-05T12:00", float("nan")), "--rejected: must be a finite number"),
        (lot("03-02T12:00", 3), "--at: must not lie in the future"),
        (lot("01-05T12:00", 3, lot=" "), "--lot: must not be empty"),
        (lot("01-05T12:00", 3, product="a\nb"), "--product: must be one line of at most 500 characters"),
    ],
)
def test_a_lot_that_cannot_be_is_refused(office: Office, said: dict[str, Any], why: str) -> None:
    assert office.refusal("lot", **said) == why


def test_the_same_lot_twice_is_doubled_and_another_name_tells_them_apart(office: Office) -> None:
    office.lot("01-05T12:00", 3)
    office.noted()
    why = office.refusal("lot", **lot("01-05T12:00", 3))
    assert why == "doubled: correction 1 says the same; --lot tells two lots apart"
    assert office.lot("01-05T12:00", 3, lot="L8")["ok"]
    office.answer("revoke", of=1)
    assert office.lot("01-05T12:00", 3)["ok"]


# orders

ORDERS = "order_id,line_id,quantity,due_date\n4711,1,5,2026-01-05\n4711,2,5,2026-01-20\n4712,1,5,2026-04-20\n"


def test_a_cancelled_order_touches_the_due_dates_of_all_its_lines(office: Office) -> None:
    office.imports("orders", ORDERS)
    office.order("4711", "1", "us")
    assert office.noted() == [("01-05T08:00", "01-20T08:00")]
    answer = office.order("4711", None, "customer", "2026-01-02")
    assert {key: answer["correction"][key] for key in ("kind", "order_id", "line_id", "status", "on")} == {
        "kind": "order",
        "order_id": "4711",
        "line_id": None,
        "status": "cancelled_by_customer",
        "on": "2026-01-02",
    }
    office.order("4712")
    office.answer("revoke", of=2)
    assert office.noted() == [("01-05T08:00", "01-20T08:00")] * 2  # nothing is reported of April yet
    assert [one.status for one in office.saved() if isinstance(one, OrderCancelled)] == [
        "cancelled_by_us",
        "cancelled_by_customer",
        "cancelled_by_customer",
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (order("4713"), "order '4713': is not in the store; import it first"),
        (order("4711", "3"), "--line: must be a line of order '4711': 1, 2; not '3'"),
        (order("4711", on="2026-03-02"), "--on: must not lie in the future"),
        (order("4711", on="3.2.2026"), "--on: must be an ISO 8601 date, as in 2026-11-22, not '3.2.2026'"),
        (order("4711", on="0026-03-02"), "--on: must lie in the years 1900 to 9899, not '0026-03-02'"),
    ],
)
def test_an_order_that_cannot_be_cancelled_is_refused(office: Office, said: dict[str, Any], why: str) -> None:
    office.imports("orders", ORDERS)
    assert office.refusal("order", **said) == why


def test_what_is_cancelled_cannot_be_cancelled_again_before_it_is_revoked(office: Office) -> None:
    office.imports("orders", ORDERS)
    office.order("4711")
    office.noted()
    assert office.refusal("order", **order("4711", None, "us")) == "doubled: correction 1 cancels it; revoke that first"
    assert office.order("4711", "1", "us")["ok"]
    office.answer("revoke", of=1)
    assert office.order("4711", None, "us")["ok"]


# revocations, and who signs


def test_what_is_revoked_twice_or_is_a_revocation_is_refused(office: Office) -> None:
    office.lot("01-05T12:00", 3)
    office.answer("revoke", of=1)
    office.noted()
    assert office.refusal("revoke", of=1) == "correction 1: was revoked already, by correction 2"
    assert office.refusal("revoke", of=2) == "correction 2: is a revocation; sign off again what it revoked"
    none = "correction {}: there is none; smartwings correct SITE list shows them"
    for of in (0, 3, 2**70):
        assert office.refusal("revoke", of=of) == none.format(of)


@pytest.mark.parametrize("text", ["", "  ", "\t\n"])
def test_nobody_signs_off_without_name_and_reason(office: Office, text: str) -> None:
    said = lot("01-05T12:00", 3)
    assert office.refusal("lot", by=text, **said) == "--by: must not be empty"
    assert office.refusal("lot", reason=text, **said) == "--reason: must not be empty"


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "a\u2028b", "\u202eb", "\udcff", "x" * 501])
def test_name_and_reason_are_one_line_that_can_be_shown(office: Office, text: str) -> None:
    said = lot("01-05T12:00", 3)
    assert office.refusal("lot", by=text, **said) == "--by: must be one line of at most 500 characters"
    assert office.answer("lot", by=" 김\u3000민수 ", reason="x" * 500, **said)["correction"]["by"] == "김\u3000민수"
