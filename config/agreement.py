"""What must agree between groups of settings? Names that stand twice, and names that nothing has."""

from collections import Counter

from config.site import SCOPE, Site
from plant.tag import PLANT, Kind, kind_of


def disagreements(site: Site) -> list[tuple[tuple[str | int, ...], str]]:
    """What does not agree between groups of settings: where (path), and what must be so."""
    return [*_doubled(site), *_unknown_names(site)]


def _doubled(site: Site) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    devices: set[str] = set()
    tags: set[str] = set()
    single: Counter[tuple[str, str]] = Counter()
    for d, device in enumerate(site.devices):
        if device.id in devices:
            found.append((("devices", d, "id"), f"{device.id} stands twice"))
        devices.add(device.id)
        for t, tag in enumerate(device.tags):
            if tag.name in tags:
                found.append((("devices", d, "tags", t, "name"), f"{tag.name} stands twice"))
            tags.add(tag.name)
            if kind_of(tag.role) in (Kind.STATE, Kind.TEXT) and tag.role != "alarm":
                single[tag.work_unit, tag.role] += 1
                if single[tag.work_unit, tag.role] == 2:
                    message = f"{tag.work_unit} has another tag with role {tag.role}; only one can be believed"
                    found.append((("devices", d, "tags", t, "role"), message))
    names = Counter(shift.name for shift in site.shifts)
    for s, shift in enumerate(site.shifts):
        if names[shift.name] > 1:
            found.append((("shifts", s, "name"), f"{shift.name} stands twice"))
    return found


def _unknown_names(site: Site) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    units = site.work_unit_names()
    scopes = {PLANT, *units}
    expected = f"must be one of {', '.join([PLANT, *units])}, or product:… or order:…"
    for b, baseline in enumerate(site.baselines):
        if baseline.scope not in scopes and not SCOPE.fullmatch(baseline.scope):
            found.append((("baselines", b, "scope"), expected))
    for s, scope in enumerate(site.mqtt.scopes if site.mqtt else ()):
        if scope not in scopes and not SCOPE.fullmatch(scope):
            found.append((("mqtt", "scopes", s), expected))
    for s, shift in enumerate(site.shifts):
        for u, unit in enumerate(shift.work_units or ()):
            if unit not in units:
                known = f"must be one of {', '.join(units)}" if units else "is no work unit: no tag names one"
                found.append((("shifts", s, "work_units", u), known))
    return found
