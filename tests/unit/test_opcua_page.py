"""Is what docs/opcua.md has for copying sound, and are its keys and statuses those there are?"""

import re
from pathlib import Path

from config.devices import OpcUaDevice
from config.load import load_site
from config.site import Site
from config.tags import OpcUaTag
from connectors.opcua_certificate_check import Flaw
from connectors.opcua_product import Product, items_a_call
from plant.status_code import parse_status

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "opcua.md").read_text(encoding="utf-8")
HEAD = "plant: {id: abc, time_zone: Asia/Seoul}\ndevices:\n"
SERVER = "- {id: d, protocol: opcua, endpoint: opc.tcp://127.0.0.1:4840, tags: %s}\n"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def loaded(folder: Path, devices: str) -> Site:
    (folder / "site.yaml").write_text(HEAD + devices, encoding="utf-8")
    return load_site(folder / "site.yaml")


def test_what_is_there_for_copying_is_sound(tmp_path: Path) -> None:
    first, *lists = blocks("csv")
    (tmp_path / "press-line.csv").write_text(first, encoding="utf-8")
    device, events = blocks("yaml")
    assert len(loaded(tmp_path, device).tags()) == 3
    for number, text in enumerate(lists):
        (tmp_path / f"{number}.csv").write_text(text, encoding="utf-8")
        assert len(loaded(tmp_path, SERVER % f"{number}.csv").tags()) == 5
    (tag,) = loaded(tmp_path, SERVER.replace("%s}", "[" + events.partition("- ")[2].strip() + "]}")).devices[0].tags
    assert isinstance(tag, OpcUaTag)
    assert tag.events


def test_its_keys_and_statuses_are_those_there_are() -> None:
    keys = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)[:`]", PAGE)) - {"product_id", "order_id"}
    assert keys
    assert keys <= {*OpcUaDevice.model_fields, *OpcUaTag.model_fields, *map(str, Flaw)}
    named = set(re.findall(r"^\| (Bad\w+)", PAGE, re.MULTILINE))
    assert len(named) > 8
    assert all(parse_status(name) >= 0x80000000 for name in named)


def test_limits_of_products_are_those_of_the_table() -> None:
    rows = re.findall(r"^\| (\w+) (.+?) \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(rows) == 3
    assert [items_a_call(Product("", maker, name)) for maker, name, _ in rows] == [int(items) for *_, items in rows]
