"""A plant in a folder, and the command line run on it in this process."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from commands.main import app

SITE = """
plant: {id: kr-ansan-0421, time_zone: Asia/Seoul, production_day_start: 08:00}
orders: {date_format: iso}
devices:
  - id: press-1
    protocol: modbus
    host: 127.0.0.1
    tags:
      - {name: good, work_unit: press1, role: good_count, table: holding, address: 0, type: uint32}
      - {name: energy, work_unit: press1, role: energy_import, unit: Wh, table: holding, address: 2, type: uint32}
      - {name: oil, work_unit: press1, role: temperature, unit: degF, table: holding, address: 4, type: int16}
      - {name: level, work_unit: press1, role: level, unit: mm, table: holding, address: 5, type: int16}
      - {name: state, work_unit: press1, role: state, table: holding, address: 6, type: uint16}
      - {name: job, work_unit: press1, role: order_id, table: holding, address: 8, type: string, length: 8}
"""


@dataclass(frozen=True)
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, list[dict[str, object]]]:
        return json.loads(self.out)


@dataclass(frozen=True)
class Plant:
    """A folder with a site file."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, site: str = SITE) -> "Plant":
        folder.mkdir(exist_ok=True)
        (folder / "site.yaml").write_text(site, encoding="utf-8")
        return cls(folder)

    @property
    def site(self) -> str:
        return str(self.folder / "site.yaml")

    def file(self, content: str | bytes, name: str = "in.csv") -> str:
        """Write a file; its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def imports(self, kind: str, *files: str) -> Ran:
        """Run import; options may stand among the files."""
        return run("import", kind, self.site, *files)

    def history(self, *tags: str) -> list[list[str]]:
        """Every reading of some tags, as rows of CSV without the headings."""
        done = run("history", self.site, *tags, "--from", "1970-01-01", "--to", "2100-01-01")
        assert done.code == 0, done.err
        head, *rows = csv.reader(done.out.splitlines())
        assert head == ["time", "tag", "value", "status", "unit"]
        return rows

    def values(self, tag: str) -> list[str]:
        return [row[2] for row in self.history(tag)]


def run(*arguments: str) -> Ran:
    """Run the command line; anything but an exit code is raised."""
    done = CliRunner().invoke(app, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert "Traceback" not in done.stderr
    return Ran(done.exit_code, done.stdout, done.stderr)


def table(*rows: Sequence[object]) -> str:
    """Rows as CSV."""
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def at(second: int) -> str:
    """A time on the morning of 2026-11-20 in the plant."""
    return f"2026-11-20T09:{second // 60:02d}:{second % 60:02d}+09:00"
