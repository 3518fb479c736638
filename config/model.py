"""What do all settings have in common? Frozen, closed to unknown keys, faults in the operator's words."""

import difflib
import re
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from config.document import Document, Path_, WrittenFloat, WrittenInt
from config.fault import Fault, InputError, in_order
from plant.instant import check_year, parse_instant, parse_iso_date

_GIVEN: dict[frozenset[str], set[str]] = {}


class Settings(BaseModel):
    """A group of settings. The docstring below a field is what `docs/settings.md` says of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    def model_post_init(self, _: Any) -> None:
        """Let settings in which the same keys were given share the set of these: of 10,000 tags they take 7 MB."""
        given = self.__pydantic_fields_set__
        object.__setattr__(self, "__pydantic_fields_set__", _GIVEN.setdefault(frozenset(given), given))


def _as_written(value: Any) -> Any:
    return value.written if isinstance(value, WrittenInt | WrittenFloat) else value


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _switch(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):  # as a cell of a tag list has it
        return value.lower() == "true"
    raise ValueError("must be true or false")


def _date(value: Any) -> Any:
    day = value if isinstance(value, date) else parse_iso_date(str(_as_written(value)))
    check_year(day)
    return day


def _instant(value: Any) -> Any:
    return parse_instant(str(_as_written(value)))


_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


def _minutes(value: Any) -> Any:
    if isinstance(value, str) and _TIME_OF_DAY.fullmatch(value):
        hours, minutes = value.split(":")
        return int(hours) * 60 + int(minutes)
    raise ValueError("must be a time of day, as in 08:00")


MOST_HINTS = 100  # to look for the key that was meant takes longer than all the rest

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}"

Text = Annotated[str, BeforeValidator(_as_written)]
"""Text; a number is taken as it is written."""
Name = Annotated[Text, StringConstraints(pattern=rf"^{NAME}$")]
"""Name of a tag, work unit or device."""
Whole = Annotated[int, BeforeValidator(_not_bool)]
Number = Annotated[float, BeforeValidator(_not_bool)]
Switch = Annotated[bool, BeforeValidator(_switch)]
Day = Annotated[date, BeforeValidator(_date)]
Instant = Annotated[int, BeforeValidator(_instant)]
"""UTC microseconds, written as an ISO 8601 time with its offset."""
TimeOfDay = Annotated[int, BeforeValidator(_minutes)]
"""Minutes after midnight, written 08:00."""

_BY_TYPE = {
    "missing": "is required",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "int_parsing_size": "is too large",
}
_BY_CONTEXT = {
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "greater_than": "must be more than {gt}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
}


_OTHERS_WORDS = {
    "slave": "unit",
    "slave_id": "unit",
    "device_id": "unit",
    "ip": "host",
    "address": "host",
    "timeout": "answer_timeout_s",
    "register_type": "table",
    "addr": "address",
}
"""What other products call a key of a Modbus device or tag. An `address` is unknown only where it is none of a tag."""

S = TypeVar("S", bound=Settings)


def validated(model: type[S], document: Document) -> S:
    """The settings that a document holds. Raises InputError with a fault for each thing wrong in it."""
    try:
        settings = model.model_validate(document.data)
    except ValidationError as error:
        raise InputError(in_order([*document.faults, *_faults(error, document, model)])) from None
    if document.faults:
        raise InputError(in_order(document.faults))
    return settings


def _faults(error: ValidationError, document: Document, model: type[Settings]) -> list[Fault]:
    faults: list[Fault] = []
    for problem in error.errors(include_url=False):
        path = _plain_path(problem["loc"], document.data)
        message = plain_message(problem, path, model, hint=len(faults) < MOST_HINTS)
        named = _KEY_FIRST.match(message) if problem["type"] == "value_error" else None
        if named:  # a check of several keys says which one to change
            path, message = (*path, named[1]), message[named.end() :]
        faults.append(document.fault(path, message))
    return list(dict.fromkeys(faults))


_KEY_FIRST = re.compile(r"([a-z_]+): ")


def _plain_path(loc: tuple[str | int, ...], data: Any) -> Path_:
    # pydantic puts the names of union branches and "[key]" into its locations; what stands in the data decides.
    path: list[str | int] = []
    for at, part in enumerate(loc):
        if isinstance(data, dict):
            key = _key_in(data, part)
            if key is not None or (at == len(loc) - 1 and part != data.get("protocol")):
                path.append(part if key is None else key)
                data = data.get(key)
        elif isinstance(data, list) and isinstance(part, int):
            path.append(part)
            data = data[part] if part < len(data) else None
    if path and path[-1] == "[key]":
        path.pop()
    return tuple(path)


def _key_in(data: dict[Any, Any], part: str | int) -> Any:
    if part in data or not isinstance(part, str):
        return part if part in data else None
    try:
        key = float(part)  # pydantic writes a key such as 1.10 its own way
    except ValueError:
        return None
    return key if key in data else None


def plain_message(problem: Any, path: Path_, model: type[BaseModel], hint: bool) -> str:
    """What is wrong, in the operator's words. problem: one of pydantic's errors, about the key that the path leads to;
    hint: an unknown key names the known one that is most like it."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1])[:80], _all_keys(model), 1, 0.75) if hint else []
        if path[0] == "devices" and path[-1] in _OTHERS_WORDS:
            near = [_OTHERS_WORDS[str(path[-1])]]
        return f"unknown key{f'; did you mean {near[0]}?' if near else ''}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        field = str(context["discriminator"]).strip("'")
        expected = context.get("expected_tags", "").replace("'", "")
        return f"{field} must be one of {expected}" if expected else f"{field} is required: modbus or opcua"
    if kind == "string_pattern_mismatch":
        return _pattern_message(context["pattern"])
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum" and hint:
        choices = re.findall(r"'([^']+)'", str(context["expected"]))
        near = difflib.get_close_matches(str(problem.get("input"))[:80].lower(), choices, 1, 0.75)
        meant = f"did you mean {near[0]}? It " if near else ""
        return meant + _BY_CONTEXT[kind].format(expected=str(context["expected"]).replace("'", ""))
    if kind in _BY_CONTEXT:
        return _BY_CONTEXT[kind].format(**{k: str(v).replace("'", "") for k, v in context.items()})
    return _BY_TYPE.get(kind) or str(problem["msg"])


def _pattern_message(pattern: str) -> str:
    if pattern == rf"^{NAME}$":
        return "must start with a letter or digit and have at most 80 letters, digits, '_', '.' or '-'"
    return f"must match {pattern.strip('^$')}"


@cache
def _all_keys(model: type[BaseModel]) -> list[str]:
    seen: dict[type[BaseModel], None] = {}
    todo: list[Any] = [model]
    while todo:
        kind = todo.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind not in seen:
                seen[kind] = None
                todo.extend(field.annotation for field in kind.model_fields.values())
        else:
            todo.extend(getattr(kind, "__args__", ()))
    return sorted({field.alias or name for kind in seen for name, field in kind.model_fields.items()})
