"""Units and their ways to the unit of storage."""

import pytest

from plant.tag import STORAGE_UNITS
from plant.unit import CONVERSIONS, IDENTITY, conversion


@pytest.mark.parametrize(
    ("unit", "stored", "given", "kept"),
    [
        ("Wh", "kWh", 1500.0, 1.5),
        ("MWh", "kWh", 2.0, 2000.0),
        ("GWh", "kWh", 0.5, 500000.0),
        ("MJ", "kWh", 3.6, 1.0),
        ("GJ", "kWh", 3.6, 1000.0),
        ("kWh", "MJ", 1.0, 3.6),
        ("kJ", "MJ", 1000.0, 1.0),
        ("Mvarh", "kvarh", 1.0, 1000.0),
        ("W", "kW", 1000.0, 1.0),
        ("ms", "s", 250.0, 0.25),
        ("min", "s", 2.0, 120.0),
        ("K", "Cel", 273.15, 0.0),
        ("degF", "Cel", 212.0, 100.0),
        ("degF", "Cel", 32.0, 0.0),
        ("MPa", "bar", 1.0, 10.0),
        ("psi", "bar", 14.503773773, 1.0),
        ("l/min", "m3/h", 1000.0, 60.0),
        ("m3/s", "m3/h", 1.0, 3600.0),
        ("l/s", "m3/h", 1.0, 3.6),
        ("Hz", "1/min", 50.0, 3000.0),
        ("rpm", "1/min", 1450.0, 1450.0),
        ("pcs", "1", 7.0, 7.0),
    ],
)
def test_units_are_converted(unit: str, stored: str, given: float, kept: float) -> None:
    way = conversion(unit, stored)
    assert given * way.factor + way.offset == pytest.approx(kept, abs=1e-9)


def test_what_is_kept_as_given_is_not_converted() -> None:
    assert conversion("anything", None) == IDENTITY


def test_an_unknown_unit_names_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"must be one of kWh, Wh, MWh, GWh, MJ, GJ"):
        conversion("kvarh", "kWh")


def test_every_unit_of_storage_has_a_table_and_is_itself() -> None:
    assert set(STORAGE_UNITS.values()) == set(CONVERSIONS)
    assert all(conversion(unit, unit) == IDENTITY for unit in CONVERSIONS)
