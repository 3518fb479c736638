"""How does a site file become settings? Read, tag lists put in, checked; every fault at once or none."""

from pathlib import Path

from config.document import load_document
from config.fault import InputError, file_fault
from config.model import validated
from config.profile import fill_from_profiles
from config.site import Site, disagreements
from config.tag_list import expand_tag_lists


def load_site(path: Path) -> Site:
    """The settings of a site file. Raises InputError with every fault found, each with its place."""
    document = load_document(path)
    if not isinstance(document.data, dict):
        raise file_fault(path, "must hold settings; smartwings init DIR writes an example")
    expand_tag_lists(document, path.parent)
    fill_from_profiles(document)
    site = validated(Site, document)
    faults = [document.fault(at, message) for at, message in disagreements(site)]
    if faults:
        raise InputError(faults)
    return site
