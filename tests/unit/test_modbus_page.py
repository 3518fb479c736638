"""Is what docs/modbus.md has for copying sound, and are its keys those there are?"""

import re
from pathlib import Path

import pytest
from site_files import PLANT, loaded

from config.devices import ModbusDevice
from config.tags import ModbusTag

PAGE = Path(__file__).resolve().parents[2] / "docs" / "modbus.md"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    return found


@pytest.mark.parametrize("devices", blocks("yaml"))
def test_devices_of_the_page_are_sound(tmp_path: Path, devices: str) -> None:
    (tmp_path / "meter.csv").write_text(blocks("csv")[0], encoding="utf-8")
    assert all(device.tags for device in loaded(tmp_path, f"{PLANT}devices:\n{devices}").devices)


def test_keys_of_the_page_are_those_of_a_device_or_tag() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = text[text.index("| the device | key |") :].split("\n\n")[0].splitlines()[2:]
    named = {key for row in rows for key in re.findall(r"`([a-z_]+)", row.split("|")[2])}
    assert len(rows) > 7
    assert sorted(named - set(ModbusDevice.model_fields) - set(ModbusTag.model_fields)) == []
