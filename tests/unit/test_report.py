"""Does a report survive every store and wire, and does every change of it show?"""

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import SEOUL, chain, day, key_of, kpi_json, unsigned

import kpi.report_schema
from kpi.acknowledgement import Ack, PlantStatus, ack_of, status_of
from kpi.report import (
    MOST_BYTES,
    ReportError,
    canonical,
    checked,
    event_sha256,
    from_payload,
    public_key,
    report_id,
    sign,
    to_payload,
    verify,
)
from kpi.report_schema import report_schema
from plant.instant import parse_instant
from plant.period import Period, PeriodKind

KEY = key_of(1)
PUBLIC = KEY.public_key()
DAY = day(date(2026, 11, 21))
SIGNED = sign(unsigned(DAY), KEY)

amounts = st.one_of(st.none(), st.floats(-(2**53) + 1, 2**53 - 1, allow_nan=False))
values = st.builds(
    lambda number, numerator, scope: kpi_json(DAY, value=number, numerator=numerator, scope=scope, savings=number),
    amounts,
    amounts,
    st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=40),
)


def test_a_report_is_the_event_of_the_contract() -> None:
    assert {name: SIGNED[name] for name in ("specversion", "id", "source", "type", "time", "subject")} == {
        "specversion": "1.0",
        "id": "kr-ansan-0421/day/2026-11-21/1",
        "source": "/iim/kr-ansan-0421",
        "type": "smartwings.report.v1",
        "time": "2026-11-22T08:05:00+09:00",
        "subject": "day/2026-11-21",
    }
    assert SIGNED["data"]["period"]["end"] == "2026-11-22T08:00:00+09:00"
    assert (SIGNED["data"]["values"][0]["revision"], SIGNED["data"]["values"][0]["state"]) == (1, "provisional")
    start, end = (parse_instant(f"2026-11-21T{hour}:00:00+09:00") for hour in ("08", "20"))
    shift = Period(PeriodKind.SHIFT, "2026-11-21/day", start, end)
    assert report_id("kr-ansan-0421", shift, 1) == "kr-ansan-0421/shift/2026-11-21/day/1"
    assert checked(sign(unsigned(shift), KEY)).subject == "shift/2026-11-21/day"


def test_values_without_a_source_are_left_out() -> None:
    without = kpi_json(DAY, kpi="energy", value=None, reason="no_source")
    assert [one["kpi"] for one in unsigned(DAY, values=[without, kpi_json(DAY)])["data"]["values"]] == ["defect_rate"]


@pytest.mark.parametrize(
    ("bits", "written"),
    [  # RFC 8785, appendix B
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("4340000000000000", None),  # 2^53: beyond what reports may hold
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("7fffffffffffffff", None),
        ("7ff0000000000000", None),
    ],
)
def test_numbers_are_written_as_rfc_8785_says(bits: str, written: str | None) -> None:
    import struct

    number = struct.unpack(">d", bytes.fromhex(bits))[0]
    if written is None:
        with pytest.raises(ReportError):
            canonical({"n": number})
    else:
        assert canonical({"n": number}) == b'{"n":' + written.encode() + b"}"


def test_text_and_keys_are_written_as_rfc_8785_says() -> None:
    # RFC 8785, sections 3.2.2 and 3.2.3
    data = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew", "1": "One", "\U0001f600": "Smiley",
            "\u0080": "Control", "\u00f6": "o"}  # fmt: skip
    assert list(json.loads(canonical(data))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    text = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"}
    assert canonical(text) == '{"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'.encode()


@given(st.lists(values, max_size=4, unique_by=lambda one: one["scope"]))
def test_a_report_survives_json_both_ways(reported: list[dict[str, Any]]) -> None:
    event = sign(unsigned(DAY, values=reported), KEY)
    back, report = from_payload(to_payload(event))
    assert verify(back, PUBLIC)
    assert event_sha256(back) == event_sha256(event)
    loose, _ = from_payload(json.dumps(event, indent=1, sort_keys=True).encode())
    assert to_payload(loose) == to_payload(event)
    assert [one.value for one in report.data.values] == [one["value"] for one in reported]


@given(st.data())
def test_any_changed_byte_shows(data: st.DataObject) -> None:
    payload = bytearray(to_payload(SIGNED))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    try:
        event, _ = from_payload(bytes(payload))
    except ReportError:
        return
    assert event == SIGNED or (not verify(event, PUBLIC) and event_sha256(event) != event_sha256(SIGNED))


def test_another_key_or_another_writing_of_the_signature_is_refused() -> None:
    assert not verify(SIGNED, key_of(2).public_key())
    twin = SIGNED["signature"][:85] + chr(ord(SIGNED["signature"][85]) + 1) + "=="  # other unused bits
    for signature in (twin, "", "x", None, 7):
        assert not verify({**SIGNED, "signature": signature}, PUBLIC)


def test_a_chain_names_the_hash_before() -> None:
    first, second = chain(2, KEY)
    assert first["previous"] == ""
    assert second["previous"] == event_sha256(first)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"extra": 1}, "extra"),
        ({"sequence": 0}, "sequence"),
        ({"sequence": True}, "sequence"),
        ({"sequence": "1"}, "sequence"),
        ({"sequence": 2**53}, "2\\^53"),
        ({"id": "kr-ansan-0421/day/2026-11-21/2"}, "id"),
        ({"subject": "day/2026-11-22"}, "subject"),
        ({"source": "/iim/kr-ansan-0421/x"}, "source"),
        ({"source": "/iim/kr-busan-0001"}, "id"),
        ({"time": "2026-13-45T00:00:00Z"}, "time"),
        ({"data": []}, "data"),
        ({"previous": "abc"}, "previous"),
        ({"signature": math.inf}, "finite"),
        ({"data": {1: 2}}, "JSON"),
    ],
)
def test_what_is_not_a_report_is_refused_with_a_reason(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ReportError, match=said):
        checked({**SIGNED, **changed})


@pytest.mark.parametrize("end", ["2026-11-21T00:00:00.000Z", "2026-11-20T00:00:00.000Z"])
def test_a_period_that_does_not_last_is_refused(end: str) -> None:
    period = {**SIGNED["data"]["period"], "start": "2026-11-21T00:00:00.000Z", "end": end}
    with pytest.raises(ReportError, match=r"data\.period: must end after it starts"):
        checked({**SIGNED, "data": {**SIGNED["data"], "period": period}})


def test_a_kpi_of_a_scope_stands_once() -> None:
    with pytest.raises(ReportError, match="twice"):
        sign(unsigned(DAY, values=[kpi_json(DAY), kpi_json(DAY)]), KEY)


def test_size_is_checked_before_a_report_is_stored() -> None:
    many = [kpi_json(DAY, scope=f"press{at}") for at in range(400)]
    with pytest.raises(ReportError, match=str(MOST_BYTES)):
        sign(unsigned(DAY, values=many), KEY)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"\\ud800":1}',
        b" " * (MOST_BYTES + 1),
    ],
)
def test_hostile_bytes_give_one_kind_of_error(payload: bytes) -> None:
    for read in (from_payload, ack_of, status_of):
        with pytest.raises(ReportError):
            read(payload)


@given(st.binary(max_size=200))
def test_any_bytes_give_one_kind_of_error(payload: bytes) -> None:
    with pytest.raises(ReportError):
        from_payload(payload)


def test_acks_and_status_survive_json() -> None:
    ack = Ack(
        id=SIGNED["id"],
        sha256=event_sha256(SIGNED),
        result="accepted",
        reason=None,
        received_to=41,
        missing=((12, 14),),
    )
    assert json.loads(ack.to_payload())["missing"] == [[12, 14]]
    assert ack_of(ack.to_payload()) == ack
    status = PlantStatus(online=True, since=SIGNED["time"], version="0.1.0", site_sha256="5" * 64, pending=3)
    assert status_of(status.to_payload()) == status


def test_the_shipped_schema_is_that_of_the_code() -> None:
    # To write it again: json.dumps(report_schema(), indent=2) and a line end.
    shipped = Path(kpi.report_schema.__file__).with_name("report.v1.json").read_text(encoding="utf-8")
    assert shipped == json.dumps(report_schema(), indent=2) + "\n"


def test_a_public_key_is_what_init_prints() -> None:
    import base64

    printed = base64.b64encode(PUBLIC.public_bytes_raw()).decode()
    assert public_key(printed) == PUBLIC
    assert SEOUL.key == "Asia/Seoul"
    with pytest.raises(ValueError, match="key"):
        public_key("AAAA")
