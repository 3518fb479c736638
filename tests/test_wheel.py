"""Does the wheel hold everything that is needed and nothing else? Built, installed elsewhere and used from there.

An editable install hides data files that were left out.
"""

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = (".csv", ".json", ".yaml", ".html", ".css", ".js")
PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"][
    "targets"
]["wheel"]["packages"]


def _run(command: Sequence[str | Path], folder: Path) -> str:
    """What a command prints, run without anything of this process's own environment that leads to the source tree."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_", "COV"))}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], ROOT)
    (built,) = folder.glob("smartwings-*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it; the libraries are those of this one, so that no network is needed."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    _run([sys.executable, "-m", "venv", "--without-pip", venv], venv.parent)
    python = venv / "bin" / "python"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    _run([*pip, wheel], venv.parent)
    (site_packages,) = venv.glob("lib/python*/site-packages")
    libraries = dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib"))
    (site_packages / "libraries.pth").write_text("".join(f"{path}\n" for path in libraries), encoding="utf-8")
    return venv


def test_wheel_holds_our_packages_with_all_their_files_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        held = {name for name in file.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in held} == set(PACKAGES)
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".py", *DATA)
    }
    assert sorted(wanted - held) == []
    needed = {
        "plant/status_codes.csv",
        "config/profiles/eastron-sdm630.csv",
        "config/tariffs/kepco-industrial-gap2-hv-a1.csv",
        "config/examples/site.yaml",
        "config/examples/press-line.csv",
        "config/examples/orders/orders.csv",
        "collector/store/migrations/versions/v0001_first.py",
        "collector/store/migrations/versions/v0002_versions.py",
        "collector/store/migrations/versions/v0004_summaries.py",
        "collector/store/migrations/versions/v0005_gathered_journal.py",
        "collector/store/migrations/versions/v0006_positions.py",
        "collector/store/migrations/versions/v0007_stamps.py",
    }
    assert sorted(needed - held) == []


def test_wheel_carries_licence_and_notice(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = {Path(name).name for name in file.namelist() if ".dist-info/licenses/" in name}
    assert names == {"LICENSE", "NOTICE"}


def test_installed_wheel_is_used_from_an_empty_folder(elsewhere: Path, tmp_path: Path) -> None:
    smartwings = elsewhere / "bin" / "smartwings"
    assert "public key" in _run([smartwings, "init", "x"], tmp_path)
    assert "settings are sound" in _run([smartwings, "check", "x/site.yaml"], tmp_path)
    assert "new, 0 unchanged" in _run([smartwings, "import", "orders", "x/site.yaml", "x/orders/orders.csv"], tmp_path)
    assert '"values"' in _run([smartwings, "kpi", "x/site.yaml", "--json"], tmp_path)


def test_installed_wheel_imports_nothing_from_the_source_tree(elsewhere: Path, tmp_path: Path) -> None:
    names = ", ".join([*PACKAGES, "commands.main", "collector.daemon", "connectors.opcua", "connectors.modbus"])
    code = f"import sys, {names}; print(*(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] in {PACKAGES}))"
    files = _run([elsewhere / "bin" / "python", "-c", code], tmp_path).split()
    assert len(files) > len(PACKAGES)
    assert [file for file in files if not Path(file).is_relative_to(elsewhere)] == []
