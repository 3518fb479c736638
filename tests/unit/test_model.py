from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from config.site import StoreSettings


def test_a_fault_deep_in_flow_style_reads_like_this(tmp_path: Path) -> None:
    text = PLANT + "devices:\n  - id: a\n    protocol: modbus\n    host: h\n    tags:\n"
    good = "      - {name: g, work_unit: u, role: good_count, table: holding, type: uint16,\n         address: 1}\n"
    bad = good.replace("address: 1", "address: 65536").replace("name: g", "name: h")
    assert faults(tmp_path, text + good + bad) == ["site.yaml:10:10: devices[0].tags[1].address: must be at most 65535"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("plant: {id: abc}", "site.yaml:1:1: plant.time_zone: is required"),
        ("page: {listen: nowhere}", "site.yaml:2:8: page.listen: must be an address and port"),
        ("page: {listen: 0.0.0.0:8420}", "site.yaml:2:8: page.listen: beyond this machine the page needs TLS: cert"),
        ("page: {listen: 127.0.0.1:99999}", "site.yaml:2:8: page.listen: must be an address and port"),
        ("orders: {grace_days: 1.5}", "site.yaml:2:10: orders.grace_days: must be a whole number"),
        ("orders: {grace_days: x}", "site.yaml:2:10: orders.grace_days: must be a whole number"),
        ("orders: {grace_days: true}", "site.yaml:2:10: orders.grace_days: must be a number"),
        ("orders: {grace_days: -1}", "site.yaml:2:10: orders.grace_days: must be at least 0"),
        ("orders: {in_full_tolerance: 1}", "site.yaml:2:10: orders.in_full_tolerance: must be less than 1"),
        ("savings: {price_per_kwh: 1e999}", "site.yaml:2:11: savings.price_per_kwh: must be a finite number"),
        ("savings: {price_per_kwh: [1]}", "site.yaml:2:11: savings.price_per_kwh: must be a number"),
        ("work_units: {a: {output: maybe}}", "site.yaml:2:18: work_units.a.output: must be true or false"),
        ("savings: {currency: [KRW]}", "site.yaml:2:11: savings.currency: must be text"),
        ("shifts: {}", "site.yaml:2:1: shifts: must be a list"),
        ("savings: 3", "site.yaml:2:1: savings: must be a mapping of keys to values"),
        ("work_units: [a]", "site.yaml:2:1: work_units: must be a mapping of keys to values"),
        ("work_units: {a b: {}}", "site.yaml:2:14: work_units.a b: must start with a letter or digit"),
        ("work_units: {0421: {output: 7}}", "site.yaml:2:21: work_units.0421.output: must be true or false"),
        ("products: {1.10: {planned_run_time_s: 0}}", "site.yaml:2:19: products.1.10.planned_run_time_s: must be more"),
        ("calendar: {country: Korea}", "site.yaml:2:12: calendar.country: must be a country's code"),
        ("calendar: {country: [KR]}", "site.yaml:2:12: calendar.country: must be a country's code"),
        ("calendar: {extra_holidays: [22.11.2026]}", "site.yaml:2:29: calendar.extra_holidays[0]: must be an ISO 8601"),
        ("plant: {id: abc, time_zone: Seoul}", "site.yaml:1:18: plant.time_zone: must be the IANA name of a zone"),
        ("plant: {id: ab, time_zone: UTC}", "site.yaml:1:9: plant.id: must match [a-z0-9][a-z0-9-]{2,62}"),
        ("plant: {id: Abc, time_zone: UTC}", "site.yaml:1:9: plant.id: must match"),
        ("store: {url: postgresql://x}", "site.yaml:2:9: store.url: must match sqlite:///.+"),
        ("baselines: [{kpi: oee}]", "site.yaml:2:13: baselines[0]: needs either value, or both from and to"),
        (
            "baselines: [{kpi: oee, value: 1, least_days: 0}]",
            "site.yaml:2:34: baselines[0].least_days: must be at least",
        ),
        (
            "baselines: [{kpi: oee, value: 1, definition: 0}]",
            "site.yaml:2:34: baselines[0].definition: must be at least",
        ),
        (
            "baselines: [{kpi: oee, value: 1, least_days: 9999}]",
            "site.yaml:2:34: baselines[0].least_days: must be at m",
        ),
        ("savings: {prices: [{price_per_kwh: 1}]}", "site.yaml:2:20: savings.prices[0].valid_from: is required"),
        ("savings: {prices: [{valid_from: 2026-01-01}]}", "site.yaml:2:20: savings.prices[0]: must name a price: cost"),
        ("savings: {running_cost_a_year: -1}", "site.yaml:2:11: savings.running_cost_a_year: must be at least 0"),
        ("savings: {working_days_a_year: 367}", "site.yaml:2:11: savings.working_days_a_year: must be at most 366"),
        ("baselines: [{kpi: beauty, value: 1}]", "site.yaml:2:14: baselines[0].kpi: must be"),
    ],
)
def test_a_fault_is_said_in_the_operators_words_at_its_line_and_column(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, text if text.startswith("plant") else PLANT + text)
    assert len(found) == 1, found
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("devces: []", "site.yaml:2:1: devces: unknown key; did you mean devices?"),
        ("orders: {grace_day: 1}", "site.yaml:2:10: orders.grace_day: unknown key; did you mean grace_days?"),
        ("savings: {frobnicate: 1}", "site.yaml:2:11: savings.frobnicate: unknown key"),
        ("plаnt: 1", "site.yaml:2:1: plаnt: unknown key; did you mean plant?"),  # a Cyrillic a
    ],
)
def test_an_unknown_key_is_a_fault_and_the_likely_one_is_named(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(tmp_path, PLANT + text) == [fault]


def test_all_faults_are_named_at_once_whatever_their_kind(tmp_path: Path) -> None:
    text = (
        "plant: {id: abc, id: abd, time_zone: Nowhere}\nsavings: {price_per_kwh: -1, x: 1}\nshifts: [{name: a}]\nz: 1"
    )
    assert sorted(faults(tmp_path, text), key=lambda fault: fault.split(": ")[0]) == [
        "site.yaml:1:18: plant.id: key stands twice",
        "site.yaml:1:27: plant.time_zone: must be the IANA name of a zone, as in Asia/Seoul",
        "site.yaml:2:11: savings.price_per_kwh: must be at least 0",
        "site.yaml:2:30: savings.x: unknown key",
        "site.yaml:3:10: shifts[0].start: is required",
        "site.yaml:3:10: shifts[0].end: is required",
        "site.yaml:4:1: z: unknown key",
    ]


def test_very_many_faults_are_all_named_and_soon(tmp_path: Path) -> None:
    found = faults(tmp_path, PLANT + "".join(f"key{at}: 1\n" for at in range(3000)))
    assert len(found) == 3000


def test_a_number_where_a_name_is_wanted_is_read_as_it_is_written(tmp_path: Path) -> None:
    site = loaded(
        tmp_path,
        "plant: {id: 0421, name: 1.10, time_zone: UTC}\nwork_units: {007: {}}\n"
        "products: {1.10: {planned_run_time_s: 1}}\n"
        "devices: [{id: 1e3, protocol: modbus, host: h, tags: [{name: 0421, work_unit: 0x10, role: power, table: input,"
        " address: 0, type: int16}]}]\n",
    )
    assert (site.plant.id, site.plant.name) == ("0421", "1.10")
    assert (site.devices[0].id, site.devices[0].tags[0].name) == ("1e3", "0421")
    assert site.work_unit_names() == ["0x10", "007"]
    assert list(site.products) == ["1.10"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- 1\n", "text\n", "12\n"])
def test_a_file_without_settings_says_how_to_get_an_example(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == ["site.yaml: must hold settings; smartwings init DIR writes an example"]


def test_settings_cannot_be_changed_once_loaded(tmp_path: Path) -> None:
    site = loaded(tmp_path, PLANT)
    with pytest.raises(ValueError, match="frozen"):
        site.plant.id = "other"  # type: ignore[misc]


def test_settings_in_which_the_same_keys_were_given_share_the_set_of_these() -> None:
    first, second = (StoreSettings(keep_days=days) for days in (400, 730))
    assert first.model_fields_set is second.model_fields_set
    assert StoreSettings().model_fields_set == set()
    assert first.model_copy(update={"url": "sqlite:///other.db"}).model_fields_set == {"keep_days", "url"}
    assert second.model_fields_set == {"keep_days"}
