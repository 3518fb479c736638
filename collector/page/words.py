"""In which language does the page speak? English text is the key; Korean lies beside it, one file a page."""

import tomllib
from functools import cache
from pathlib import Path

KOREAN = Path(__file__).parent / "korean"
LANGUAGES = {"en": "English", "ko": "한국어"}


@cache
def korean() -> dict[str, str]:
    """Korean by English text. ValueError: a text stands in two files."""
    found: dict[str, str] = {}
    file_of: dict[str, str] = {}
    for path in sorted(KOREAN.glob("*.toml")):
        for english, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if english in found:
                raise ValueError(f"{english!r} stands in {file_of[english]} and in {path.name}")
            found[english], file_of[english] = text, path.name
    return found


def text(english: str) -> str:
    """A text of the code that is put into the visitor's language where it is shown; imported as `_`, which marks it."""
    return english


def said(text: str, language: str) -> str:
    """A text in a language; one that has no Korean stays English."""
    return korean().get(text, text) if language == "ko" else text


def preferred(accepted: str) -> str:
    """The language that a browser's Accept-Language asks for.

    >>> preferred("ko-KR,ko;q=0.9,en;q=0.8"), preferred("de, en;q=0.7, ko;q=0.3"), preferred("")
    ('ko', 'en', 'en')
    """
    wanted = []
    for place, part in enumerate(accepted.split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), place, name.split("-")[0].lower()))
        except ValueError:
            continue
    return next((name for _, _, name in sorted(wanted) if name in LANGUAGES), "en")
