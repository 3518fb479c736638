"""Which keys do the plants have now? Their list is read again when it changes, so enrolling needs no restart."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from config.enrolment import load_plants
from config.fault import InputError
from kpi.report import public_key

log = logging.getLogger("smartwings.programme")


class Roster:
    """The keys of a list of plants, as the list stands."""

    def __init__(self, path: Path) -> None:
        """Raises InputError for a list with faults."""
        self._path = path
        self._seen = self._state()
        self._keys = self._read()

    def keys(self) -> Mapping[str, Ed25519PublicKey | None]:
        """Every plant's key, None where it has none yet. While the list has faults, what it said before holds."""
        state = self._state()
        if state != self._seen:
            try:
                self._keys = self._read()
            except InputError as error:
                log.error("the list of plants has faults, so the one before holds: %s", error)
            self._seen = state
        return self._keys

    def _state(self) -> tuple[int, int, int]:
        try:
            found = os.stat(self._path)
        except OSError:
            return 0, 0, 0
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> dict[str, Ed25519PublicKey | None]:
        plants = load_plants(self._path)
        return {one.plant: public_key(one.public_key) if one.public_key else None for one in plants}
