"""Site files for tests: written to a folder, loaded, and the faults that come of it."""

from pathlib import Path

import pytest

from config.fault import InputError
from config.load import load_site
from config.site import Site

PLANT = "plant: {id: abc, time_zone: Asia/Seoul}\n"


def loaded(folder: Path, text: str) -> Site:
    """The settings of a site file with this text."""
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return load_site(path)


def faults(folder: Path, text: str) -> list[str]:
    """What is wrong with a site file with this text; file names without the folder."""
    with pytest.raises(InputError) as caught:
        loaded(folder, text)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]
