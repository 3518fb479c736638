"""Which points has a SunSpec information model? Tables shipped in config/sunspec, one file a model."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.table_file import read_table

MODELS = Path(__file__).parent / "sunspec"
_COLUMNS = ("point", "offset", "type", "size", "scale_from", "unit", "role", "mandatory")


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a model, by its SunSpec name and type.

    offset: registers from the one that holds the model's id. scale_from: the point that holds its power of ten. role:
    that of a tag of it, empty where no role is meant. mandatory: every device with the model has it.
    """

    name: str
    offset: int
    type: str
    size: int
    scale_from: str
    unit: str
    role: str
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Model:
    """An information model: its number, its SunSpec name and its points in the order of their registers."""

    id: int
    name: str
    points: tuple[Point, ...]

    @property
    def size(self) -> int:
        """Registers from the model's id to the last point."""
        return self.points[-1].offset + self.points[-1].size


@cache
def sunspec_models() -> dict[int, Model]:
    """The shipped models by their number."""
    models = {}
    for path in MODELS.glob("*.csv"):
        number, _, name = path.stem.partition("-")
        models[int(number)] = Model(int(number), name, _points(path))
    return dict(sorted(models.items()))


def _points(path: Path) -> tuple[Point, ...]:
    return tuple(
        Point(
            name=row.text("point"),
            offset=int(row.text("offset")),
            type=row.text("type"),
            size=int(row.text("size")),
            scale_from=row.text("scale_from"),
            unit=row.text("unit"),
            role=row.text("role"),
            mandatory=row.text("mandatory") == "yes",
        )
        for row in read_table(path, required=_COLUMNS).rows
    )
