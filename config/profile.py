"""Which registers does a known device model have? Register maps shipped in config/profiles, one file a model."""

import difflib
from typing import Any

from config.devices import PROFILES, shipped, unknown_profile
from config.document import Document, Path_
from config.model import MOST_HINTS
from config.table_file import Row, read_table

_COLUMNS = ("register", "role", "unit", "table", "address", "type", "order", "source")
_FACTS = ("unit", "table", "address", "type", "order", "scale", "bad_values")

# In place of what a register would have given: the one fault about it is enough.
_NOWHERE = {"role": "other", "table": "holding", "address": 0, "type": "uint16"}


def registers(profile: str) -> list[Row]:
    """The registers of a shipped profile: register, role, unit, table, address, type, order, source.

    Some profiles have scale and bad_values besides.
    """
    return read_table(PROFILES / f"{profile}.csv", required=_COLUMNS).rows


def register_facts(register: Row) -> dict[str, str]:
    """The keys of a tag that a register of a profile gives, as cells of a tag list; its role where it has one."""
    return {key: cell for key in ("role", *_FACTS) if (cell := register.text(key))}


def fill_from_profiles(document: Document) -> None:
    """Give Modbus tags what the profile of their device says of the register that they name, or that has their role.

    What a tag says itself stays. A register that does not exist, or a role that several registers have, becomes a
    fault of the document, and so does a profile that does not exist; such a role is left for the check of settings.
    """
    devices = document.data.get("devices") if isinstance(document.data, dict) else None
    for d, device in enumerate(devices if isinstance(devices, list) else ()):
        if not isinstance(device, dict) or device.get("protocol") != "modbus":
            continue
        profile = device.get("profile")
        profile = getattr(profile, "written", profile)
        named = profile if isinstance(profile, str) and profile in shipped() else None
        if isinstance(profile, str) and named is None:
            document.faults.append(document.fault(("devices", d, "profile"), unknown_profile(profile) or ""))
        rows = registers(named) if named else []
        tags = device.get("tags")
        for t, tag in enumerate(tags if isinstance(tags, list) else ()):
            if isinstance(tag, dict):
                _fill(document, ("devices", d, "tags", t), tag, "" if profile is None else named, rows)


def _fill(document: Document, at: Path_, tag: dict[str, Any], profile: str | None, rows: list[Row]) -> None:
    """profile: empty where the device names none, None where it names one that does not exist."""
    if "register" in tag:
        name = str(getattr(tag["register"], "written", tag["register"]))
        found = [row for row in rows if row.text("register") == name]
        if not found and profile is not None:
            hint = len(document.faults) < MOST_HINTS
            document.faults.append(document.fault((*at, "register"), _not_there(name, profile, rows, hint)))
        given = register_facts(found[0]) if found else _NOWHERE
        if found and "role" not in given and tag.get("role") is None:
            message = f"{name} has no role in {profile}; say role: other"
            document.faults.append(document.fault((*at, "register"), message))
            given = {**given, "role": "other"}
    elif profile is None and "address" not in tag:
        given = _NOWHERE
    elif "address" not in tag and profile:
        found = [row for row in rows if row.text("role") and row.text("role") == str(tag.get("role"))]
        if len(found) > 1:
            names = ", ".join(row.text("register") for row in found)
            document.faults.append(
                document.fault((*at, "role"), f"must say which as `register`: {profile} has {names}")
            )
        given = register_facts(found[0]) if found else {}
    else:
        return
    for key, value in given.items():
        tag.setdefault(key, value)


def _not_there(name: str, profile: str, rows: list[Row], hint: bool) -> str:
    if not profile:
        return f"needs the device's `profile`, which is one of {', '.join(shipped())}"
    names = [row.text("register") for row in rows]
    near = difflib.get_close_matches(name[:80], names, 3) if hint else []
    if near:
        return f"is none of {profile}; did you mean {' or '.join(near)}?"
    return f"is none of {profile}, which has {', '.join(names)}" if hint else f"is none of {profile}"
