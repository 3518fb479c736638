"""Which lines does a new device or tag add to a site file? Lines are put in; every other byte stays as it is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.document import MOST_BYTES, Document, composed, load_document
from config.fault import Fault, InputError, file_fault, read_bytes
from config.file_change import FileChange
from config.tag_row import TagValues, cells_of, tag_list, values_of, with_rows
from config.yaml_text import block_item, mapping_item

MOST_INLINE = 20
"""More tags than this get a tag list of their own beside the site file."""

_NOT_SAFE = "is written in a way to which no line can be added safely; add the tags by hand"


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be added: tags of a device, and where it is new (settings not None), the device.

    settings: keys of the new device but id and tags, as the site file has them. tag_list: name of a tag list that is
    there and holds the new device's tags; tags is empty then.
    """

    device: str
    settings: Mapping[str, Any] | None
    tags: Sequence[TagValues]
    tag_list: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Addition":
        """From plain data, as JSON or a tag list has it. Raises KeyError, TypeError or AttributeError."""
        tags = [values_of(cells_of(tag)) for tag in data["tags"]]
        settings = data["settings"]
        return cls(str(data["device"]), None if settings is None else dict(settings), tags, data.get("tag_list"))

    def as_json(self) -> dict[str, Any]:
        """Plain data, from which `of` makes it again."""
        return {
            "device": self.device,
            "settings": self.settings,
            "tags": [cells_of(tag) for tag in self.tags],
            "tag_list": self.tag_list,
        }


def site_edit(site_file: Path, addition: Addition) -> tuple[FileChange, ...]:
    """The files that an addition changes, tag lists before the site file; nothing is written.

    Raises InputError where the files are written in a way to which nothing can be added. Whether the settings would
    be sound then is for `load_site` with the drafts to say.
    """
    text = _Text(site_file, read_bytes(site_file, MOST_BYTES))
    document = load_document(site_file, text.raw)
    if not isinstance(document.data.get("devices"), list | None):
        raise InputError([document.fault(("devices",), "must be a list")])
    if addition.settings is not None:
        changes = _new_device(text, document, addition)
    else:
        changes = _new_tags(text, document, addition)
    after = load_document(site_file, changes[-1].after).data
    if addition.tag_list is None and after != _expected(document.data, addition, after):
        raise file_fault(site_file, _NOT_SAFE)
    return tuple(change for change in changes if change.before != change.after)


def _new_device(text: "_Text", document: Document, addition: Addition) -> list[FileChange]:
    keys = {"id": addition.device, **(addition.settings or {})}
    listed: list[FileChange] = []
    name = addition.tag_list
    if name is None and len(addition.tags) > MOST_INLINE:
        name = f"{addition.device}.csv"
        if (text.path.parent / name).exists():
            raise file_fault(text.path.parent / name, "is there already; move it away, or name it as the tag list")
        listed = [FileChange(name, None, tag_list(addition.tags, str(keys.get("protocol"))))]
    if name is not None:
        keys["tags"] = name
    before = text.raw
    column, offset = text.list_columns("devices")
    lines = block_item(keys, column, offset)
    if name is None and addition.tags:
        lines.append(" " * (column + offset) + "tags:")
        lines += [line for tag in addition.tags for line in mapping_item(tag, column + offset + 2)]
    text.add(text.root, "devices", lines)
    return [*listed, FileChange(text.path.name, before, text.raw)]


def _new_tags(text: "_Text", document: Document, addition: Addition) -> list[FileChange]:
    devices = document.data.get("devices") or ()
    at = next((d for d, one in enumerate(devices) if isinstance(one, dict) and one.get("id") == addition.device), None)
    if at is None:
        raise file_fault(text.path, f"has no device {addition.device}")
    tags = devices[at].get("tags")
    if isinstance(tags, str):
        path = text.path.parent / tags
        before = read_bytes(path, MOST_BYTES)
        unchanged = FileChange(text.path.name, text.raw, text.raw)
        return [FileChange(tags, before, with_rows(path, before, addition.tags)), unchanged]
    before = text.raw
    sequence = text.value(text.root, "devices")
    assert isinstance(sequence, SequenceNode)
    device = sequence.value[at]
    if device.flow_style:
        raise text.refusal(device, f"devices[{at}]")
    column = text.list_columns("tags", device)[0]
    text.add(device, "tags", [line for tag in addition.tags for line in mapping_item(tag, column)])
    return [FileChange(text.path.name, before, text.raw)]


def _expected(data: dict[str, Any], addition: Addition, after: Any) -> dict[str, Any]:
    """What the file must say after the addition."""
    devices = list(data.get("devices") or ())
    tags = [dict(tag) for tag in addition.tags]
    if addition.settings is not None:
        device = {"id": addition.device, **addition.settings}
        if len(tags) > MOST_INLINE:
            device["tags"] = f"{addition.device}.csv"
        elif tags:
            device["tags"] = tags
        return {**data, "devices": [*devices, device]}
    return {
        **data,
        "devices": [
            {**one, "tags": [*(one.get("tags") or ()), *tags]}
            if isinstance(one, dict) and one.get("id") == addition.device and not isinstance(one.get("tags"), str)
            else one
            for one in devices
        ],
    }


class _Text:
    """A site file's text with the nodes in it; lines are added at places that the nodes name. Raises InputError."""

    def __init__(self, path: Path, raw: bytes) -> None:
        self.path = path
        root = composed(path, raw)
        if not isinstance(root, MappingNode) or root.flow_style:
            raise file_fault(path, "must hold settings, each key on a line of its own")
        self.root: MappingNode = root
        self._start = raw[:3] if raw.startswith(b"\xef\xbb\xbf") else b""
        self._text = raw[len(self._start) :].decode()
        self._end = "\r\n" if "\r\n" in self._text else "\n"

    @property
    def raw(self) -> bytes:
        return self._start + self._text.encode()

    def value(self, mapping: Node, key: str) -> Node | None:
        """The node of a key; None where there is none."""
        return next((item for name, item in mapping.value if name.value == key), None)

    def refusal(self, node: Node, key: str) -> InputError:
        mark = node.start_mark
        return InputError([Fault(str(self.path), mark.line + 1, mark.column + 1, key, _NOT_SAFE)])

    def list_columns(self, key: str, mapping: Node | None = None) -> tuple[int, int]:
        """Column of the dashes of a list, and of its items' keys counted from there; those of a new one where empty."""
        inside = self.root if mapping is None else mapping
        found = self.value(inside, key)
        if not isinstance(found, SequenceNode) or not found.value:
            return inside.start_mark.column + 2, 2
        last = found.value[-1]
        block = isinstance(last, MappingNode) and not last.flow_style
        column: int = found.start_mark.column
        return column, last.start_mark.column - column if block else 2

    def add(self, mapping: Node, key: str, lines: list[str]) -> None:
        """Put lines at the end of a list, which may be absent or empty. Raises InputError where it is in flow style."""
        found = self.value(mapping, key)
        column = mapping.start_mark.column
        if found is None:
            self._insert(self._line_end(_content_end(mapping, self._text), column), [f"{' ' * column}{key}:", *lines])
            return
        name = next(name for name, _ in mapping.value if name.value == key)
        if found.start_mark.index < name.end_mark.index:  # an alias: the list stands elsewhere
            raise self.refusal(name, key)
        if isinstance(found, SequenceNode) and found.value and not found.flow_style:
            self._insert(self._line_end(_content_end(found, self._text), found.start_mark.column), lines)
            return
        start, end = found.start_mark.index, found.end_mark.index
        written = self._text[start:end].strip()
        empty = re.fullmatch(r"\[\s*\]", written) or (isinstance(found, ScalarNode) and written in ("", "~", "null"))
        if not empty:
            raise self.refusal(found, key)
        if written:
            cut = len(self._text[:start].rstrip(" "))
            self._text = self._text[:cut] + self._text[start + len(written) :]
        self._insert(self._line_end(name.end_mark.index), lines)

    def _line_end(self, index: int, column: int | None = None) -> int:
        """Where the next line begins, behind comments that stand deeper than the column and so belong to what ends."""
        at = self._next_line(index)
        if column is not None:
            while comment := re.compile(rf" {{{column + 1},}}#").match(self._text, at):
                at = self._next_line(comment.end())
        return at

    def _next_line(self, index: int) -> int:
        found = self._text.find("\n", index)
        return len(self._text) if found < 0 else found + 1

    def _insert(self, at: int, lines: list[str]) -> None:
        before = self._text[:at]
        if before and not before.endswith("\n"):
            before += self._end
        self._text = before + self._end.join([*lines, ""]) + self._text[at:]


def _content_end(node: Node, text: str) -> int:
    """Where a node's last character is, without the comments and blank lines behind it."""
    if isinstance(node, MappingNode) and not node.flow_style:
        name, item = node.value[-1]
        return max(_content_end(name, text), _content_end(item, text))
    if isinstance(node, SequenceNode) and not node.flow_style:
        return _content_end(node.value[-1], text)
    start: int = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())
