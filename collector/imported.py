"""What became of a file that was imported?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: how it was read, and its rows or what they stand for, counted."""

    file: str
    encoding: str
    rows: int
    new: int
    unchanged: int
    rejected: int
