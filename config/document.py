"""What does a YAML file say, and at which line and column does it say it? YAML 1.2: `14:00` and `no` are text."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.fault import Fault, InputError, read_bytes

MOST_BYTES = 16 * 2**20
MOST_NODES = 500_000
MOST_REPEATED = 20_000  # values that aliases repeat
MOST_DEPTH = 40

Path_ = tuple[str | int, ...]

# YAML 1.2.2, 10.3.2 (core schema)
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULL = ("", "~", "null", "Null", "NULL")
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")


class WrittenInt(int):
    """A whole number that remembers how it was written, for where a name is wanted (`0421`)."""

    written: str


class WrittenFloat(float):
    """A number that remembers how it was written, for where a name is wanted (`1.10`)."""

    written: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something stands: file, line and column (counted from 1), and the key to show for it."""

    file: str
    line: int
    column: int
    key: str


@dataclass(slots=True)
class Document:
    """The content of a file as plain data, a mark for every key and item in it, by path, and what is wrong in it."""

    path: Path
    data: Any = None
    marks: dict[Path_, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def mark(self, path: Path_) -> Mark:
        """The mark of a path, or of the nearest part above it that has one; the key shown is of the whole path."""
        for length in range(len(path), -1, -1):
            found = self.marks.get(path[:length])
            if found:
                rest = shown(path[length:])
                joint = "." if found.key and rest and not rest.startswith("[") else ""
                return Mark(found.file, found.line, found.column, found.key + joint + rest)
        return Mark(str(self.path), 1, 1, shown(path))

    def fault(self, path: Path_, message: str) -> Fault:
        """A fault at a path of the document."""
        mark = self.mark(path)
        return Fault(mark.file, mark.line, mark.column, mark.key, message)


def shown(path: Path_) -> str:
    """A path as people write it: devices[0].tags[3].address."""
    return "".join(_shown_part(part) for part in path).removeprefix(".")


def _shown_part(part: str | int) -> str:
    if isinstance(part, WrittenInt | WrittenFloat):  # a key that is a number; an item's place in a list is a plain int
        return f".{part.written}"
    return f"[{part}]" if type(part) is int else f".{part}"


def load_document(path: Path, raw: bytes | None = None) -> Document:
    """The content of a YAML file with its marks; raw: what the file would hold, instead of what it holds.

    Doubled keys are faults of the document. Raises InputError for a file that cannot be read, is not UTF-8 or not
    YAML, or is too large or too deep.
    """
    root = composed(path, read_bytes(path, MOST_BYTES) if raw is None else raw)
    reader = _Reader(path)
    data = None if root is None else reader.value(root, ())
    return Document(path, data, reader.marks, reader.faults)


def composed(path: Path, raw: bytes) -> Node | None:
    """The nodes of a YAML file, each with its marks; None for an empty one. Raises InputError as `load_document`."""
    try:
        text = raw.decode("utf-8-sig")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor may be given anew
            yaml = YAML(typ="safe", pure=True)
            yaml.max_depth = MOST_DEPTH + 1
            root: Node | None = yaml.compose(text)
            return root
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError([Fault(str(path), line, None, "", "must be UTF-8 text")]) from None
    except YAMLError as error:
        raise InputError([_syntax_fault(path, error)]) from None
    except (ValueError, OverflowError):  # an escape such as \UFFFFFFFF
        raise InputError(
            [Fault(str(path), 1, 1, "", "is not YAML: it escapes a character that does not exist")]
        ) from None


def _syntax_fault(path: Path, error: YAMLError) -> Fault:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        if isinstance(error, MaxDepthExceededError) and mark:
            return Fault(str(path), mark.line + 1, mark.column + 1, "", f"must not nest deeper than {MOST_DEPTH}")
        problem = str(error.problem or error.context or "is not YAML").splitlines()[0]
        if mark:
            return Fault(str(path), mark.line + 1, mark.column + 1, "", f"is not YAML: {problem}")
    return Fault(str(path), 1, 1, "", f"is not YAML: {str(error).splitlines()[0]}")


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.marks: dict[Path_, Mark] = {}
        self.faults: list[Fault] = []
        self.nodes = 0
        self.repeated = 0
        self.seen: set[int] = set()

    def value(self, node: Node, path: Path_) -> Any:
        self.nodes += 1
        self._place(path, node)
        if id(node) in self.seen:
            self.repeated += 1
        self.seen.add(id(node))
        for found, most, what in (
            (len(path), MOST_DEPTH, "levels"),
            (self.nodes, MOST_NODES, "values"),
            (self.repeated, MOST_REPEATED, "values repeated by aliases"),
        ):
            if found > most:
                raise InputError([Document(self.path, marks=self.marks).fault(path, f"has more than {most} {what}")])
        if isinstance(node, MappingNode):
            return {key: self.value(item, (*path, key)) for key, item in self._entries(node, path)}
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, path)

    def _scalar(self, node: ScalarNode, path: Path_) -> Any:
        text = node.value
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            mark = node.start_mark
            message = "must not have half a character, as in \\uD800"
            self.faults.append(Fault(str(self.path), mark.line + 1, mark.column + 1, shown(path), message))
            text = text.encode("utf-8", "replace").decode("utf-8")
        return scalar(text, plain=node.style is None)

    def _place(self, path: Path_, node: Node) -> None:
        if path not in self.marks:  # a mapping's entry is marked at its key, everything else where it starts
            mark = node.start_mark
            self.marks[path] = Mark(str(self.path), mark.line + 1, mark.column + 1, shown(path))

    def _entries(self, node: MappingNode, path: Path_) -> Iterator[tuple[Any, Node]]:
        seen: set[Any] = set()
        for key_node, item in node.value:
            if not isinstance(key_node, ScalarNode):
                mark = key_node.start_mark
                self.faults.append(
                    Fault(str(self.path), mark.line + 1, mark.column + 1, shown(path), "key must be text")
                )
                continue
            key = self._scalar(key_node, path)
            mark = key_node.start_mark
            at = (*path, key)
            if key in seen:
                self.faults.append(Fault(str(self.path), mark.line + 1, mark.column + 1, shown(at), "key stands twice"))
                continue
            seen.add(key)
            self.marks[at] = Mark(str(self.path), mark.line + 1, mark.column + 1, shown(at))
            yield key, item


def scalar(text: str, plain: bool) -> Any:
    """A scalar by the core schema of YAML 1.2; quoted text stays text, and so does everything not in the schema."""
    if not plain:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text) and len(text) < 1000:
        whole = WrittenInt(int(text, 0) if text[:2] in ("0o", "0x") else int(text))
        whole.written = text
        return whole
    if _FLOAT.fullmatch(text):
        real = WrittenFloat(text)
        real.written = text
        return real
    return text
