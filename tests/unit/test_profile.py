from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from config.devices import shipped
from config.profile import registers
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
    assert [line.split("profile: ")[1] for line in found] == ["must be one of eastron-sdm630"]


@pytest.mark.parametrize("tags", ["5", "true", "{a: b}", "[1, x]"])
def test_tags_that_are_no_list_of_tags_are_a_fault(tmp_path: Path, tags: str) -> None:
    assert all(
        "devices[0].tags" in line for line in faults(tmp_path, (SITE % ("eastron-sdm630", "")).replace("[]", tags))
    )


@pytest.mark.parametrize("profile", shipped())
def test_every_register_of_a_shipped_profile_is_one_that_a_tag_can_have(profile: str) -> None:
    for row in registers(profile):
        role = row.text("role") or "other"
        keys = {key: row.text(key) for key in ("table", "address", "type", "order", "unit")}
        assert ModbusTag(name="x", work_unit="u", role=role, **keys).words in (1, 2, 4)
        assert row.text("source")
