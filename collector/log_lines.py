"""What did the collector log last? A few hundred lines in memory, for whoever asks for help."""

import logging
from collections import deque
from typing import Self

MOST_LINES = 500
MOST_CHARACTERS = 2000


class LogLines(logging.Handler):
    """Keeps the last lines of the log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._lines: deque[str] = deque(maxlen=MOST_LINES)

    @classmethod
    def of_this_process(cls) -> Self:
        """Those of everything that is logged in this process from now on."""
        root = logging.getLogger()
        for before in [one for one in root.handlers if isinstance(one, LogLines)]:
            root.removeHandler(before)
        lines = cls()
        root.addHandler(lines)
        return lines

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; one that cannot be written is left to logging."""
        try:
            self._lines.append(self.format(record)[:MOST_CHARACTERS])
        except Exception:
            self.handleError(record)

    def newest(self) -> list[str]:
        """The lines, the newest last."""
        return list(self._lines)
