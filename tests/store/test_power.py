from pathlib import Path

import pytest
from left_out import left_out
from model import Model, models_of
from power import Record, build, record
from power_cut import survives

SEED, STEPS = 7, 150


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built, missing = build(tmp_path_factory.mktemp("power"))
    if missing is not None:
        left_out(missing)
    return built


@pytest.fixture(scope="module")
def recorded(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Record:
    return record(library, tmp_path_factory.mktemp("recorded") / "plant", SEED, STEPS)


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return models_of(SEED, STEPS)


def test_the_record_holds_all_that_was_written(recorded: Record, tmp_path: Path, library: Path) -> None:
    whole = record(library, tmp_path / "plant", SEED, 20).whole()
    assert sorted(whole) == sorted(
        path.name for path in (tmp_path / "plant").glob("plant.db*") if ".lock" not in path.name
    )
    assert all((tmp_path / "plant" / name).read_bytes() == content for name, content in whole.items())
    assert {event.kind for event in recorded.events} >= set("CWTSUA")
    assert sum(event.kind == "S" and event.name == "plant.db" for event in recorded.events) > 5  # checkpoints


@pytest.mark.parametrize("chance", [0.5, 1.0], ids=["power", "kill"])
def test_a_cut_at_any_write_loses_nothing_acknowledged_and_doubles_nothing(
    recorded: Record, models: list[Model], tmp_path: Path, chance: float
) -> None:
    cuts = recorded.cuts(80 if chance < 1 else 20, SEED, chance)
    for acknowledged, files in cuts:
        survives(tmp_path / "cut", acknowledged, files, models)
    assert len({acknowledged for acknowledged, _ in cuts}) > len(cuts) / 3


def test_a_store_that_does_not_sync_each_commit_is_noticed(library: Path, models: list[Model], tmp_path: Path) -> None:
    mutant = record(library, tmp_path / "mutant", SEED, STEPS, "synchronous = NORMAL")
    lost = 0
    for acknowledged, files in mutant.cuts(12, SEED):
        try:
            survives(tmp_path / "cut", acknowledged, files, models)
        except AssertionError:
            lost += 1
    assert lost > 3
