"""What do bytes from a stranger say, if they are JSON that means the same to every reader (I-JSON, RFC 7493)?"""

import json
import math
from typing import Any

MOST_DEPTH = 12
WHOLE_LIMIT = 2**53
"""Every number stays below this, so that all readers see the same value."""


class JsonError(ValueError):
    """The bytes are not JSON that can be taken; the message says why."""


def strict_json(payload: bytes, most_bytes: int) -> Any:
    """The data of a JSON text.

    Raises JsonError for more than `most_bytes`, text that is not UTF-8 or not JSON, keys that stand twice, numbers
    from 2^53 on or not finite, unpaired surrogates, and nesting deeper than 12.
    """
    if len(payload) > most_bytes:
        raise JsonError(f"is larger than {most_bytes} bytes")
    try:
        data = json.loads(
            payload.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_real,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise JsonError("is not UTF-8") from None
    except RecursionError:
        raise JsonError(f"nests deeper than {MOST_DEPTH}") from None
    except json.JSONDecodeError as error:
        raise JsonError(f"is not JSON: {error.msg} at {error.pos}") from None
    require_portable(data)
    return data


def require_portable(data: Any) -> None:
    """Raises JsonError unless data is plain JSON: text keys, sound text, numbers within limits, not too deep."""
    todo: list[tuple[Any, int]] = [(data, 0)]
    while todo:
        item, depth = todo.pop()
        if depth > MOST_DEPTH:
            raise JsonError(f"nests deeper than {MOST_DEPTH}")
        if isinstance(item, dict):
            for key, inner in item.items():
                _require_text(key)
                todo.append((inner, depth + 1))
        elif isinstance(item, list | tuple):
            todo.extend((inner, depth + 1) for inner in item)
        elif isinstance(item, int | float) and not isinstance(item, bool):
            if not math.isfinite(item) or abs(item) >= WHOLE_LIMIT:
                raise JsonError("holds a number that is not finite or not below 2^53")
        elif item is not None and not isinstance(item, bool):
            _require_text(item)


def _require_text(item: Any) -> None:
    if not isinstance(item, str):
        raise JsonError(f"holds {type(item).__name__}, which is not JSON")
    try:
        item.encode("utf-8")
    except UnicodeEncodeError:
        raise JsonError("holds an unpaired surrogate") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError("has a key that stands twice")
    return found


def _whole(text: str) -> int:
    if len(text) > 17:  # before int(), which refuses very long ones in words of its own
        raise JsonError("holds a number that is not finite or not below 2^53")
    return int(text)


def _real(text: str) -> float:
    return float(text)  # 1e999 becomes infinite, which require_portable refuses


def _constant(text: str) -> float:
    raise JsonError(f"holds {text}, which is not JSON")
