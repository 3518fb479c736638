"""What must agree between groups of settings? Names that stand twice, and names that nothing has."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from config.line_agreement import line_disagreements
from config.savings import PRICES
from config.site import SCOPE, Site
from plant.shift import Shift
from plant.tag import PLANT, Kind, kind_of


def disagreements(site: Site) -> list[tuple[tuple[str | int, ...], str]]:
    """What does not agree between groups of settings: where (path), and what must be so."""
    return [*_doubled(site), *line_disagreements(site.devices), *_priced_twice(site), *_unknown_names(site)]


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
    found += _planned_twice(("shifts",), [settings.shift() for settings in site.shifts])
    found += _planned_twice(("calendar", "extra_shifts"), [settings.shift() for settings in site.calendar.extra_shifts])
    return found


def _priced_twice(site: Site) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    first: dict[tuple[str, date], int] = {}
    for p, version in enumerate(site.savings.prices):
        for name in PRICES:
            if getattr(version, name) is None:
                continue
            before = first.setdefault((name, version.valid_from), p)
            if before != p:
                message = f"{name} begins on {version.valid_from} in savings.prices[{before}] as well"
                found.append((("savings", "prices", p, "valid_from"), message))
    return found


def _planned_twice(group: tuple[str, ...], shifts: Sequence[Shift]) -> list[tuple[tuple[str | int, ...], str]]:
    """Shifts of one name that a work unit has twice on one day: at each of the two, naming the other."""
    found: dict[int, int] = {}
    order = sorted(range(len(shifts)), key=lambda s: (shifts[s].name, shifts[s].first_day or date.min))
    for at, s in enumerate(order):
        for o in order[at + 1 :]:
            if shifts[o].name != shifts[s].name or not shifts[s].is_valid(shifts[o].first_day or date.min):
                break
            if shifts[s].shares_work_units(shifts[o]):
                found.setdefault(s, o)
                found.setdefault(o, s)
    return [
        (
            (*group, s, "name"),
            f"{shifts[s].name} stands twice: {'.'.join(group)}[{o}] is valid at the same time for the same work units",
        )
        for s, o in sorted(found.items())
    ]


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
    found += _energy_baselines(site, [PLANT, *units])
    known = f"must be one of {', '.join(units)}" if units else "is no work unit: no tag names one"
    routes: list[tuple[tuple[str, ...], Sequence[str]]] = [(("route",), site.route)]
    routes += [(("products", name, "route"), product.route) for name, product in site.products.items()]
    found += [((*path, u), known) for path, names in routes for u, unit in enumerate(names) if unit not in units]
    calendar = site.calendar
    named: tuple[tuple[tuple[str, ...], Sequence[tuple[str, ...] | None]], ...] = (
        (("shifts",), [entry.work_units for entry in site.shifts]),
        (("calendar", "extra_shifts"), [entry.work_units for entry in calendar.extra_shifts]),
        (("calendar", "planned_downtime"), [entry.work_units for entry in calendar.planned_downtime]),
    )
    for group, entries in named:
        for e, names in enumerate(entries):
            found += [((*group, e, "work_units", u), known) for u, unit in enumerate(names or ()) if unit not in units]
    return found


def _energy_baselines(site: Site, scopes: Sequence[str]) -> list[tuple[tuple[str | int, ...], str]]:
    """Scopes, variables and doubles of the baselines of energy."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    gauges = {tag.name for device in site.devices for tag in device.tags if kind_of(tag.role) is Kind.GAUGE}
    seen: set[tuple[str, str]] = set()
    for b, baseline in enumerate(site.energy.baselines):
        path = ("energy", "baselines", b)
        if baseline.scope not in scopes:
            found.append(((*path, "scope"), f"must be one of {', '.join(scopes)}"))
        if (baseline.scope, baseline.period) in seen:
            found.append(((*path, "period"), f"{baseline.scope} has another baseline of each {baseline.period}"))
        seen.add((baseline.scope, baseline.period))
        message = "must be good_quantity, produced_quantity or a tag that is neither counter, state nor text"
        found += [
            ((*path, "variables", v), message)
            for v, name in enumerate(baseline.variables)
            if name not in gauges | {"good_quantity", "produced_quantity"}
        ]
    return found
