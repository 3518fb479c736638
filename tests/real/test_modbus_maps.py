"""Eleven meters of the modbus_maps data set: our register maps say the same, and its vectors decode to its values.

The vectors are served by a Modbus TCP server and read as the collector reads, so that nothing between is left out.
"""

import asyncio
import csv
import importlib.util
import json
import math
import re
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from served_registers import ServedRegisters, serving

from config.load import load_site
from config.profile import register_facts, registers
from config.sunspec_model import MODELS, sunspec_models
from config.tags import ModbusTag
from connectors.modbus import ModbusConnector
from connectors.sunspec import CODINGS

PROFILES = {
    "ABB A/B series (B23/B24)": "abb-b23-b24",
    "Carlo Gavazzi EM/ET330/340": "carlo-gavazzi-em330-em340",
    "Carlo Gavazzi EM24 (RS-485)": "carlo-gavazzi-em24",
    "Chint DTSU666": "chint-dtsu666",
    "Eastron SDM630": "eastron-sdm630",
    "Finder 7M.38": "finder-7m38",
    "Inepro PRO380": "inepro-pro380",
    "Janitza B series (B23)": "janitza-b23",
    "ORNO three-phase (WE-516/517)": "orno-we516-we517",
    "Schneider iEM3000 series": "schneider-iem3000",
    "Siemens PAC2200": "siemens-pac2200",
}
TABLES = {"3": "holding", "4": "input"}
ORDERS = {("big", 1): "ABCD", ("big", 2): "ABCD", ("big", 4): "ABCDEFGH", ("little-word", 2): "CDAB"}
IN_THOUSANDS = {"Wh": "kWh", "varh": "kvarh", "W": "kW", "var": "kvar", "VA": "kVA"}
VECTORS = 9


def register_of(quantity: str) -> str:
    """The name that we give to a quantity: ReactiveImportL1 is reactive_import_l1."""
    return re.sub(r"(?<=[a-zD])(?=[A-Z])", "_", quantity.replace("THDL", "THD_L")).lower()


@pytest.fixture(scope="module")
def meters(real_data: Path) -> list[dict[str, str]]:
    with (real_data / "modbus_maps" / "meters.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def answers(real_data: Path) -> dict[str, Any]:
    found = json.loads((real_data / "modbus_maps" / "expected.json").read_text(encoding="utf-8"))["answers"]
    assert isinstance(found, dict)
    return found


def test_every_register_of_every_meter_is_in_our_map_with_equal_facts(
    meters: list[dict[str, str]], answers: dict[str, Any]
) -> None:
    ours = {(meter, row.text("register")): row for meter, name in PROFILES.items() for row in registers(name)}
    assert len(ours) == len(meters) == answers["rows"] == 356
    for theirs in meters:
        row = ours[theirs["meter"], register_of(theirs["quantity"])]
        tag = ModbusTag(name="x", work_unit="u", **{"role": "other", **register_facts(row)})  # type: ignore[arg-type]
        assert (tag.table, tag.address, tag.type) == (
            TABLES[theirs["function_code"]],
            int(theirs["address"]),
            theirs["data_type"],
        )
        assert tag.words == int(theirs["registers"])
        assert tag.order == ORDERS[theirs["word_order"], tag.words]
        divided_by = float(theirs["divide_by"])
        if tag.unit == theirs["unit_after_division"]:
            assert tag.scale == 1 / divided_by
        elif IN_THOUSANDS.get(tag.unit) == theirs["unit_after_division"]:
            assert (tag.scale, divided_by) == (1, 1000)
        else:
            assert tag.unit == IN_THOUSANDS[theirs["unit_after_division"]]
            assert (tag.scale, divided_by) == (1, 0.001)


def test_every_vector_is_read_as_its_value(tmp_path: Path, answers: dict[str, Any]) -> None:
    vectors = answers["decode_vectors"]
    assert len(vectors) == VECTORS
    for vector in vectors:
        name, unit, value = asyncio.run(_read(tmp_path, vector))
        want = vector["value"] / 1000 if vector["unit"] == "W" else vector["value"]
        assert unit == {"W": "kW"}.get(vector["unit"], vector["unit"]), name
        assert math.isclose(value, want, rel_tol=0, abs_tol=math.ulp(want)), (name, value, want)


async def _read(folder: Path, vector: dict[str, Any]) -> tuple[str, str, float]:
    """Name, unit and value of the one tag that reads a vector's register by its name in our map."""
    table = TABLES[str(vector["function_code"])]
    words = {at: int(word, 16) for at, word in enumerate(vector["registers_hex"], vector["address"])}
    async with serving(ServedRegisters({table: words})) as port:
        site = folder / "site.yaml"
        site.write_text(
            "plant: {id: abc, time_zone: Etc/UTC}\n"
            f"devices: [{{id: m, protocol: modbus, host: 127.0.0.1, port: {port},"
            f" profile: {PROFILES[vector['meter']]}, tags: ["
            f"{{name: v, work_unit: plant, register: {register_of(vector['quantity'])}}}]}}]\n",
            encoding="utf-8",
        )
        (device,) = load_site(site).devices
        batch = (await ModbusConnector(device).read_once()).batch  # type: ignore[arg-type]
    assert batch is not None
    assert batch.status.tolist() == [0]
    name = f"{vector['meter']} {vector['quantity']}"
    return name, device.tags[0].tag().storage_unit, float(batch.values[0])


def test_our_sunspec_models_are_those_of_the_definitions(
    real_data: Path, answers: dict[str, Any], tmp_path: Path
) -> None:
    tool = Path(__file__).resolve().parents[2] / "tools" / "sunspec_models.py"
    spec = importlib.util.spec_from_file_location("sunspec_models", tool)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(real_data / "modbus_maps", tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.glob("*")} == {
        path.name: path.read_text() for path in MODELS.glob("*")
    }
    for number, model in sunspec_models().items():
        theirs = answers["sunspec"][f"sunspec_model_{number}.json"]
        assert (model.name, len(model.points), model.size) == (theirs["group"], theirs["points"], theirs["registers"])
        assert Counter(point.type for point in model.points) == theirs["types"]


def test_our_numbers_of_no_value_are_those_of_the_data_set(answers: dict[str, Any]) -> None:
    theirs = answers["sentinels"]["sunspec_not_implemented"]
    for kind, word in (("int16", "8000"), ("uint16", "FFFF"), ("acc32", "00000000")):
        form, _, none = CODINGS[kind]
        assert theirs[kind].startswith(word)
        assert [struct.pack(form, number).hex().upper() for number in none] == [word]
    bad = {row.text("type"): row.text("bad_values") for row in registers("abb-b23-b24")}
    for kind, number in bad.items():
        size = {"16": 2, "32": 4, "64": 8}[kind[-2:]]
        first = "ff" if kind.startswith("u") else "7f"
        assert f"{int(number):0{2 * size}x}" == first + "ff" * (size - 1), kind
