"""What was measured, and is it enough? Figures of every round, their medians, and the floors they are set against."""

import json
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_COLUMNS = {
    "values_per_s": ("values/s", 13, ",.0f"),
    "cpu_s_per_million": ("CPU-s/M", 10, ".3f"),
    "cores": ("cores", 8, ".3f"),
    "server_cores": ("server", 8, ".2f"),
    "rss_mb": ("MB", 7, ".0f"),
}


def say(text: str) -> None:
    """A line of the result."""
    print(text, flush=True)  # noqa: T201


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the issue of the reader asks for, and what was found. most: the floor is a ceiling."""

    what: str
    floor: float
    found: float
    most: bool = False

    @property
    def passed(self) -> bool:
        """Whether it is met."""
        return self.found <= self.floor if self.most else self.found >= self.floor

    @property
    def outcome(self) -> str:
        """pass, MISS, or that there was no figure."""
        return "not measured" if math.isnan(self.found) else "pass" if self.passed else "MISS"


@dataclass(slots=True)
class Run:
    """One call of the program. rows: (part, contender) to its figures, a list with one entry a round."""

    folder: Path
    only: tuple[str, ...]
    seconds: float
    window_s: float
    rounds: int
    environment: Path
    rows: dict[tuple[str, str], list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    verdicts: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, part: str, name: str, **figures: float) -> None:
        """Keep what one round of a contender gave, and show it."""
        self.rows[part, name].append(figures)
        say(f"  {part}: {name}: " + ", ".join(f"{key} {value:,.4g}" for key, value in figures.items()))

    def median(self, part: str, name: str, figure: str) -> float:
        """Of all rounds; not a number where there was none."""
        found = [row[figure] for row in self.rows.get((part, name), []) if figure in row]
        return statistics.median(found) if found else float("nan")

    def over(self, part: str, name: str, other: str, figure: str = "values_per_s") -> float:
        """How many times that of another contender."""
        return self.median(part, name, figure) / self.median(part, other, figure)

    def judge(self, what: str, floor: float, found: float, most: bool = False) -> None:
        """Set a figure against its floor."""
        self.verdicts.append(Verdict(what, floor, found, most))

    @property
    def passed(self) -> bool:
        """Whether every floor is met; one that was not measured is not."""
        return all(verdict.passed for verdict in self.verdicts)

    def show(self) -> None:
        """The tables: medians, then verdicts."""
        heads = "".join(f"{head:>{width}}" for head, width, _ in _COLUMNS.values())
        say(f"\n{'part':<12}{'contender':<24}{'n':>3}{heads}")
        for (part, name), rounds in self.rows.items():
            cells = ""
            for figure, (_, width, form) in _COLUMNS.items():
                median = self.median(part, name, figure)
                cells += f"{'' if math.isnan(median) else format(median, form):>{width}}"
            say(f"{part:<12}{name:<24}{len(rounds):>3}{cells}")
        say(f"\n{'what':<64}{'asked':>10}{'found':>10}")
        for verdict in self.verdicts:
            sign = "<=" if verdict.most else ">="
            say(f"{verdict.what:<64}{sign:>4}{verdict.floor:>6g}{verdict.found:>10.3g}  {verdict.outcome}")
        for line in self.notes:
            say(line)

    def write(self, path: Path) -> None:
        """The figures of every round and the verdicts as JSON."""
        figures = [{"part": part, "contender": name, "rounds": rows} for (part, name), rows in self.rows.items()]
        verdicts = [
            {"what": v.what, "asked": v.floor, "at_most": v.most, "found": v.found, "outcome": v.outcome}
            for v in self.verdicts
        ]
        written = {"figures": figures, "verdicts": verdicts, "notes": self.notes}
        path.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
