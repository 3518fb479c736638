"""Can a value be what its role says, or are its bytes in the wrong order, its type or its address wrong?"""

import math

from plant.tag import ENERGY_ROLES, Kind, Role, kind_of

MOST_ENERGY = 1e12
"""In the unit of storage: more than all the world uses in a week."""
MOST = 1e9
LEAST = 1e-6
"""Swapped words of a float32 mostly give numbers far below it."""


def why_implausible(role: Role, value: float) -> str | None:
    """Why a value in the unit of storage can hardly be what its role says; None where it may. NaN may.

    Of the role `other` nothing is known; of states only that they are small.
    """
    if role is Role.OTHER or math.isnan(value):
        return None
    kind = kind_of(role)
    most = MOST_ENERGY if kind is Kind.COUNTER else MOST
    if kind is Kind.COUNTER and value < 0:
        return f"{role} cannot be below 0"
    if abs(value) > most:
        return f"{role} cannot be beyond {most:g}"
    if (kind is Kind.GAUGE or role in ENERGY_ROLES) and 0 < abs(value) < LEAST:
        return f"{role} cannot be so close to 0"
    return None
