"""A migration that is killed before any statement, from every schema that there was."""

import json
from pathlib import Path

import pytest
from migration import FIXTURES, history, killed_before_statements, revisions, unpacked

from collector.store.store import SCHEMA_VERSION, version, writing

HISTORY = json.loads((FIXTURES / "history.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("revision", revisions())
def test_a_migration_that_is_killed_before_any_statement_ends_well(tmp_path: Path, revision: str) -> None:
    killed = list(killed_before_statements(unpacked(revision, tmp_path / "plant.db"), 1, 0))
    for copy in killed:
        with writing(copy) as connection:
            assert version(connection) == SCHEMA_VERSION
            assert history(connection) == HISTORY
    assert len(killed) > (5 if revision == SCHEMA_VERSION else 20)
