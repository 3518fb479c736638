"""Runs of a state as tests write them down: one letter a minute."""

import numpy as np

from kpi.state import StateRuns, joined_runs
from kpi.time_model import UnitTime, time_model
from plant.instant import US_PER_S
from plant.intervals import Intervals, intervals
from plant.tag import STANDARD_STATES

MIN = 60 * US_PER_S
STATES = {**STANDARD_STATES, 7: "Lunch"}
CODE_OF = {"N": 0.0, "E": 1.0, "S": 2.0, "O": 3.0, "L": 7.0, "h": 1.5, "9": 9.0}
"""L has a name that is no machine state, h and 9 have none; any other letter is time without a run."""


def letters(text: str, start_min: int = 0) -> StateRuns:
    """Runs of a text with one letter a minute; spaces count nothing."""
    return joined_runs(
        [
            StateRuns(np.array([at * MIN]), np.array([(at + 1) * MIN]), np.array([CODE_OF[letter]]))
            for at, letter in enumerate(text.replace(" ", ""), start_min)
            if letter in CODE_OF
        ]
    )


def minutes(*rows: tuple[int, int]) -> Intervals:
    return intervals([(start * MIN, end * MIN) for start, end in rows])


def marked(text: str) -> Intervals:
    """Planned time of a text with one letter a minute: p is planned."""
    return minutes(*((at, at + 1) for at, letter in enumerate(text.replace(" ", "")) if letter == "p"))


def model(text: str, planned: str | None = None, span: tuple[int, int] | None = None) -> UnitTime:
    """The time model of a text; without more, all of it is planned, and it is the period."""
    length = len(text.replace(" ", ""))
    start, end = span or (0, length)
    plan = minutes((0, length)) if planned is None else marked(planned)
    return time_model(letters(text), STATES, plan, (start * MIN, end * MIN))
