import json
from pathlib import Path

import pytest
from migration import FIXTURES, history, killed_before_statements, revisions, unpacked
from model import Step, perform

from collector.store.account import account
from collector.store.store import SCHEMA_VERSION, reading, version, writing

HISTORY = json.loads((FIXTURES / "history.json").read_text(encoding="utf-8"))


def test_each_schema_has_a_store_that_was_made_by_the_program_of_its_time() -> None:
    assert revisions()[-1] == SCHEMA_VERSION
    assert sorted(path.name for path in FIXTURES.glob("*.zst")) == [f"{name}.db.zst" for name in revisions()]


@pytest.mark.parametrize("revision", revisions())
def test_a_store_of_each_schema_keeps_its_history(tmp_path: Path, revision: str) -> None:
    path = unpacked(revision, tmp_path / "plant.db")
    with writing(path) as connection:
        assert version(connection) == SCHEMA_VERSION
        assert connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
        assert history(connection) == HISTORY
        missing = account(connection).missing
        connection.rollback()
        assert missing == 0 or revision == "0007"  # it has what no device brought
        for kind in ("seal", "merge"):
            perform(connection, Step(kind, at_us=2**60))
        assert history(connection) == HISTORY
    with reading(path) as connection:
        assert history(connection) == HISTORY
        assert account(connection).missing == missing


@pytest.mark.parametrize("revision", revisions())
def test_a_migration_that_is_killed_goes_on_and_ends_well(tmp_path: Path, revision: str) -> None:
    path = unpacked(revision, tmp_path / "plant.db")
    killed = list(killed_before_statements(path, 17, int(revision)))
    for copy in killed:
        with writing(copy) as connection:
            assert version(connection) == SCHEMA_VERSION
            assert history(connection) == HISTORY
    assert killed or revision == SCHEMA_VERSION
