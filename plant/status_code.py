"""What does a StatusCode say? Names, numbers and severities of OPC UA (OPC 10000-4 7.39; OPC 10000-6 A.2)."""

import csv
from functools import cache
from importlib.resources import files

GOOD = 0x00000000
UNCERTAIN = 0x40000000
BAD = 0x80000000
BAD_NO_DATA = 0x809B0000

_SEVERITY_BITS = 0xC0000000
_CODE_BITS = 0xFFFF0000  # the low half holds information bits, not the code


@cache
def _codes() -> dict[str, int]:
    text = files("plant").joinpath("status_codes.csv").read_text(encoding="ascii")
    return {row["name"]: int(row["code"], 16) for row in csv.DictReader(text.splitlines())}


@cache
def _names() -> dict[int, str]:
    return {code: name for name, code in _codes().items()}


def is_good(code: int) -> bool:
    """Whether the severity is Good."""
    return code & _SEVERITY_BITS == GOOD


def is_uncertain(code: int) -> bool:
    """Whether the severity is Uncertain."""
    return code & _SEVERITY_BITS == UNCERTAIN


def is_bad(code: int) -> bool:
    """Whether the severity is Bad (the reserved fourth severity counts as Bad)."""
    return code & BAD != 0


def status_name(code: int) -> str:
    """Name of a StatusCode, its information bits left aside; a code without a name as hexadecimal number."""
    return _names().get(code & _CODE_BITS, f"0x{code:08X}")


def status_text(code: int) -> str:
    """What `parse_status` reads as just this code: its name, or its hexadecimal number where it has information bits.

    >>> status_text(0), status_text(0x480)
    ('Good', '0x00000480')
    """
    return status_name(code) if code & ~_CODE_BITS == 0 else f"0x{code:08X}"


def parse_status(text: str) -> int:
    """StatusCode of a name or a number (decimal or 0x…). Empty text is Good. Raises ValueError."""
    text = text.strip()
    if not text:
        return GOOD
    if text in _codes():
        return _codes()[text]
    try:
        code = int(text, 0)
    except ValueError:
        raise ValueError("must be the name or number of an OPC UA StatusCode, as in Good or 0x80000000") from None
    if not 0 <= code <= 0xFFFFFFFF:
        raise ValueError("must be a StatusCode of 32 bits")
    return code
