"""How is one reading shown to whoever asks what a value rests on?"""

from collections.abc import Mapping
from dataclasses import dataclass

from plant.reading import Readings
from plant.status_code import status_name


@dataclass(frozen=True, slots=True)
class ReadingShown:
    """One reading: KPI time [us], value (None under a Bad status), name of the StatusCode, time of receipt [us].

    means: name of the state, or the text, that the number stands for; empty for counters and gauges.
    """

    time_us: int
    value: float | None
    status: str
    received_us: int
    means: str = ""


def reading_shown(readings: Readings, at: int, names: Mapping[int, str] | None = None) -> ReadingShown:
    """One of some readings, by its place. names: what the numbers of states and texts stand for."""
    value = float(readings.values[at])
    known = value == value  # NaN under a Bad status
    return ReadingShown(
        int(readings.times_us[at]),
        value if known else None,
        status_name(int(readings.status[at])),
        int(readings.received_us[at]),
        (names or {}).get(int(value), "") if known else "",
    )
