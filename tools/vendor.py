"""Which scripts of others lie in the page, and are they what their makers published? Needs npm: `tools/vendor.py`.

Takes exactly the versions of `vendor.toml`, copies the files named there with their licence, and writes their hashes.
"""

import subprocess
import tarfile
import tomllib
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

VENDOR = Path(__file__).resolve().parent.parent / "collector" / "page" / "static" / "vendor"


def main() -> None:
    """Fetch every package again and rewrite the list."""
    listed = tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))
    lines = ["# Scripts of others, unchanged; written by tools/vendor.py."]
    for name, one in listed.items():
        lines += ["", f"[{name}]", f'version = "{one["version"]}"', f'licence = "{one["licence"]}"', f"[{name}.files]"]
        lines += [f'"{file}" = "{digest}"' for file, digest in _fetched(name, one["version"], list(one["files"]))]
    (VENDOR / "vendor.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _fetched(name: str, version: str, files: list[str]) -> list[tuple[str, str]]:
    found = []
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True, capture_output=True, text=True
        )
        with tarfile.open(Path(folder) / done.stdout.strip()) as tarball:
            for file in files:
                member = tarball.extractfile(f"package/{file}")
                if member is None:
                    raise SystemExit(f"{name} {version}: has no {file}")
                content = member.read()
                target = VENDOR / name / Path(file).name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                found.append((file, sha256(content).hexdigest()))
    return found


if __name__ == "__main__":
    main()
