"""What time is it in the simulated plant? The wall clock's, until the plant is frozen."""

import time
from collections.abc import Callable


def wall_clock_us() -> int:
    """This machine's time [UTC us]."""
    return time.time_ns() // 1000


class PlantClock:
    """The time for which the models are asked. Frozen, it stands still, and with it every model."""

    def __init__(self, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._now_us = now_us
        self._frozen_us: int | None = None

    def now_us(self) -> int:
        """The instant for which models are to be evaluated [UTC us]."""
        return self._frozen_us if self._frozen_us is not None else self._now_us()

    def freeze(self) -> int:
        """Stand still from now on. Returns the instant; freezing twice changes nothing."""
        if self._frozen_us is None:
            self._frozen_us = self._now_us()
        return self._frozen_us
