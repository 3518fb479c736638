import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.load import load_site
from tests.acceptance.plant_files import run

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"
with_examples = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="config/examples is not there yet")


@with_examples
def test_init_writes_settings_that_load_and_orders_that_import(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "plant"
    done = run("init", str(folder))
    assert done.code == 0, done.err
    assert load_site(folder / "site.yaml").tags()
    assert (folder / "press-line.csv").is_file()
    assert run("import", "orders", str(folder / "site.yaml"), str(folder / "orders" / "orders.csv")).code == 0


@with_examples
def test_init_prints_the_public_half_of_a_key_that_only_its_owner_may_read(tmp_path: Path) -> None:
    done = run("init", str(tmp_path))
    key = tmp_path / "secrets" / "signing.pem"
    public = load_pem_private_key(key.read_bytes(), None).public_key()
    assert base64.b64encode(public.public_bytes_raw()).decode() in done.out  # type: ignore[union-attr]
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


@with_examples
def test_init_never_overwrites(tmp_path: Path) -> None:
    assert run("init", str(tmp_path)).code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = run("init", str(tmp_path))
    assert done.code == 2
    assert "nothing was written" in done.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = run("init", str(tmp_path / "file"))
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
