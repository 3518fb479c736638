import json
from pathlib import Path
from typing import Any

import pytest

from collector import device_trouble_text, plant_trouble_text
from collector.buffer import Buffer, Outlook
from collector.device_trouble import device_troubles
from collector.health import Snapshot
from collector.plant_trouble import BadTag, Kept, collecting_troubles, kept_troubles, not_running
from collector.store.reports import StoredReport
from collector.tag_trouble_text import OF_STATUS
from collector.trouble import Form, Severity, Trouble, worst_first
from config.devices import ModbusDevice, OpcUaDevice
from config.site import Site
from connectors.block_health import BlockHealth
from connectors.certificate_state import CertificateState, Whose
from connectors.device_health import MANY_LATE, Cause, DeviceHealth
from plant.instant import US_PER_S

NOW = 10**6 * US_PER_S
DAY = 86400 * US_PER_S
METER = ModbusDevice(id="meter", protocol="modbus", host="10.0.0.7", unit=3, poll_s=2.0)
PRESS = OpcUaDevice(id="press", protocol="opcua", endpoint="opc.tcp://10.0.0.5:4840")
SITE = Site.model_validate({"plant": {"id": "kr-one", "time_zone": "Asia/Seoul"}}).model_copy(
    update={"devices": (METER, PRESS)}
)


def off(cause: Cause, error: str = "why") -> DeviceHealth:
    health = DeviceHealth(last_good_us=NOW - 60 * US_PER_S)
    health.failed(error, cause)
    return health


def of_device(device: ModbusDevice | OpcUaDevice, health: DeviceHealth, started_us: int = 0) -> list[Trouble]:
    return list(device_troubles([(device, health)], started_us, NOW))


def snapshot(**changed: Any) -> Snapshot:
    well: dict[str, Any] = {
        "at_us": NOW, "started_us": NOW - DAY, "devices": {}, "committed": 7, "waiting_reports": 0, "free_share": 0.5,
        "clock_offset_s": 0.0,
    }  # fmt: skip
    return Snapshot(**{**well, **changed})


def forms() -> list[Form]:
    singles = [
        one for module in (device_trouble_text, plant_trouble_text) for one in vars(module).values()
        if isinstance(one, Form)
    ]  # fmt: skip
    tables = device_trouble_text.CONNECTION, device_trouble_text.EXCEPTIONS, OF_STATUS
    return singles + [form for table in tables for form in table.values()]


def test_every_form_says_in_both_languages_what_is_wrong_and_what_to_do() -> None:
    for form in forms():
        for said in (form.what, form.remedy):
            assert said.en
            assert any("가" <= letter <= "힣" for letter in said.ko), said.en
            assert said.en.count("{") >= said.ko.count("{"), said.ko


def test_every_cause_gives_a_trouble_with_its_own_remedy() -> None:
    remedies = set()
    for cause in Cause:
        (found,) = of_device(PRESS, off(cause))
        assert (found.kind, found.subject, found.severity) == ("not_connected", "press", Severity.FAILURE)
        assert found.since_us == NOW - 60 * US_PER_S
        assert "{" not in found.what.en + found.what.ko + found.remedy.en + found.remedy.ko
        remedies.add(found.remedy.en)
    assert len(remedies) == len(device_trouble_text.CONNECTION) + 1


def test_a_device_that_is_off_is_named_with_its_address() -> None:
    (found,) = of_device(METER, off(Cause.NO_ANSWER))
    assert found.what.en == "meter: nothing answers at 10.0.0.7:502."
    assert "10.0.0.7:502" in found.what.ko
    assert "ping 10.0.0.7" in found.remedy.en


def test_a_certificate_that_is_not_trusted_names_the_command_that_trusts_it() -> None:
    (found,) = of_device(PRESS, off(Cause.NOT_TRUSTED, "the server's certificate is not trusted: SHA-256 AB"))
    assert "smartwings trust SITE press" in found.remedy.en
    assert "smartwings trust SITE press" in found.remedy.ko


def test_the_first_attempt_is_waited_for() -> None:
    assert of_device(METER, DeviceHealth(), NOW - 5 * US_PER_S) == []
    (found,) = of_device(METER, DeviceHealth(), NOW - 20 * US_PER_S)
    assert "no answer yet" in found.what.en


def test_a_device_in_order_gives_no_trouble() -> None:
    block = BlockHealth("holding", 0, 2, ("a",))
    block.answered(0.01, NOW)
    assert of_device(METER, DeviceHealth(connected_since_us=1, blocks=[block])) == []


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 10, 11, 77])
def test_a_refused_block_names_addresses_tags_and_code(code: int) -> None:
    block = BlockHealth("holding", 500, 2, ("a", "b", "c", "d"))
    block.refused(code, "some meaning", NOW - US_PER_S)
    (found,) = of_device(METER, DeviceHealth(connected_since_us=1, blocks=[block]))
    assert found.what.en == f"meter: unit 3 refuses holding 500-501 (a, b, c +1): exception {code}, some meaning."
    assert f"장치 meter(국번 3): holding 500-501 (a, b, c +1) 읽기를 거부합니다. 예외 코드 {code}" in found.what.ko
    assert found.since_us == NOW - US_PER_S
    assert "{" not in found.remedy.en + found.remedy.ko


def test_an_address_that_is_not_there_comes_with_the_command_that_looks_for_it() -> None:
    block = BlockHealth("input", 72, 2, ("energy",))
    block.refused(2, "illegal data address", NOW)
    (found,) = of_device(METER, DeviceHealth(connected_since_us=1, blocks=[block]))
    assert "smartwings probe modbus 10.0.0.7:502 --unit 3 --table input --address 72 --count 2" in found.remedy.en


def test_addresses_that_are_refused_alike_are_told_once_and_silent_ones_apart() -> None:
    health = DeviceHealth(connected_since_us=1)
    for at, code in ((37, 2), (40, 2), (44, 4), (50, 2), (51, 2), (60, None)):
        block = BlockHealth("holding", at, 1, (f"r{at}",))
        if code is not None:
            block.refused(code, "meaning", NOW - at)
        block.put_away(NOW + US_PER_S, NOW - at)
        health.blocks.append(block)
    silent, refused, broken = of_device(METER, health)
    assert silent.what.en == "meter: unit 3 is silent when asked for holding 60 (r60), and answers the rest."
    assert "holding 37 (r37), holding 40 (r40), holding 50 (r50) (+1): exception 2" in refused.what.en
    assert "holding 44 (r44): exception 4" in broken.what.en
    assert refused.since_us == NOW - 51
    assert len({one.remedy.en for one in (silent, refused, broken)}) == 3


def behind_a_gateway(*causes: Cause | None) -> list[tuple[ModbusDevice, DeviceHealth]]:
    """Units of one line, each away for a cause or (None) answering."""
    found = []
    for unit, cause in enumerate(causes, 1):
        device = METER.model_copy(update={"id": f"meter{unit}", "unit": unit})
        health = DeviceHealth(connected_since_us=1, last_good_us=NOW) if cause is None else off(cause)
        health.line = device.line
        found.append((device, health))
    return found


def test_a_silent_unit_is_told_apart_from_a_silent_line() -> None:
    (found,) = device_troubles(behind_a_gateway(None, Cause.SILENT, None), 0, NOW)
    assert (found.subjects, found.what.en) == (
        ("meter2",),
        "meter2: unit 2 behind 10.0.0.7:502 is silent, the others there answer.",
    )
    assert "its power, its wiring and its unit number" in found.remedy.en
    (found,) = device_troubles(behind_a_gateway(Cause.SILENT, Cause.SILENT, Cause.SILENT, Cause.SILENT), 0, NOW)
    assert found.subjects == ("meter1", "meter2", "meter3", "meter4")
    assert found.what.en == "meter1, meter2, meter3 (+1): nothing behind 10.0.0.7:502 answers."
    (found,) = device_troubles(behind_a_gateway(Cause.SILENT), 0, NOW)
    assert found.what.en == "meter1: unit 1 at 10.0.0.7:502 is silent."
    assert found.remedy.en.endswith("smartwings probe modbus 10.0.0.7:502")


def test_a_line_that_cannot_be_used_is_told_once_for_all_its_devices() -> None:
    (found,) = device_troubles(behind_a_gateway(*[Cause.CONNECTION_REFUSED] * 3), 0, NOW)
    assert found.what.en == "meter1, meter2, meter3: 10.0.0.7:502 refuses the connection."
    assert Trouble.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_units_that_were_not_asked_since_the_line_fell_silent_do_not_count_as_answering() -> None:
    known = behind_a_gateway(None, Cause.SILENT, Cause.SILENT)
    known[0][1].last_good_us = known[1][1].last_good_us + US_PER_S
    (found,) = device_troubles(known, 0, NOW)
    assert found.what.en == "meter2, meter3: nothing behind 10.0.0.7:502 answers."


def test_a_unit_is_not_said_to_be_alone_in_its_silence_before_another_has_answered() -> None:
    known = behind_a_gateway(Cause.SILENT, Cause.SILENT)
    known[1][1].last_error = known[1][1].last_good_us = None
    (found,) = device_troubles(known, NOW - US_PER_S, NOW)
    assert (found.subjects, found.what.en) == (("meter1",), "meter1: nothing behind 10.0.0.7:502 answers.")


def test_a_serial_line_is_named_as_the_probe_wants_it() -> None:
    device = ModbusDevice(id="bus", protocol="modbus", transport="rtu", serial_port="/dev/ttyUSB0", unit=5)
    (found,) = of_device(device, off(Cause.SILENT))
    assert found.what.en == "bus: unit 5 at /dev/ttyUSB0 is silent."
    assert "probe modbus --serial-port /dev/ttyUSB0 --baudrate 9600 --parity even" in found.remedy.en


def test_nodes_that_a_server_cannot_give_are_told_by_status() -> None:
    refused = {"b": "BadNotReadable", "a": "BadNodeIdUnknown", "c": "BadNodeIdUnknown", "d": "BadSensorFailure"}
    found = of_device(PRESS, DeviceHealth(connected_since_us=1, refused_tags=refused))
    assert [one.what.en for one in found] == [
        "press: the server does not know the nodes of a, c.",
        "press: the server does not let us read b.",
        "press: the server cannot give d: BadSensorFailure.",
    ]


def test_late_polls_and_a_wrong_clock_are_told_while_they_are_recent() -> None:
    late = DeviceHealth(connected_since_us=1, polls_late=4)
    late.late_us.extend([NOW - US_PER_S] * (MANY_LATE - 1))
    assert of_device(METER, late) == [], "a few may be skipped"
    late.late_us.append(NOW)
    assert [one.kind for one in of_device(METER, late)] == ["polls_late"]
    wrong = DeviceHealth(connected_since_us=1, clock_offset_s=-3600.0, clock_offset_us=NOW - US_PER_S)
    (found,) = of_device(PRESS, wrong)
    assert "off by -3600 s" in found.what.en
    wrong.clock_offset_us = late.late_us[0] = NOW - 2 * 3600 * US_PER_S
    assert of_device(METER, late) == of_device(PRESS, wrong) == []


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"store_fault": "database or disk is full."}, "store_fault"),
        ({"free_share": 0.0499}, "disk_low"),
        ({"clock_stepped_us": NOW - US_PER_S, "clock_offset_s": 3600.0}, "clock_stepped"),
        ({"report_fault": "the broker does not answer"}, "broker"),
        ({"failed_reports": {"day/2026-11-21/1": "too large"}}, "report_impossible"),
        ({"recent_faults": {"publisher": "OSError: x"}}, "task"),
        ({"devices": {"meter": off(Cause.CLOSED)}}, "not_connected"),
    ],
)
def test_everything_that_the_daemon_knows_to_be_wrong_is_told(changed: dict[str, Any], kind: str) -> None:
    assert collecting_troubles(SITE, snapshot()) == []
    (found,) = collecting_troubles(SITE, snapshot(**changed))
    assert found.kind == kind
    assert "{" not in found.what.en + found.what.ko


def test_a_broker_has_time_to_answer_after_the_start() -> None:
    young = snapshot(report_fault="not connected yet", started_us=NOW - 5 * US_PER_S)
    assert collecting_troubles(SITE, young) == []


def test_failures_come_before_warnings() -> None:
    found = collecting_troubles(
        SITE, snapshot(clock_stepped_us=NOW, devices={"meter": off(Cause.CLOSED)}, store_fault="x")
    )
    assert [one.kind for one in found] == ["store_fault", "not_connected", "clock_stepped"]
    assert worst_first(reversed(found))[-1].kind == "clock_stepped"


def test_a_trouble_comes_through_the_control_socket_as_it_was() -> None:
    (found,) = of_device(METER, off(Cause.NO_ROUTE))
    assert Trouble.from_json(json.loads(json.dumps(found.as_json()))) == found


def report(sequence: int, state: str, created_us: int, reason: str | None = None) -> StoredReport:
    name = f"kr-one/day/2026-11-{sequence:02}/1"
    return StoredReport(
        1, sequence, name, "day", "x", 1, "provisional", state, "", created_us, created_us, reason=reason
    )


def test_rejected_reports_are_told_with_reason_and_the_command_that_sends_them_again() -> None:
    kept = Kept(rejected=(report(4, "rejected", NOW - DAY, "signature: is not the plant's"),))
    (found,) = kept_troubles(kept, [], NOW)
    assert found.what.en == "The programme refused report kr-one/day/2026-11-04/1: signature: is not the plant's."
    assert "--resend 4-4" in found.remedy.ko


def test_reports_that_nobody_answers_are_told_unless_the_broker_is_away() -> None:
    kept = Kept(unanswered=(report(1, "pending", NOW - 3 * 3600 * US_PER_S), report(2, "pending", NOW)))
    (found,) = kept_troubles(kept, [], NOW)
    assert "2 reports wait" in found.what.en
    assert "3.0 h" in found.what.en
    (away,) = collecting_troubles(SITE, snapshot(report_fault="no connection"))
    assert kept_troubles(kept, [away], NOW) == []
    assert kept_troubles(Kept(unanswered=(report(2, "pending", NOW),)), [], NOW) == []


def test_bad_tags_are_told_unless_their_device_is_in_trouble_already() -> None:
    bad = tuple(BadTag("meter", name, 0x808C0000, NOW - at) for at, name in enumerate("abcd"))
    (found,) = kept_troubles(Kept(bad_tags=bad), [], NOW)
    assert found.what.en == "meter: a, b, c (+1) read Bad (BadSensorFailure)."
    assert found.since_us == NOW - 3
    assert kept_troubles(Kept(bad_tags=bad), of_device(METER, off(Cause.CLOSED)), NOW) == []
    assert kept_troubles(Kept(bad_tags=bad), [not_running(None)], NOW) == []
    line = list(device_troubles(behind_a_gateway(Cause.SILENT, Cause.SILENT), 0, NOW))
    of_second = (BadTag("meter2", "a", 0x808C0000, NOW),)
    assert kept_troubles(Kept(bad_tags=of_second), line, NOW) == []


def test_a_tag_that_is_none_of_its_role_is_told_though_other_nodes_of_its_device_are_refused() -> None:
    refused = of_device(PRESS, DeviceHealth(connected_since_us=1, refused_tags={"gone": "BadNodeIdUnknown"}))
    mismatch, unknown = 0x80740000, 0x80340000
    bad = (
        BadTag("press", "zones", mismatch, NOW, "opc.tcp://press:4840"),
        BadTag("press", "gone", unknown, NOW, "opc.tcp://press:4840"),
    )
    (found,) = kept_troubles(Kept(bad_tags=bad), [Trouble.from_json(one.as_json()) for one in refused], NOW)
    assert found.what.en == "press: the values of zones are of a kind that their role cannot be."
    assert "needs index" in found.remedy.en
    assert "smartwings browse opc.tcp://press:4840" in found.remedy.ko


@pytest.mark.parametrize(
    ("days", "severity", "said"),
    [
        (60, None, ""),
        (59, Severity.WARNING, "is valid for 59 more days"),
        (30, Severity.WARNING, "is valid for 30 more days"),
        (29, Severity.WARNING, "is valid for 29 days only"),
        (7, Severity.WARNING, "is valid for 7 days only"),
        (6, Severity.FAILURE, "is valid for 6 days only"),
        (0, Severity.FAILURE, "is valid for 0 days only"),
        (-1, Severity.FAILURE, "has not been valid since 1 days ago"),
    ],
)
def test_certificates_are_told_before_and_after_they_end(days: int, severity: Severity | None, said: str) -> None:
    certificate = CertificateState("trusted/press.der", "CN=x", "AB", 0, NOW + days * DAY + 1)
    found = kept_troubles(Kept(certificates=(("press", certificate),)), [], NOW)
    assert [one.severity for one in found] == ([] if severity is None else [severity])
    assert [one for one in found if said not in one.what.en or "{" in one.what.ko + one.remedy.ko] == []


@pytest.mark.parametrize(
    ("whose", "remedy"),
    [
        ("own", "smartwings certificate SITE --opcua"),
        ("server", "smartwings trust SITE press"),
        ("user", "put it in its place"),
        ("authority", "put it in its place"),
    ],
)
def test_a_certificate_that_ends_has_the_remedy_of_whose_it_is(whose: Whose, remedy: str) -> None:
    certificate = CertificateState("one.der", "CN=x", "AB", 0, NOW + 3 * DAY, whose)
    (found,) = kept_troubles(Kept(certificates=(("press", certificate),)), [], NOW)
    assert remedy in found.remedy.en
    assert ("smartwings" in remedy) == ("smartwings" in found.remedy.ko)


def test_what_is_less_than_secure_is_told_and_an_end_that_is_accepted_is_told_once() -> None:
    ended = CertificateState("trusted/press.der", "CN=x", "AB", 0, NOW - DAY)
    accepted = Kept(certificates=(("press", ended),), exceptions=(("press", ("expired", "host")),))
    (found,) = kept_troubles(accepted, [], NOW)
    assert (found.kind, found.severity) == ("security_exception", Severity.WARNING)
    assert "expired, host" in found.what.en
    assert "expired, host" in found.what.ko
    other = Kept(certificates=(("press", ended),), exceptions=(("press", ("host",)),))
    assert [one.kind for one in kept_troubles(other, [], NOW)] == ["certificate", "security_exception"]


def test_settings_that_changed_since_the_start_are_told() -> None:
    assert kept_troubles(Kept(started_us=5, started_sha256="a", site_sha256="a"), [], NOW) == []
    (found,) = kept_troubles(Kept(started_us=5, started_sha256="a", site_sha256="b"), [], NOW)
    assert found.kind == "settings_changed"


def test_a_disk_that_fills_within_two_weeks_is_told() -> None:
    def left(hours: float | None) -> list[str]:
        outlook = Buffer(Outlook.FILLS, hours, 1, 1.0, 7, 0.0, False, None)
        return [one.what.en for one in kept_troubles(Kept(buffer=outlook), [], NOW)]

    assert left(48.0) == ["At the present rate the disk of the store is full in 2.0 days."]
    assert left(24 * 15.0) == left(None) == []


def test_a_certificate_that_cannot_be_used_or_believed_has_a_remedy_of_its_own() -> None:
    secured = METER.model_copy(update={"transport": "tls", "ca_file": "ca.pem"})
    (unusable,) = of_device(secured, off(Cause.CERTIFICATE_FILE, "cannot use ca.pem: no certificate"))
    assert "ca_file and certificate_file must hold certificates" in unusable.remedy.en
    assert "chmod" not in unusable.remedy.en
    (strange,) = of_device(secured, off(Cause.NOT_TRUSTED, "the device's certificate is not believed: expired"))
    assert "signed by the authority in ca_file" in strange.remedy.en
    assert "smartwings trust" not in strange.remedy.en


def test_no_remedy_names_a_button_for_it_is_read_in_the_terminal_too() -> None:
    said = Path(device_trouble_text.__file__).read_text(encoding="utf-8")
    assert [word for word in ("Try now", "지금 시도") if word in said] == []
