"""What is kept of a text that a server sends? What can be stored and read, whatever its bytes are."""

import re

LONGEST_TEXT = 4096
"""Characters that are kept of a text."""

_MOST_BYTES_A_CHARACTER = 4
_SURROGATE = re.compile("[\ud800-\udfff]")


def kept_text(text: str) -> str:
    """The text with U+FFFD for every byte that is no UTF-8 (a surrogate in Python's decoding); one that is longer than
    LONGEST_TEXT is cut and ends with "…".

    >>> kept_text("Gr\\udcfcn")
    'Gr\ufffdn'
    """
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def first_text(octets: bytes, start: int, length: int) -> str:
    """As `kept_text` for the text in these bytes; no more are decoded than are kept."""
    most = _MOST_BYTES_A_CHARACTER * (LONGEST_TEXT + 1)
    return kept_text(octets[start : start + min(length, most)].decode("utf-8", errors="surrogateescape"))
