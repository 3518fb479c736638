"""What of a text may leave the plant? Everything but what looks like a secret, and what is known to be one."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from config.site import Site

REMOVED = "[removed]"
_LEAST_CHARACTERS = 4
_MOST_BYTES = 64 * 1024

_NAMED = re.compile(
    r"(?P<key>[\w-]*(?:password|passwd|passphrase|pwd|secret|token|credential|api[_-]?key|private[_-]?key|user|login"
    r"|비밀번호|암호|사용자)[\w-]*[\"']?\s*[:=])(?P<value>.*)",
    re.IGNORECASE,
)
_NAMES_A_FILE = re.compile(r"[\w-]*_(?:file|folder)[\"']?\s*[:=]", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [^-]*(?:PRIVATE|SECRET)[^-]*-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL)
_IN_ADDRESS = re.compile(r"(?<=://)[^/\s@]+@")
_LONG = re.compile(r"(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*[0-9])(?=[0-9+/]*[A-Za-z])[A-Za-z0-9+/]{40,}=*")


def redacted(text: str, secrets: Sequence[str] = ()) -> str:
    """A text without known secrets, values of keys that are named like secrets, keys, and users in addresses.

    Names of files and hashes stay. A value reaches to the end of its line and over lines that are indented deeper.

    >>> redacted("password_file: secrets/mqtt\\nmqtt: {password: abc, port: 1}")
    'password_file: secrets/mqtt\\nmqtt: {password: [removed]'
    """
    for secret in secrets:
        text = text.replace(secret, REMOVED)
    text = _IN_ADDRESS.sub(f"{REMOVED}@", _PEM.sub(REMOVED, text))
    text = _LONG.sub(lambda found: found[0] if _is_hash(found[0]) else REMOVED, text)
    return "".join(_lines(text.splitlines(keepends=True)))


def _is_hash(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", text) is not None


def _lines(lines: Iterable[str]) -> Iterable[str]:
    hidden_below: int | None = None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if hidden_below is not None and (indent > hidden_below or not line.strip()):
            continue
        hidden_below = None
        cut = _without_value(line)
        if cut is not None:
            hidden_below = indent
            line = cut + line[len(line.rstrip("\r\n")) :]
        yield line


def _without_value(line: str) -> str | None:
    """A line up to the first value that is not to be shown; None where there is none."""
    at = 0
    while (found := _NAMED.search(line, at)) is not None:
        if not _NAMES_A_FILE.fullmatch(found["key"]):
            return f"{line[: found.start('value')]} {REMOVED}"
        at = found.end("key")
    return None


def secrets_of(site: Site | None, folder: Path) -> list[str]:
    """What the plant's files of passwords and keys hold, and each longer line of them; the longest first."""
    files = [folder / "certificates" / "own.pem", *sorted((folder / "secrets").glob("*"))]
    if site is not None:
        groups = [site.mqtt, *site.devices]
        named = (getattr(group, key, None) for group in groups for key in ("password_file", "key_file"))
        files += [folder / name for name in named if name]
    found = set[str]()
    for file in files:
        try:
            text = file.read_bytes()[:_MOST_BYTES].decode("utf-8", errors="replace").strip()
        except OSError:
            continue
        lines = [line.strip() for line in text.splitlines()]
        found.update(one for one in (text, *lines) if len(one) >= _LEAST_CHARACTERS and not one.startswith("-----"))
    return sorted(found, key=len, reverse=True)
