"""How does a site file become settings? Read, tag lists put in, checked; every fault at once or none."""

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from config.agreement import disagreements
from config.document import Document, Path_, load_document
from config.fault import InputError, file_fault, in_order
from config.model import validated
from config.profile import fill_from_profiles
from config.secret_file import is_private
from config.site import Site
from config.tag_list import expand_tag_lists
from config.tariff import check_tariff
from config.tls_files import tls_faults


class Secrets(Enum):
    """What must be so of the files of passwords and keys: nothing, private where they are there, or there as well."""

    LEFT_ASIDE = 0
    PRIVATE = 1
    PRESENT = 2


def load_site(path: Path, secrets: Secrets = Secrets.LEFT_ASIDE, drafts: Mapping[Path, bytes] | None = None) -> Site:
    """The settings of a site file. Raises InputError with every fault found, each with its place.

    drafts: what the site file and tag lists would hold, by path, instead of what they hold.
    """
    document = load_document(path, (drafts or {}).get(path))
    if not isinstance(document.data, dict):
        raise file_fault(path, "must hold settings; smartwings init DIR writes an example")
    expand_tag_lists(document, path.parent, drafts)
    fill_from_profiles(document)
    tariff = check_tariff(document, path.parent)
    if secrets is not Secrets.LEFT_ASIDE:
        _check_certificates(document, path.parent)
        _check_secrets(document, path.parent, secrets)
    site = validated(Site, document)
    faults = [document.fault(at, message) for at, message in disagreements(site)]
    if tariff is not None and tariff.currency != site.savings.currency:
        message = f"has prices in {tariff.currency}; savings.currency must be the same and is {site.savings.currency}"
        faults.append(document.fault(("energy", "tariff"), message))
    if faults:
        raise InputError(in_order(faults))
    return site.with_tariff(tariff)


def missing_secrets(site: Site, folder: Path) -> list[str]:
    """Names of the password and key files that are not there yet."""
    named = [name for _, name in _secret_files(site.model_dump())]
    return [name for name in named if not (folder / name).exists()]


def _check_secrets(document: Document, folder: Path, secrets: Secrets) -> None:
    for at, name in _secret_files(document.data):
        try:
            private = is_private(folder / name)
        except (OSError, ValueError):
            if secrets is Secrets.PRESENT:
                document.faults.append(document.fault(at, f"{folder / name} is not there"))
            continue
        if not private:
            document.faults.append(
                document.fault(at, f"{folder / name} must be readable by its owner alone: chmod 600")
            )


def _check_certificates(document: Document, folder: Path) -> None:
    devices = document.data.get("devices")
    for d, device in enumerate(devices if isinstance(devices, list) else ()):
        document.faults += [document.fault(("devices", d, key), why) for key, why in tls_faults(device, folder)]


def _secret_files(data: Any) -> Iterator[tuple[Path_, str]]:
    groups: list[tuple[Path_, Any]] = [((name,), data.get(name)) for name in ("mqtt", "page")]
    devices = data.get("devices")
    groups += [
        (("devices", d), device) for d, device in enumerate(devices if isinstance(devices, list | tuple) else ())
    ]
    for at, group in groups:
        for key in ("password_file", "key_file", "user_key_file"):
            if isinstance(group, dict) and isinstance(group.get(key), str):
                yield (*at, key), group[key]
