"""What must a store be after a cut of power? It opens, and holds what was acknowledged."""

from pathlib import Path

from model import TAGS, Model, check, tag_ids
from power import write_files

from collector.store.store import writing


def survives(folder: Path, acknowledged: int, files: dict[str, bytes], models: list[Model]) -> None:
    """That the store has what was acknowledged, and the step that was under way wholly or not.

    Raises AssertionError, or StoreError where it does not open.
    """
    with writing(write_files(folder, files)) as connection:
        if acknowledged < 0:
            assert len(tag_ids(connection)) in (0, TAGS)
        else:
            check(connection, models[acknowledged : acknowledged + 2])
