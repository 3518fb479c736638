"""Which tags would read the variables of a server? Names, work units, roles and units as proposals for a person."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connectors.role_proposal import proposed_role, unit_for
from plant.tag import PLANT, Role

if TYPE_CHECKING:
    from connectors.opcua_browse import Variable

_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST_NAME = 80


def proposed_tags(variables: "Iterable[Variable]", taken: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Tags for the variables that have a role, with the keys of a tag list; names not in `taken`, and each once."""
    names = set(taken)
    tags = []
    for variable in variables:
        tag = proposed_tag(variable)
        if tag is None:
            continue
        tag["name"] = _free(tag["name"], names)
        names.add(tag["name"])
        tags.append(tag)
    return tags


def proposed_tag(variable: "Variable") -> dict[str, Any] | None:
    """The tag of one variable; None for one that no role fits."""
    role = proposed_role(variable.path[-1].rpartition(".")[2], variable.kind)
    if role is None:
        return None
    unit = unit_for(role, variable.unit)
    if unit is None:
        role, unit = Role.OTHER, variable.unit
    *parents, last = [as_name(part) for name in variable.path for part in name.split(".")]
    above = [part for part in parents if part][-1:]
    work_unit = above[0] if above else PLANT
    name = ".".join(part for part in (*above, last) if part)
    return {
        "name": (name or as_name(variable.node_by_uri) or "tag")[:LONGEST_NAME],
        "work_unit": work_unit,
        "role": role.value,
        **({"unit": unit} if unit else {}),
        "node": variable.node_by_uri,
    }


def as_name(text: str) -> str:
    """A text as a name of the site file; empty where nothing of it can be in one.

    >>> as_name("Press #1 / Good"), as_name("압력")
    ('Press_1_Good', '')
    """
    return _NAME_CHARACTERS.sub("_", text).strip("_.-")[:LONGEST_NAME]


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: LONGEST_NAME - 5]}_{number}"
    return free
