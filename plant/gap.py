"""What could not be had: failure is data with a start, an end and a cause."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which readings of a device (tag None) or of one of its tags are missing.

    start_us, end_us: UTC microseconds, half-open; end_us None while it lasts. cause: one line in plain words.
    """

    device: str
    tag: str | None
    start_us: int
    end_us: int | None
    cause: str
