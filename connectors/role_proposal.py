"""Which role may a variable have, judged by its name, type and unit? A proposal for a person; pure."""

import re

from plant.tag import PIECE_ROLES, STORAGE_UNITS, Kind, Role, kind_of
from plant.unit import CONVERSIONS

_BY_NAME: tuple[tuple[Role, str], ...] = (
    (Role.REWORK_COUNT, r"rework|재작업"),
    (Role.SCRAP_COUNT, r"scrap|reject|defect|\bng\b|\bnok\b|bad (?:parts|count|pieces)|불량"),
    (Role.INSPECTED_COUNT, r"inspected|검사"),
    (Role.TRIAL_COUNT, r"\btrial"),
    (Role.GOOD_COUNT, r"\bgood\b|\bok (?:parts|count|pieces)|양품"),
    (Role.CYCLE_TIME, r"cycle ?time|\bcycle\b(?! ?count)|사이클"),
    (
        Role.PRODUCED_COUNT,
        r"produced|processed|production count|parts? count|parts? completed|piece count|total count|생산",
    ),
    (Role.REACTIVE_EXPORT, r"reactive energy (?:\w+ )*export|kvarh export"),
    (Role.REACTIVE_IMPORT, r"reactive energy|kvarh|무효 ?전력량"),
    (Role.ENERGY_EXPORT, r"energy (?:\w+ )*export|exported energy|kwh export"),
    (Role.ENERGY_IMPORT, r"energy|kwh|전력량"),
    (Role.FUEL, r"\bgas\b|\bfuel\b|연료"),
    (Role.POWER, r"^(?!.*(?:factor|reactive|apparent|power on)).*power|유효 ?전력|^전력$"),
    (Role.TEMPERATURE, r"temp(?:erature)?\b|온도"),
    (Role.PRESSURE, r"pressure|압력"),
    (Role.FLOW, r"\bflow|유량"),
    (Role.SPEED, r"(?<!mach )(?<!machine )(?<!design )\bspeed|\brpm\b|속도"),
    (Role.TORQUE, r"torque|토크"),
    (Role.CURRENT, r"(?<!state )(?<!mode )current(?! ?(?:order|product|job|state|program|recipe))|전류"),
    (Role.VOLTAGE, r"voltage|전압"),
    (Role.VIBRATION, r"vibration|진동"),
    (Role.LEVEL, r"\blevel|수위|레벨"),
    (Role.STATE, r"^(?!.*(?:time|requested|change|unit mode|operation mode)).*(?:\bstate\b|\bstatus\b|\bmode\b)|상태"),
    (Role.ORDER_ID, r"\border\b|\bjob\b|work ?order|작업 ?지시"),
    (Role.PRODUCT_ID, r"product\b|\bpart ?(?:number|no|id|identifier)\b|recipe|품번|제품"),
    (Role.ALARM, r"alarm|error ?(?:text|message)|경보|알람"),
)
_NOT_ALL = re.compile(r"\b(?:box|nominal|planned|per run)\b")
"""Counts of a part of the production, and numbers that are no counts: Euromap 77 and MachineTool have such."""
_TEXTS = (Role.ORDER_ID, Role.PRODUCT_ID, Role.ALARM)
_BY_UNIT = (
    Role.ENERGY_IMPORT,
    Role.REACTIVE_IMPORT,
    Role.POWER,
    Role.TEMPERATURE,
    Role.PRESSURE,
    Role.FLOW,
    Role.SPEED,
)
_AMBIGUOUS = ("Hz", "1/s")
_PLAIN = {"V": Role.VOLTAGE, "kV": Role.VOLTAGE, "A": Role.CURRENT, "kA": Role.CURRENT}
_ALIASES = {"℃": "°C", "m³/h": "m3/h", "m³/s": "m3/s", "L/min": "l/min", "r/min": "rpm", "min-1": "1/min"}


def proposed_role(name: str, kind: str) -> Role | None:
    """The role that a name makes plain; kind: number, whole, text or bool. OTHER for another number, None for the rest.

    >>> proposed_role("GoodCount", "whole").value, proposed_role("Press1.Power", "number").value
    ('good_count', 'power')
    """
    words = words_of(name)
    for role, pattern in _BY_NAME:
        if role in PIECE_ROLES and _NOT_ALL.search(words):
            continue
        if re.search(pattern, words) and _can_be(role, kind):
            return role
    return Role.OTHER if kind in ("number", "whole") else None


def unit_for(role: Role, shown: str) -> str | None:
    """The unit by the name that the role's table has; empty where none is shown, None where the role has no such unit.

    >>> unit_for(Role.TEMPERATURE, "°C"), unit_for(Role.POWER, "bar")
    ('°C', None)
    """
    storage = STORAGE_UNITS.get(role)
    if storage is None or not shown:
        return shown
    known = CONVERSIONS[storage]
    return next((unit for unit in (shown, _ALIASES.get(shown, shown)) if unit in known), None)


def role_for_unit(shown: str) -> tuple[Role, str]:
    """The role that a display's unit alone makes likely, and the unit by the name that its table has.

    What a unit leaves open stays OTHER: Hz may be the grid's or a shaft's.

    >>> role_for_unit("kWh")[0].value, role_for_unit("Hz")[0].value
    ('energy_import', 'other')
    """
    for role in _BY_UNIT:
        unit = unit_for(role, shown)
        if shown and shown not in _AMBIGUOUS and unit is not None:
            return role, unit
    return _PLAIN.get(shown, Role.OTHER), shown


def words_of(name: str) -> str:
    """A name in lower case with its words apart: GoodCount_2 and good.count become `good count`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[^\w]|_", " ", name)
    return " ".join(parted.split()).lower()


def _can_be(role: Role, kind: str) -> bool:
    match kind_of(role):
        case Kind.TEXT:
            return kind == "text" and role in _TEXTS
        case Kind.STATE:
            return kind in ("whole", "text", "bool")
    return kind in ("number", "whole")
