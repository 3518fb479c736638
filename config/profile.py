"""Which registers does a known device model have? Register maps shipped in config/profiles, one file a model."""

from typing import Any

from config.devices import PROFILES, shipped
from config.document import Document
from config.table_file import Row, read_table

_FROM_PROFILE = ("table", "address", "type", "order", "unit")


def registers(profile: str) -> list[Row]:
    """The registers of a shipped profile: register, role, unit, table, address, type, order, source."""
    return read_table(PROFILES / f"{profile}.csv", required=("register", "role", *_FROM_PROFILE, "source")).rows


def fill_from_profiles(document: Document) -> None:
    """Give Modbus tags that name no address the register that the device's profile has for their role.

    A profile or role that does not exist is left as it is, for the check of settings to name.
    """
    devices = document.data.get("devices") if isinstance(document.data, dict) else None
    for device in devices if isinstance(devices, list) else ():
        if not isinstance(device, dict) or device.get("protocol") != "modbus":
            continue
        profile = device.get("profile")
        tags = device.get("tags")
        if not isinstance(profile, str) or profile not in shipped() or not isinstance(tags, list):
            continue
        by_role = {row.text("role"): row for row in registers(profile) if row.text("role")}
        for tag in tags:
            if isinstance(tag, dict) and "address" not in tag and str(tag.get("role")) in by_role:
                _fill(tag, by_role[str(tag["role"])])


def _fill(tag: dict[str, Any], register: Row) -> None:
    for key in _FROM_PROFILE:
        tag.setdefault(key, register.text(key))
