"""Which guards does the store have, and what notices when one is taken out?

A guard is a text of a module and what stands there without it. As a script: runs the tests of one guard without it, in
this process and in all that it starts.
"""

import importlib.abc
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[2]
ASKED = "SMARTWINGS_WITHOUT_GUARD"
POWER = "tests/store/test_power.py"
KILLS = "tests/store/test_killed_plant.py"
MACHINE = "tests/store/test_machine.py"
STORE = "tests/store/test_store.py"
IMPORT = "tests/store/test_pending_import.py"
IMPORTS = "tests/store/test_imports_of_a_collector.py"
READINGS = "tests/store/test_readings.py"
SALVAGE = "tests/store/test_salvage.py"
DAMAGE = "tests/store/test_damage.py"
DAMAGES = "tests/store/test_damages.py"
RENEWAL = "tests/store/test_renewal.py"
OPEN_FILE = "tests/store/test_open_file.py"
SEARCH = "tests/store/test_row_search.py"
BACKGROUND = "tests/store/test_background.py"
MIGRATION = "tests/store/test_store_fixtures.py::test_a_migration_that_is_killed_goes_on_and_ends_well"

_COMMIT = '    connection.exec_driver_sql("commit")\n    connection.exec_driver_sql("begin immediate")\n'


@dataclass(frozen=True, slots=True)
class Guard:
    """text: what keeps the store safe; without: what stands there instead. tests: that notice."""

    module: str
    text: str
    without: str
    tests: tuple[str, ...]

    def source(self) -> str:
        """The module without the guard. Raises ValueError where the guard is not there once."""
        source = (ROOT / self.module).read_text(encoding="utf-8")
        if source.count(self.text) != 1:
            raise ValueError(f"{self.module} does not have once: {self.text}")
        return source.replace(self.text, self.without)


def _store(text: str, without: str, *tests: str) -> Guard:
    return Guard("collector/store/store.py", text, without, tests)


_SEALED = "    found = joined_entries(_taken_out(connection, row_id, before_us, share) for row_id in share.rows)\n"
_GATHERED = '    connection.exec_driver_sql("delete from journal where id = ?", [(row_id,) for row_id in taken])\n'
_REPLACED = "    kind = kinds(connection, tag_id, tag_id)[tag_id]\n    add_chunks("
_MIGRATED = '    settings.attributes["connection"] = connection\n'
_AUTOCOMMIT = '    connection.begin()\n    connection.exec_driver_sql("commit")\n'
_STORED = "            await self._store_until_done([(one.device, one.handover) for one in taken])\n"
_TOLD = "            for one in taken:\n                one.handover.done()\n"

GUARDS: dict[str, Guard] = {
    "each commit is synced": _store("synchronous = FULL", "synchronous = NORMAL", POWER),
    "only one process writes": _store("fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)", "pass", STORE),
    "readers never write": _store("?mode=ro", "?mode=rw", STORE),
    "readers may only ask": _store('"query_only = ON", ', "", STORE),
    "readers do not wait for the writer": _store("journal_mode = WAL", "journal_mode = DELETE", STORE),
    "a migration is one transaction": _store(_MIGRATED, _AUTOCOMMIT + _MIGRATED, MIGRATION),
    "a newer store is refused": _store("    if found == SCHEMA_VERSION:\n", "    if True:\n", STORE),
    "another database is refused": _store('if names and "alembic_version" not in names:', "if False:", STORE),
    "only the owner may read": _store("os.chmod(path, 0o600)", "pass", STORE),
    "done is said after the commit": Guard(
        "collector/acquisition.py", _STORED + _TOLD, _TOLD + _STORED + _TOLD, (KILLS,)
    ),
    "gathering is one transaction": Guard("collector/store/gathering.py", _GATHERED, _GATHERED + _COMMIT, (POWER,)),
    "sealing is one transaction": Guard("collector/store/sealing.py", _SEALED, _SEALED + _COMMIT, (POWER,)),
    "merging is one transaction": Guard("collector/store/chunk_rows.py", _REPLACED, _COMMIT + _REPLACED, (POWER,)),
    "what is spoilt is told by its checksum": Guard(
        "collector/store/chunk.py",
        "if _CRC.unpack_from(blob, header_size)[0] != zlib.crc32(frame, zlib.crc32(header)):",
        "if False:",
        (READINGS, "tests/unit/test_chunk.py", "tests/unit/test_journal.py"),
    ),
    "chunks hold each reading once": Guard(
        "collector/store/merging.py", "distinct(joined([kept, readings]))", "joined([kept, readings])", (MACHINE,)
    ),
    "a series has each reading once": Guard(
        "collector/store/readings.py", "distinct(joined(parts)).within", "joined(parts).within", (MACHINE,)
    ),
    "readings of one time stay in order": Guard(
        "collector/store/journal_rows.py", 'ARRIVAL = "first_tag is null, id"', 'ARRIVAL = "id desc"', (MACHINE,)
    ),
    "what is replaced may be in the journal": Guard(
        "collector/store/readings.py", "    seal_tags(connection, found)\n", "", (MACHINE,)
    ),
    "stamps that another tag has stay": Guard(
        "collector/store/stamp_rows.py",
        '            " and not exists (select 1 from chunk where chunk.stamp = stamp.id)",\n',
        '            "",\n',
        ("tests/store/test_stamps.py",),
    ),
    "one damaged disk brings one new file a minute": Guard(
        "collector/store/writer.py", "or self._was_just_renewed():", "or False:", (SALVAGE,)
    ),
    "an exchange that was cut off is finished by whoever writes": _store(
        "        finish_exchange(path)\n", "", SALVAGE
    ),
    "an emptied file is not taken for a new one": _store("        _refuse_emptied(path)\n", "        pass\n", DAMAGES),
    "readers leave an emptied file alone": _store("_exists(path) and path.stat().st_size:", "_exists(path):", DAMAGES),
    "rows in the place of others are not copied": Guard(
        "collector/store/renewal.py", "_fits(row, kinds, table) and _take(", "_take(", (RENEWAL,)
    ),
    "lost times are gaps": Guard(
        "collector/store/salvage.py", "            declare(connection, (first_tag, last_tag), start_us, end_us)\n",
        "            pass\n", (DAMAGES,)
    ),
    "rows that no page leads to have a gap": Guard(
        "collector/store/damaged_file.py",
        "            self.lost += hidden_journal(journal, self._rows_by_tag(connection))\n", "", (DAMAGES,)
    ),
    "a removed file is written again": Guard(
        "collector/store/open_file.py", "                return Fate.REMOVED\n", "                pass\n", (OPEN_FILE,)
    ),
    "a file that is cut short is noticed": Guard(
        "collector/store/open_file.py", "            return Fate.CUT\n", "            pass\n", (OPEN_FILE,)
    ),
    "nothing is imported while more is taken over": Guard(
        "collector/readings_import.py", "if (aside := to_salvage(store)) is not None:",
        "if (aside := to_salvage(store)) is not None and False:", (IMPORT,)
    ),
    "records made without what follows are made again": Guard(
        "collector/store/salvage.py", "(changes.drop_kept if waited else changes.note)(connection, 0, now_us)", "pass",
        (SALVAGE,)
    ),
    "tags whose rows are lost have a gap": Guard(
        "collector/store/salvage.py", "if self._file.lacks_tags:", "if False:", (DAMAGES,)
    ),
    "the row before an error is found": Guard(
        "collector/store/row_search.py", "            yield from self._before_the_error()\n", "", (SEARCH,)
    ),
    "rows behind a page of others are sought": Guard(
        "collector/store/row_search.py",
        "            self.ordered = self.ended = False\n",
        "            pass\n",
        (SEARCH,),
    ),
    "a new file is whole without its log": Guard(
        "collector/store/exchange.py", '    if beside(new, LOG).exists():\n', "    if False:\n", (SALVAGE,)
    ),
    "ids of lost texts are not given again": Guard(
        "collector/store/renewal.py", 'if "text" in torn:', "if False:", (SALVAGE,)
    ),
    "numbers of lost reports are not given again": Guard(
        "collector/store/renewal.py", 'if torn & {"report", "epoch"}:', "if False:", (SALVAGE,)
    ),
    "salvaged readings stay with their tag": Guard(
        "collector/store/salvage.py", " if self._file.tags.get(tag_id) == name}", "}", (SALVAGE,)
    ),
    "reports wait for what is still to be taken over": Guard(
        "collector/background.py", "if to_salvage(writer.path) is None or", "if True or", (BACKGROUND,)
    ),
    "salvage leaves room for what is collected": Guard(
        "collector/background.py", "while disk.level < Level.SHORT:", "while True:", (BACKGROUND,)
    ),
    "spoilt stamps are put right": Guard(
        "collector/store/stamp_rows.py", "if row is not None and not row.sound:", "if False:", (DAMAGE,)
    ),
    "retention takes so many chunks at once": Guard(
        "collector/store/readings.py", "        if len(keys) > left:", "        if False:", (DAMAGE,)
    ),
    "a long log is cut back": Guard(
        "collector/background.py",
        "    await writer.call(lambda connection: truncate_wal(connection, writer.path))\n",
        "",
        (BACKGROUND,),
    ),
    "levels of a disk do not waver": Guard(
        "collector/disk.py",
        "slack = _HYSTERESIS if reached <= before else 0.0",
        "slack = 0.0",
        ("tests/unit/test_disk.py",),
    ),
    "a start waits for room": Guard(
        "collector/daemon.py",
        "await as_soon_as_there_is_room(lambda: _started(site, writer, around), around.disk, stop)",
        "await _started(site, writer, around)",
        ("tests/store/test_full_disk.py",),
    ),
    "an import is whole to its last part": Guard(
        "collector/store/pending_import.py", "if count != before + taken:", "if False:", (IMPORT,)
    ),
    "parts of an import are told by their checksum": Guard(
        "collector/store/pending_import.py", "if head != _head(*said):", "if False:", (IMPORT,)
    ),
    "a commit of an import that failed is made up for": Guard(
        "collector/store/pending_import.py",
        "        with connection.begin():\n            done = ",
        "        self._at, self._parts = at, self._parts + len(parts)\n"
        "        with connection.begin():\n            done = ",
        (IMPORT,),
    ),
    "a backup has no half of an import": Guard(
        "collector/store/backup.py", "    if any(pending_files(store)):\n", "    if False:\n", (IMPORTS,)
    ),
    "one import is merged at a time": Guard(
        "collector/answers.py", "async with self._writer.importing:", "if True:", (IMPORTS,)
    ),
    "a report settled once stays so": Guard(
        "collector/store/reports.py",
        "where sha256 = ? and state = 'pending'",
        "where sha256 = ?",
        ("tests/unit/test_acks.py", MACHINE),
    ),
}  # fmt: skip


class _Without(importlib.abc.MetaPathFinder):
    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.name = guard.module.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        file = str(ROOT / self.guard.module)
        loader = _Source(self.name, file)
        loader.text = self.guard.source()
        return importlib.util.spec_from_file_location(self.name, file, loader=loader)


class _Source(SourceFileLoader):
    text = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.text, self.path, "exec", dont_inherit=True)


def take_out_asked_guard() -> None:
    """Before anything of ours is imported: in a process that tests start."""
    if ASKED in os.environ:
        sys.meta_path.insert(0, _Without(GUARDS[os.environ[ASKED]]))


def noticed(name: str, root: Path = ROOT) -> tuple[bool, str]:
    """Whether a test fails once the guard is out, or what it needs cannot be made, and what was said last."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    environment |= {ASKED: name, "PYTHONPATH": str(root)}
    command = [sys.executable, __file__, "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *GUARDS[name].tests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, env=environment, check=False)
    last = "\n".join(done.stdout.splitlines()[-3:] + done.stderr.splitlines()[-3:])
    return done.returncode == 1 and (" failed" in last or " error" in last), last


if __name__ == "__main__":
    take_out_asked_guard()
    import pytest

    sys.exit(pytest.main(sys.argv[1:]))
