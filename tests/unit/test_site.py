import shutil
from datetime import date
from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from config.devices import OpcUaDevice
from config.load import load_site
from config.remarks import device_remarks
from plant.tag import Restarts

EXAMPLE = Path(__file__).parent / "example"
TAG = "table: holding, address: 0, type: uint16"


def _device(*tags: str, name: str = "a") -> str:
    return f"{{id: {name}, protocol: modbus, host: h, tags: [{', '.join(f'{{{tag}, {TAG}}}' for tag in tags)}]}}"


def test_the_example_of_the_contract_loads_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    site = load_site(tmp_path / "site.yaml")
    assert site.plant.id == "kr-ansan-0421"
    assert site.plant.production_day_start == 8 * 60
    assert site.mqtt is not None
    assert (site.mqtt.version, site.mqtt.reports_from) == (5, date(2026, 11, 22))
    assert [tag.name for tag in site.tags()] == [
        "line.good",
        "line.state",
        "main.energy",
        "press1.good",
        "press1.state",
    ]
    assert site.work_unit_names() == ["line1", "press1"]
    counter = site.tags()[3].counter
    assert counter is not None
    assert (counter.modulus, counter.max_rate_per_h, counter.restarts) == (2.0**32, 4000, Restarts.ANY)
    energy = site.tags()[2].counter
    assert energy is not None
    assert energy.restarts is Restarts.NEVER
    assert dict(site.tags()[4].states) == {0: "NotExecuting", 1: "Executing", 2: "Setup", 3: "OutOfService"}
    assert site.shifts[0].shift().breaks_min == ((720, 780),)
    assert site.orders.early_days is None


def test_a_plant_alone_is_enough(tmp_path: Path) -> None:
    site = loaded(tmp_path, PLANT)
    assert (site.store.url, site.mqtt, site.page) == ("sqlite:///plant.db", None, None)


def test_names_that_stand_twice_are_faults_where_they_stand_again(tmp_path: Path) -> None:
    one = "name: x, work_unit: u, role: good_count"
    shift = "{name: day, start: 08:00, end: 16:00}"
    text = f"{PLANT}devices:\n- {_device(one, one)}\n- {_device(one)}\nshifts:\n- {shift}\n- {shift}\n"
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, text)] == [
        "devices[0].tags[1].name: x stands twice",
        "devices[1].id: a stands twice",
        "devices[1].tags[0].name: x stands twice",
        "shifts[0].name: day stands twice: shifts[1] is valid at the same time for the same work units",
        "shifts[1].name: day stands twice: shifts[0] is valid at the same time for the same work units",
    ]


def test_a_shift_may_have_versions_and_work_units_with_hours_of_their_own(tmp_path: Path) -> None:
    entries = [
        "{name: day, start: 08:00, end: 17:00, valid_to: 2026-10-31, work_units: [u]}",
        "{name: day, start: 07:00, end: 16:00, valid_from: 2026-11-01, valid_to: 2026-12-31}",
        "{name: day, start: 08:00, end: 17:00, valid_from: 2027-01-01, work_units: [v]}",
        "{name: day, start: 06:00, end: 15:00, valid_to: 2026-10-31, work_units: [v]}",
    ]
    text = f"{PLANT}work_units: {{u: {{}}, v: {{}}}}\nshifts:\n" + "".join(f"- {entry}\n" for entry in entries)
    first, second = (one.shift() for one in loaded(tmp_path, text).shifts[:2])
    assert (first.first_day, first.last_day) == (None, date(2026, 10, 31))
    assert (second.first_day, second.last_day) == (date(2026, 11, 1), date(2026, 12, 31))
    assert faults(tmp_path, text.replace("2026-11-01", "2026-10-31")) == [
        f"site.yaml:{line}:4: shifts[{at}].name: day stands twice: shifts[{other}] is valid at the same time "
        "for the same work units"
        for line, at, other in ((4, 0, 1), (5, 1, 0), (7, 3, 1))
    ]


def test_faults_of_a_calendar_are_named_where_they_are(tmp_path: Path) -> None:
    shift = "name: x, start: 08:00, end: 16:00"
    text = f"""{PLANT}work_units: {{u: {{}}}}
shifts: [{{name: day, start: 08:00, end: 17:00, valid_from: 2026-11-02, valid_to: 2026-11-01}}]
calendar:
  extra_shifts: [{{{shift}, date: someday}}, {{{shift}, date: 2026-11-21, breaks: [07:30-08:30]}}]
  planned_downtime:
  - {{from: 2026-11-21T10:00:00, to: 2026-11-21T12:00:00Z, reason: mould}}
  - {{from: 2026-11-21T12:00:00Z, to: 2026-11-21T12:00:00Z, reason: mould}}
  - {{from: 2026-11-21T12:00:00+09:00, to: 2026-11-21T13:00:00+09:00, reason: ''}}
"""
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, text)] == [
        "shifts[0].valid_to: must not be before valid_from",
        "calendar.extra_shifts[0].date: must be an ISO 8601 date, as in 2026-11-22",
        "calendar.extra_shifts[1].breaks: must lie inside the shift",
        "calendar.planned_downtime[0].from: needs an offset or Z, as in 2026-11-22T09:30:00+09:00",
        "calendar.planned_downtime[1].to: must be after from",
        "calendar.planned_downtime[2].reason: must not be empty",
    ]
    text = f"""{PLANT}work_units: {{u: {{}}}}
calendar:
  extra_shifts:
  - {{{shift}, date: 2026-11-21, work_units: [u]}}
  - {{{shift}, date: 2026-11-21, work_units: [v]}}
  - {{{shift}, date: 2026-11-22}}
  - {{{shift}, date: 2026-11-22, work_units: [u]}}
  planned_downtime:
  - {{from: 2026-11-21T10:00:00Z, to: 2026-11-21T12:00:00Z, reason: mould, work_units: [u, w]}}
"""
    twice = "is valid at the same time for the same work units"
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, text)] == [
        "calendar.extra_shifts[1].work_units[0]: must be one of u",
        f"calendar.extra_shifts[2].name: x stands twice: calendar.extra_shifts[3] {twice}",
        f"calendar.extra_shifts[3].name: x stands twice: calendar.extra_shifts[2] {twice}",
        "calendar.planned_downtime[0].work_units[1]: must be one of u",
    ]


def test_a_price_begins_once_on_a_day(tmp_path: Path) -> None:
    text = f"""{PLANT}savings:
  price_per_kwh: 150
  prices:
  - {{valid_from: 2026-07-01, price_per_kwh: 160, cost_per_defect: 4200}}
  - {{valid_from: 2026-01-01, price_per_kwh: 155}}
  - {{valid_from: 2026-07-01, cost_per_late_line: 90000}}
"""
    assert len(loaded(tmp_path, text).savings.prices) == 3
    again = "  - {valid_from: 2026-07-01, price_per_kwh: 170, cost_per_defect: 4300}\n"
    assert faults(tmp_path, text + again) == [
        f"site.yaml:8:6: savings.prices[3].valid_from: {name} begins on 2026-07-01 in savings.prices[0] as well"
        for name in ("cost_per_defect", "price_per_kwh")
    ]


def test_a_work_unit_has_one_state_and_one_product(tmp_path: Path) -> None:
    text = f"{PLANT}devices: [{_device('name: x, work_unit: u, role: state', 'name: y, work_unit: u, role: state')}]\n"
    assert "u has another tag with role state" in faults(tmp_path, text)[0]


def test_names_that_nothing_bears_are_faults(tmp_path: Path) -> None:
    text = f"{PLANT}devices: [{_device('name: x, work_unit: press1, role: good_count')}]\n"
    text += "baselines: [{kpi: oee, scope: pres1, value: 1}]\n"
    text += "shifts: [{name: a, start: 08:00, end: 16:00, work_units: [press2]}]\n"
    text += "mqtt: {programme: iim, host: localhost, key_file: k, scopes: [plant, nowhere]}\n"
    assert faults(tmp_path, text) == [
        "site.yaml:3:24: baselines[0].scope: must be one of plant, press1, or product:… or order:…",
        "site.yaml:4:59: shifts[0].work_units[0]: must be one of press1",
        "site.yaml:5:70: mqtt.scopes[1]: must be one of plant, press1, or product:… or order:…",
    ]


def test_a_break_outside_its_shift_is_a_fault_and_one_past_midnight_is_not(tmp_path: Path) -> None:
    shift = "shifts: [{name: night, start: 20:00, end: 08:00, breaks: [%s]}]\n"
    assert loaded(tmp_path, PLANT + shift % "23:30-00:30, 04:00-04:30").shifts[0].shift().breaks_min == (
        (1410, 1470),
        (1680, 1710),
    )
    assert "shifts[0].breaks: must lie inside the shift" in faults(tmp_path, PLANT + shift % "07:30-08:30")[0]


@pytest.mark.parametrize("text", ["25:00", "8:00", "08:60", "8", "480", "08:00:00", "24:01", "no"])
def test_a_time_of_day_is_two_digits_and_two_digits(tmp_path: Path, text: str) -> None:
    found = faults(tmp_path, f"plant: {{id: abc, time_zone: UTC, production_day_start: {text}}}")
    assert found == ["site.yaml:1:34: plant.production_day_start: must be a time of day, as in 08:00"]


@pytest.mark.parametrize(
    "zone", ["", ".", "..", "../../etc/passwd", "/etc/localtime", "Asia", "Asia/Seoul\\0", "Ａsia"]
)
def test_a_time_zone_is_one_that_exists(tmp_path: Path, zone: str) -> None:
    found = faults(tmp_path, f'plant: {{id: abc, time_zone: "{zone}"}}')
    assert found == ["site.yaml:1:18: plant.time_zone: must be the IANA name of a zone, as in Asia/Seoul"]


@pytest.mark.parametrize("pattern", ["%Q", "%d %d", "%", "%d/%m", "%H:%M"])
def test_a_date_format_that_cannot_give_a_date_is_a_fault(tmp_path: Path, pattern: str) -> None:
    found = faults(tmp_path, f"{PLANT}orders: {{date_format: '{pattern}'}}")
    assert found == ["site.yaml:2:10: orders.date_format: must be iso or a pattern, as in %d/%m/%Y"]


@pytest.mark.parametrize(
    "pattern", ["iso", "%d/%m/%Y", "%Y%m%d", "%d.%m.%y", "%Y년 %m월 %d일", "%G-W%V-%u", "%Y-%j", "%d %b %Y %H:%M"]
)
def test_any_pattern_that_gives_a_date_is_taken(tmp_path: Path, pattern: str) -> None:
    assert loaded(tmp_path, f"{PLANT}orders: {{date_format: '{pattern}'}}").orders.date_format == pattern


@pytest.mark.parametrize(
    ("device", "key"),
    [
        ("endpoint: opc.tcp://10.0.0.1:4840, security: none", "security"),
        ("endpoint: http://10.0.0.1", "endpoint"),
        ("endpoint: 'opc.tcp://[::1'", "endpoint"),
        ("endpoint: 'opc.tcp://h:99999'", "endpoint"),
        ("endpoint: opc.tcp://10.0.0.1, security: none, allow_insecure: true, password_file: p", "password_file"),
        ("endpoint: opc.tcp://127.0.0.1, security: none, password_file: p", "password_file"),
        ("endpoint: opc.tcp://127.0.0.1, security: none, user_certificate_file: c", "user_certificate_file"),
        ("endpoint: opc.tcp://127.0.0.1, security: none, ca_file: c", "ca_file"),
        ("endpoint: opc.tcp://127.0.0.1, security: none, certificate_exceptions: [host]", "certificate_exceptions"),
        ("endpoint: opc.tcp://10.0.0.1, ca_file: ''", "ca_file"),
        ("endpoint: opc.tcp://10.0.0.1, ca_file: c, certificate_exceptions: [host]", "certificate_exceptions"),
        ("endpoint: opc.tcp://10.0.0.1, revocation_file: r", "revocation_file"),
        (
            "endpoint: opc.tcp://10.0.0.1, username: kim, user_key_file: k, user_certificate_file: c",
            "user_certificate_file",
        ),
    ],
)
def test_a_fault_of_several_keys_of_a_device_is_at_the_one_to_change(tmp_path: Path, device: str, key: str) -> None:
    text = f"{PLANT}devices: [{{id: a, protocol: opcua, {device}}}]"
    (found,) = faults(tmp_path, text)
    column = text.splitlines()[1].index(f"{key}:") + 1
    assert found.startswith(f"site.yaml:2:{column}: devices[0].{key}: ")


def test_a_user_certificate_and_its_key_go_together(tmp_path: Path) -> None:
    text = f"{PLANT}devices: [{{id: a, protocol: opcua, endpoint: opc.tcp://10.0.0.1, %s: x}}]"
    for given, missing in (
        ("user_certificate_file", "user_key_file"),
        ("user_key_file", "user_certificate_file"),
    ):
        assert f"{missing}: is required beside {given}" in faults(tmp_path, text % given)[0]


def test_what_is_less_than_secure_is_accepted_by_name_alone_and_remarked(tmp_path: Path) -> None:
    text = (
        PLANT
        + "devices:\n"
        + "".join(
            f"- {{id: {name}, protocol: opcua, endpoint: 'opc.tcp://{host}:4840', {keys}}}\n"
            for name, host, keys in (
                ("sound", "10.0.0.1", "allow_insecure: true"),
                ("here", "127.0.0.1", "security: none"),
                ("clear", "10.0.0.2", "security: none, allow_insecure: true"),
                ("told", "127.0.0.1", "security: none, allow_insecure: true, username: u, password_file: p"),
                ("flawed", "10.0.0.3", "certificate_exceptions: [expired, host, host]"),
            )
        )
    )
    devices = [one for one in loaded(tmp_path, text).devices if isinstance(one, OpcUaDevice)]
    assert [one.security_exceptions for one in devices] == [
        (),
        (),
        ("allow_insecure",),
        ("allow_insecure",),
        ("expired", "host"),
    ]
    said = [one for one in device_remarks(devices) if "secure" in one]
    assert said == [
        "clear: is less than secure, as accepted by allow_insecure",
        "told: is less than secure, as accepted by allow_insecure",
        "flawed: is less than secure, as accepted by expired, host",
    ]
    unknown = text.replace("[expired, host, host]", "[revoked]")
    assert "must be 'expired', 'not_yet_valid'".replace("'", "") in faults(tmp_path, unknown)[0]


def test_reports_leave_the_machine_only_encrypted(tmp_path: Path) -> None:
    text = PLANT + "mqtt: {programme: iim, host: %s, key_file: k}\n"
    assert loaded(tmp_path, text % "127.0.0.1").mqtt
    assert "ca_file: is required beyond this machine" in faults(tmp_path, text % "reports.example")[0]


def test_mqtt_may_be_version_5_or_3_1_1_alone(tmp_path: Path) -> None:
    text = PLANT + "mqtt: {programme: iim, host: localhost, key_file: k, version: %s}\n"
    assert [loaded(tmp_path, text % version).mqtt.version for version in ("5", "3.1.1")] == [5, "3.1.1"]  # type: ignore[union-attr]
    assert "mqtt.version: must be 5 or 3.1.1" in faults(tmp_path, text % "3.1")[0]


def test_baselines_of_energy_and_routes_name_what_there_is(tmp_path: Path) -> None:
    text = (
        PLANT
        + """
route: [cut, press1]
products: {A: {planned_run_time_s: 1, route: [press1, weld]}}
devices:
  - id: m
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: m.kwh, work_unit: press1, role: energy_import, node: s=1}
      - {name: air, work_unit: press1, role: temperature, node: s=2}
energy:
  baselines:
    - {scope: press1, from: 2026-01-01, to: 2026-02-01, period: day, variables: [good_quantity, air]}
    - {scope: press9, from: 2026-01-01, to: 2026-02-01, variables: [m.kwh, wind]}
    - {scope: press1, from: 2026-02-01, to: 2026-03-01, period: day, variables: [air]}
"""
    )
    variable = "must be good_quantity, produced_quantity or a tag that is neither counter, state nor text"
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, text)] == [
        "route[0]: must be one of press1",
        "products.A.route[1]: must be one of press1",
        "energy.baselines[1].scope: must be one of plant, press1",
        f"energy.baselines[1].variables[0]: {variable}",
        f"energy.baselines[1].variables[1]: {variable}",
        "energy.baselines[2].period: press1 has another baseline of each day",
    ]
    backwards = text[: text.index("    - {scope: press9")].replace("to: 2026-02-01", "to: 2026-01-01")
    backwards = backwards.replace("cut, ", "").replace(", weld", "")
    assert [fault.split(": ", 1)[1] for fault in faults(tmp_path, backwards)] == [
        "energy.baselines[0].to: must be after from"
    ]
