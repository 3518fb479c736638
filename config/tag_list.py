"""What tags does a tag list name? A CSV or XLSX file whose headings are the keys of a tag."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.document import Document, Mark, Path_
from config.fault import Fault, InputError
from config.table_file import Table, read_table
from config.tags import ModbusTag, OpcUaTag, TagSettings


def _keys(settings: type[TagSettings]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in settings.model_fields.items())


KEYS = {"opcua": _keys(OpcUaTag), "modbus": _keys(ModbusTag)}
"""Headings of a tag list, by protocol."""


def expand_tag_lists(document: Document, folder: Path, drafts: Mapping[Path, bytes] | None = None) -> None:
    """Put the rows of every tag list in place of its file name, each marked with its row and column.

    Relative names are relative to `folder`; drafts: what some of the files would hold, instead of what they hold.
    What is wrong with a list becomes a fault of the document.
    """
    devices = document.data.get("devices") if isinstance(document.data, dict) else None
    for d, device in enumerate(devices if isinstance(devices, list) else ()):
        if not isinstance(device, dict) or not isinstance(device.get("tags"), str):
            continue
        path = folder / device["tags"]
        try:
            table = read_table(path, required=("name",), data=(drafts or {}).get(path))
        except InputError as error:
            where = document.fault(("devices", d, "tags"), "")
            document.faults.extend(fault if fault.line else _naming_both(where, fault) for fault in error.faults)
            device["tags"] = []
            continue
        unknown = _unknown_headings(table, str(device.get("protocol")))
        document.faults.extend([*unknown, *table.faults])
        device["tags"] = _tags(table, document, ("devices", d, "tags"), {fault.key for fault in unknown})


def _naming_both(where: Fault, fault: Fault) -> Fault:
    return Fault(where.file, where.line, where.column, where.key, f"{fault.file} {fault.message}")


def _unknown_headings(table: Table, protocol: str) -> list[Fault]:
    known = KEYS.get(protocol, ())
    return [
        Fault(str(table.path), 1, column, heading, f"unknown heading; must be one of {', '.join(known)}")
        for column, heading in enumerate(table.headings, 1)
        if known and heading and heading not in known
    ]


def _tags(table: Table, document: Document, at: Path_, without: set[str]) -> list[dict[str, Any]]:
    tags = []
    for index, row in enumerate(table.rows):
        path = (*at, index)
        document.marks[path] = Mark(str(table.path), row.number, 1, "")
        for column, heading in enumerate(table.headings, 1):
            document.marks[*path, heading] = Mark(str(table.path), row.number, column, heading)
        tags.append({heading: cell for heading, cell in row.cells.items() if cell != "" and heading not in without})
    return tags
