"""Which tags would read the variables of a server? Names, work units, roles and units as proposals for a person."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from connectors.role_proposal import proposed_role, unit_for
from connectors.state_proposal import PACKML_STATES, proposed_states
from plant.tag import PLANT, Role

if TYPE_CHECKING:
    from connectors.opcua_variable import Variable

_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")
LONGEST_NAME = 80
_COUNTER = "AccCount"
_PARTS = ("Admin", "Status", "Command", "ParameterSet", "OperationCounters", "MachineryBuildingBlocks", "Monitoring")
"""Objects that are no work unit but a part of one, in PackML, Machinery and MachineTool."""


def proposed_tags(variables: "Iterable[Variable]", taken: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Tags for the variables that have a role, with the keys of a tag list; names not in `taken`, and each once."""
    names = set(taken)
    tags = []
    for variable in variables:
        for tag in tags_of(variable):
            tag["name"] = _free(tag["name"], names)
            names.add(tag["name"])
            tags.append(tag)
    return tags


def tags_of(variable: "Variable") -> list[dict[str, Any]]:
    """The tags of one variable; none for one that no role fits, several for an array of counters."""
    if variable.fields:
        return _tags_of_counts(variable)
    tag = _tag(variable, variable.kind)
    return [] if tag is None else [tag]


def _tags_of_counts(variable: "Variable") -> list[dict[str, Any]]:
    """Counters that stand in an array of structures, one for each product (OPC 30050 6.5.3 PackMLCountDataType)."""
    tag = _tag(variable, "whole") if _COUNTER in variable.fields else None
    if tag is None or not tag["role"].endswith("_count"):
        return []
    return [{**tag, "index": str(at), "field": _COUNTER} for at in range(variable.elements)]


def _tag(variable: "Variable", kind: str) -> dict[str, Any] | None:
    last_name = variable.path[-1].rpartition(".")[2]
    role = proposed_role(last_name, kind)
    if role is None:
        return None
    unit = unit_for(role, variable.unit)
    if unit is None:
        role, unit = Role.OTHER, variable.unit
    *parents, last = [as_name(part) for name in variable.path for part in name.split(".")]
    above = [part for part in parents if part and part not in _PARTS][-1:]
    work_unit = above[0] if above else PLANT
    name = ".".join(part for part in (*above, last) if part)
    texts = variable.texts or (PACKML_STATES if last_name == "StateCurrent" and kind == "whole" else {})
    states = proposed_states(texts) if role is Role.STATE else {}
    return {
        "name": (name or as_name(variable.node_by_uri) or "tag")[:LONGEST_NAME],
        "work_unit": work_unit,
        "role": role.value,
        **({"unit": unit} if unit else {}),
        **({"states": states} if states else {}),
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
