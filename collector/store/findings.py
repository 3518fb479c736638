"""What did somebody find who looked through a store? So much looked at, and what is wrong by place."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MOST_FAULTS = 1000
"""So many faults are kept; the rest are counted."""


class StoreFault(NamedTuple):
    """where: table, and key or id of the row. what: one line in plain words."""

    where: str
    what: str


@dataclass(slots=True)
class Findings:
    """counted: how much was looked at, by what it is. faults: the first of them. fault_count: how many there are."""

    counted: Counter[str] = field(default_factory=Counter)
    faults: list[StoreFault] = field(default_factory=list)
    fault_count: int = 0

    def add(self, where: str, what: str) -> None:
        """Note a fault."""
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(StoreFault(where, what))

    def as_json(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "ok": not self.fault_count,
            "counted": dict(self.counted),
            "fault_count": self.fault_count,
            "faults": [one._asdict() for one in self.faults],
        }
