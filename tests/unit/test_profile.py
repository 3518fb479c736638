import re
from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from config.devices import shipped
from config.profile import register_facts, registers
from config.tags import ModbusTag

SITE = PLANT + "devices: [{id: a, protocol: modbus, host: h, profile: %s, tags: [%s]}]\n"


def test_a_tag_without_address_gets_the_register_of_its_role(tmp_path: Path) -> None:
    (device,) = loaded(tmp_path, SITE % ("eastron-sdm630", "{name: e, work_unit: plant, role: energy_import}")).devices
    tag = device.tags[0]
    assert isinstance(tag, ModbusTag)
    assert (tag.table, tag.address, tag.type, tag.order, tag.unit) == ("input", 72, "float32", "ABCD", "kWh")


def test_what_a_tag_says_itself_wins(tmp_path: Path) -> None:
    tags = "{name: e, work_unit: plant, role: energy_import, order: CDAB}, "
    tags += "{name: f, work_unit: u, role: power, table: holding, address: 3, type: int16}"
    first, second = loaded(tmp_path, SITE % ("eastron-sdm630", tags)).devices[0].tags
    assert isinstance(first, ModbusTag)
    assert isinstance(second, ModbusTag)
    assert (first.order, first.address) == ("CDAB", 72)
    assert (second.table, second.address, second.type) == ("holding", 3, "int16")


@pytest.mark.parametrize("name", ["none-such", "../model", "x" * 300, "'a\\0b'", "''"])
def test_a_profile_that_is_not_shipped_is_a_fault(tmp_path: Path, name: str) -> None:
    found = faults(tmp_path, SITE % (name, ""))
    assert [line.split("profile: ")[1] for line in found] == [f"must be one of {', '.join(shipped())}"]


@pytest.mark.parametrize("tags", ["5", "true", "{a: b}", "[1, x]"])
def test_tags_that_are_no_list_of_tags_are_a_fault(tmp_path: Path, tags: str) -> None:
    assert all(
        "devices[0].tags" in line for line in faults(tmp_path, (SITE % ("eastron-sdm630", "")).replace("[]", tags))
    )


def test_a_tag_names_a_register_of_the_profile_and_what_it_says_itself_wins(tmp_path: Path) -> None:
    tags = "{name: v, work_unit: plant, register: voltage_l1, role: other}, "
    tags += "{name: e, work_unit: plant, register: import, scale: 10}"
    first, second = loaded(tmp_path, SITE % ("abb-b23-b24", tags)).devices[0].tags
    assert isinstance(first, ModbusTag)
    assert isinstance(second, ModbusTag)
    assert (first.table, first.address, first.type, first.order) == ("holding", 23296, "uint32", "ABCD")
    assert (first.role, first.unit, first.scale, first.bad_values) == ("other", "V", 0.1, (4294967295.0,))
    assert (second.role, second.unit, second.type, second.order) == ("energy_import", "kWh", "uint64", "ABCDEFGH")
    assert (second.scale, second.bad_values) == (10.0, (18446744073709551615.0,))


def test_a_tag_list_has_a_column_of_registers(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("name,work_unit,register\nv,plant,voltage_l2\n", encoding="utf-8")
    (tag,) = loaded(tmp_path, (SITE % ("siemens-pac2200", "")).replace("[]", "m.csv")).devices[0].tags
    assert isinstance(tag, ModbusTag)
    assert (tag.role, tag.table, tag.address, tag.register_) == ("voltage", "input", 3, "voltage_l2")


@pytest.mark.parametrize(
    ("profile", "tag", "said"),
    [
        (
            "eastron-sdm630",
            "register: voltage_11",
            "register: is none of eastron-sdm630; did you mean voltage_l1 or voltage_l3 or voltage_l2?",
        ),
        ("siemens-pac2200", "register: 5", "register: is none of siemens-pac2200, which has voltage_l1, voltage_l2, "),
        (
            "siemens-pac2200",
            "role: voltage",
            "role: must say which as `register`: siemens-pac2200 has voltage_l1, voltage_l2, voltage_l3",
        ),
        ("''", "register: import", "profile: must be one of abb-b23-b24, "),
        ("null", "register: import", "register: needs the device's `profile`, which is one of abb-b23-b24, "),
    ],
)
def test_a_register_that_the_profile_has_not_is_one_fault(tmp_path: Path, profile: str, tag: str, said: str) -> None:
    role = "" if "role" in tag else "role: other, "
    (found,) = faults(tmp_path, SITE % (profile, f"{{name: v, work_unit: plant, {role}{tag}}}"))
    assert said in found


def test_a_thousand_wrong_registers_are_a_thousand_faults_and_soon_said(tmp_path: Path) -> None:
    rows = "".join(f"v{at},plant,other,voltage_x{at}\n" for at in range(1000))
    (tmp_path / "m.csv").write_text("name,work_unit,role,register\n" + rows, encoding="utf-8")
    found = faults(tmp_path, (SITE % ("inepro-pro380", "")).replace("[]", "m.csv"))
    assert len(found) == 1000
    assert found[-1] == "m.csv:1001:4: register: is none of inepro-pro380"


def test_eleven_meters_are_shipped() -> None:
    assert len(shipped()) == 11


@pytest.mark.parametrize("profile", shipped())
def test_a_shipped_profile_is_sound(profile: str) -> None:
    rows, taken = registers(profile), {}
    names = [row.text("register") for row in rows]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch("[a-z]+(_[a-z0-9]+)*", name)] == []
    assert len({row.text("source") for row in rows}) == 1
    for row in rows:
        assert set(row.cells) <= {"register", "source", *register_facts(row), "role", "unit", "scale", "bad_values"}
        tag = ModbusTag(name="x", work_unit="u", **{"role": "other", **register_facts(row)})  # type: ignore[arg-type]
        assert tag.tag().to_storage().factor > 0  # its unit is one of the role's
        assert tag.order == row.text("order")
        for register in range(tag.address, tag.address + tag.words):
            assert taken.setdefault((tag.table, register), row) is row, "two registers overlap"


@pytest.mark.parametrize("profile", shipped())
def test_a_tag_finds_energy_and_power_of_a_shipped_profile_by_their_role(profile: str) -> None:
    roles = [row.text("role") for row in registers(profile)]
    assert roles.count("energy_import") == roles.count("power") == 1
    assert all(roles.count(role) <= 1 for role in set(roles) - {"", "voltage", "current"})
