"""Are the values of eleven makers' meters told from their registers alone, whatever the order of their bytes?"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

from tests.unit.meter_images import LEAST_VALUES, ORDERS, Image, Share, number_of, share_found, share_told

FARTHEST = 24
"""Unused registers between two values of one image; these read as 0."""
QUANTITIES = {
    "Voltage": "voltage",
    "Current": "current",
    "Cosphi": "cosphi",
    "Frequency": "frequency",
    "Power": "power",
    "Import": "energy",
    "Export": "energy",
    "Sum": "energy",
}
LIMITS = {"int16": (-32768, 32767), "uint16": (0, 65535), "uint32": (0, 2**32 - 1), "uint64": (0, 2**53)}


def blocks(maps: Path) -> Iterator[list[Mapping[str, str]]]:
    """Registers of a meter that are read in one go."""
    rows_of: dict[str, list[Mapping[str, str]]] = {}
    with (maps / "meters.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows_of.setdefault(row["meter"], []).append(row)
    for rows in rows_of.values():
        ordered = sorted(rows, key=lambda row: int(row["address"]))
        block: list[Mapping[str, str]] = []
        for row in ordered:
            if block and int(row["address"]) - int(block[-1]["address"]) > FARTHEST:
                yield block
                block = []
            block.append(row)
        yield block


def meter_images(maps: Path, random: Random) -> Iterator[Image]:
    for block in blocks(maps):
        if sum(int(row["registers"]) > 1 for row in block) < LEAST_VALUES:
            continue
        for letters, swapped in ORDERS:
            image = Image(block[0]["meter"], [], {})
            for row in block:
                at = int(row["address"]) - int(block[0]["address"])
                image.put(at, row["data_type"], _raw(random, row), letters, swapped, float(row["divide_by"]))
            yield image


def _raw(random: Random, row: Mapping[str, str]) -> float:
    quantity = next((name for start, name in QUANTITIES.items() if row["quantity"].startswith(start)), "other")
    raw = number_of(random, quantity) * float(row["divide_by"])
    if row["quantity"].startswith("Export") and random.random() < 0.5:
        return 0.0 if row["data_type"].startswith("float") else 0
    if row["data_type"].startswith("float"):
        return raw
    least, most = LIMITS.get(row["data_type"], (-(2**31), 2**31 - 1))
    return max(least, min(most, round(raw)))


def test_values_of_makers_meters_are_told_from_their_registers(real_data: Path) -> None:
    told, found = Share(), Share()
    for image in list(meter_images(real_data / "modbus_maps", Random(1)))[::2]:
        share_told(image, told)
    for image in list(meter_images(real_data / "modbus_maps", Random(2)))[::7]:
        share_found(image, found, 3)
    assert told.asked > 800
    assert told.ratio >= 0.98
    assert found.asked > 30
    assert found.ratio >= 0.99
