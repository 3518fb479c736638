"""How is a full disk met before it is full? Its level is looked at, and a ballast file gives room then."""

import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from collector.disk import Level, ballast_bytes, level
from collector.store.files import BALLAST, beside, log_bytes

log = logging.getLogger(__name__)


@dataclass(slots=True)
class DiskWatch:
    """The disk of a store. level: as it was looked at last."""

    store: Path
    level: Level = Level.OK

    @property
    def ballast(self) -> Path:
        """The file that holds room for a last checkpoint, for retention and for the note that the disk is full."""
        return beside(self.store, BALLAST)

    @property
    def wal_bytes(self) -> int:
        """Size of the store's write-ahead log; 0 where there is none."""
        return log_bytes(self.store)

    def look(self) -> Level:
        """Look at the disk: at full the ballast is given up, below 90 % it is made again. What the ballast takes or
        would take does not count as free."""
        try:
            usage = shutil.disk_usage(self.store.parent)
        except OSError:
            return self.level
        missing = max(0, ballast_bytes(usage.total) - self._held())
        found = level(self.level, usage.used + missing, max(0, usage.free - missing))
        if found != self.level:
            log.warning("the disk of the store is %s (before: %s)", found.name.lower(), self.level.name.lower())
        self.level = found
        if found is Level.FULL:
            self.release()
        elif found < Level.SHORT and missing and usage.free > 2 * missing:
            self._make(ballast_bytes(usage.total))
        return found

    def release(self) -> None:
        """Give the room of the ballast to whoever needs it."""
        try:
            self.ballast.unlink(missing_ok=True)
        except OSError as error:
            log.error("the ballast cannot be given up: %s", error)

    def _held(self) -> int:
        try:
            return self.ballast.stat().st_blocks * 512
        except OSError:
            return 0

    def _make(self, size: int) -> None:
        try:
            file = os.open(self.ballast, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(file, 0, size)
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:  # it is a precaution; without it everything else goes on
            log.warning("no ballast can be made: %s", error)
            self.release()
