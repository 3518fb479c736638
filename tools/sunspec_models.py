"""Make config/sunspec from the SunSpec Alliance's model definitions: `python tools/sunspec_models.py FOLDER`.

FOLDER is `json` of a checkout of github.com/sunspec/models (Apache-2.0); what is kept are the points of the models that
Smart Wings reads. Roles are ours. Name the commit in NOTICE when it changes.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "config" / "sunspec"
MODELS = (1, 201, 202, 203, 204, 211, 212, 213, 214)
COLUMNS = ("point", "offset", "type", "size", "scale_from", "unit", "role", "mandatory")
ROLES = (
    (r"TotWhImp", "energy_import"),
    (r"TotWhExp", "energy_export"),
    (r"W", "power"),
    (r"A(ph[ABC])?", "current"),
    (r"P[hP]V(ph[ABC]{1,2})?", "voltage"),
)
UNITS = {"Pct": "%", "PF": ""}


def rows(group: dict[str, Any]) -> Iterator[list[str]]:
    """The points of a model, one row each; offset: registers from that of the model's id."""
    offset = 0
    for point in group["points"]:
        name, unit = point["name"], point.get("units", "")
        role = next((role for pattern, role in ROLES if re.fullmatch(pattern, name) and unit), "")
        mandatory = "yes" if point.get("mandatory") == "M" else ""
        scale = str(point.get("sf", ""))
        yield [name, str(offset), point["type"], str(point["size"]), scale, UNITS.get(unit, unit), role, mandatory]
        offset += point["size"]


def make(source: Path, target: Path) -> None:
    """Write a table a model, named by its number and name."""
    for model in MODELS:
        (file,) = source.glob(f"*model_{model}.json")
        group = json.loads(file.read_text(encoding="utf-8"))["group"]
        with (target / f"{model}-{group['name']}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(rows(group))


if __name__ == "__main__":
    make(Path(sys.argv[1]), TARGET)
