"""Which units of a quantity are understood, and how do they become the unit of storage?

One closed table. Symbols follow UCUM where plants use them; factors are exact by definition (SI brochure, 9th ed.;
1 bar = 100 kPa; 1 psi = 6.894757293168361 kPa).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conversion:
    """A linear way from a unit to the unit of storage: stored = given * factor + offset."""

    factor: float
    offset: float = 0.0


IDENTITY = Conversion(1.0)

# unit of storage -> {unit as written: conversion}
CONVERSIONS: dict[str, dict[str, Conversion]] = {
    "1": {"1": IDENTITY, "pcs": IDENTITY, "ea": IDENTITY},
    "s": {"s": IDENTITY, "ms": Conversion(0.001), "min": Conversion(60.0), "h": Conversion(3600.0)},
    "kWh": {
        "kWh": IDENTITY,
        "Wh": Conversion(0.001),
        "MWh": Conversion(1000.0),
        "GWh": Conversion(1e6),
        "MJ": Conversion(1 / 3.6),
        "GJ": Conversion(1000 / 3.6),
    },
    "kvarh": {"kvarh": IDENTITY, "varh": Conversion(0.001), "Mvarh": Conversion(1000.0)},
    "MJ": {"MJ": IDENTITY, "kJ": Conversion(0.001), "GJ": Conversion(1000.0), "kWh": Conversion(3.6)},
    "kW": {"kW": IDENTITY, "W": Conversion(0.001), "MW": Conversion(1000.0)},
    "Cel": {
        "Cel": IDENTITY,
        "degC": IDENTITY,
        "°C": IDENTITY,
        "K": Conversion(1.0, -273.15),
        "degF": Conversion(5 / 9, -160 / 9),
    },
    "bar": {
        "bar": IDENTITY,
        "mbar": Conversion(0.001),
        "Pa": Conversion(1e-5),
        "kPa": Conversion(0.01),
        "MPa": Conversion(10.0),
        "psi": Conversion(0.06894757293168361),
    },
    "m3/h": {
        "m3/h": IDENTITY,
        "m3/s": Conversion(3600.0),
        "m3/min": Conversion(60.0),
        "l/h": Conversion(0.001),
        "l/min": Conversion(0.06),
        "l/s": Conversion(3.6),
    },
    "1/min": {"1/min": IDENTITY, "rpm": IDENTITY, "1/s": Conversion(60.0), "Hz": Conversion(60.0)},
}


def conversion(unit: str, storage_unit: str | None) -> Conversion:
    """The way from `unit` to `storage_unit`; None as storage unit means: kept as given.

    Raises ValueError with the units that are understood when the table has no such way.

    >>> conversion("Wh", "kWh").factor
    0.001
    """
    if storage_unit is None:
        return IDENTITY
    known = CONVERSIONS[storage_unit]
    if unit not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return known[unit]
