"""How does an engineer connect a new machine? Its address, what it has, which tags, the new lines, who says so."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.device_trouble import device_address
from collector.entry import RefusedError
from collector.foresight import kpis_gained
from collector.page import meeting
from collector.page.access import Role, done, shown
from collector.page.applied_versions import AWAY, start_page
from collector.page.commissioning_form import (
    FormError,
    added_tags,
    named_tags,
    new_device,
    probe_of,
    profile_of,
    reason_of,
)
from collector.page.drafts import MOST_TAGS, Draft, Drafts
from collector.page.rendering import chosen, render
from collector.page.source import Source
from collector.page.words import text as _
from collector.read_plan import read_plan
from collector.site_change import proposal
from config.devices import Device, ModbusDevice, OpcUaDevice, shipped
from config.fault import InputError
from config.site_edit import Addition
from connectors.connector import ConnectorError
from connectors.device_health import now_us
from connectors.reachability import WORDS, Obstacle, UnreachableError
from kpi.catalogue import BY_ID
from plant.tag import STORAGE_UNITS
from plant.tag import Role as TagRole
from plant.unit import CONVERSIONS

MOST_ROWS = 300
LEAST_POLL_S = 0.01
_GAINED_LIMIT_S = 20.0


async def meet(request: Request) -> Response:
    """Begin with an address, or with a device that is there: does it answer?"""
    source: Source = request.app.state.source
    form = await request.form()
    try:
        name, protocol, settings = new_device(form, source.site)
    except FormError as error:
        return await start_page(request, str(error))
    known = _known(source, name) if settings is None else None
    drafts: Drafts = request.app.state.drafts
    address = device_address(known)[0] if known else _address(settings or {})
    draft_id = drafts.begin(request.state.session or "", name, protocol, settings, address)
    draft = drafts.find(draft_id, request.state.session or "")
    assert draft is not None
    await _attempt(draft, meeting.reach(draft, meeting.device_of(draft, known)))
    if draft.reached and protocol == "opcua" and (known is not None or draft.may_be_browsed):
        await _attempt(draft, meeting.look(draft, meeting.device_of(draft, known), source.site_file.parent))
    return RedirectResponse(f"/commissioning/{draft_id}", 303)


async def one_draft(request: Request) -> Response:
    """A device on its way into the site file, as far as it has come."""
    source: Source = request.app.state.source
    draft = _draft(request)
    wanted = request.query_params.get("q", "").strip().lower()
    everything = chosen(request, "all", ("1",), "")
    rows = [
        (at, one)
        for at, one in enumerate(draft.candidates)
        if wanted in f"{one.where} {one.path}".lower() and (everything or wanted or one.is_likely)
    ]
    shows: dict[str, Any] = {
        "draft": draft,
        "words": WORDS[draft.obstacle.obstacle] if draft.obstacle else None,
        "rows": rows[:MOST_ROWS],
        "hidden": len(draft.candidates) - len(rows[:MOST_ROWS]),
        "wanted": wanted,
        "everything": everything,
        "profiles": shipped(),
        "roles": [role.value for role in TagRole],
        "storage_units": {role.value: unit for role, unit in STORAGE_UNITS.items()},
        "units": sorted({unit for known in CONVERSIONS.values() for unit in known}),
        "work_units": ["plant", *source.site.work_unit_names()],
        "most_tags": MOST_TAGS,
        "gained": [(BY_ID[kpi], scope) for kpi, scope in draft.gained],
        "plan": _plan(draft),
    }
    return render(request, "commissioning_device.html", shows)


async def trust(request: Request) -> Response:
    """The server's certificate was compared: take it as its own, and look what it has."""
    source: Source = request.app.state.source
    draft, form = _draft(request), await request.form()
    if form.get("accept") == "1":
        draft.accept_flaws()
    device, folder = _device(draft, source), source.site_file.parent
    if not isinstance(device, OpcUaDevice) or draft.met is None:
        raise HTTPException(400)
    await _attempt(draft, meeting.trust(draft, device, folder, draft.met.fingerprint))
    if draft.obstacle is None:
        await _attempt(draft, meeting.look(draft, device, folder))
    return _back(request)


async def look(request: Request) -> Response:
    """Read registers by their addresses or by a shipped map, or a server's variables once more."""
    source: Source = request.app.state.source
    draft, form = _draft(request), await request.form()
    device = _device(draft, source)
    draft.faults = []
    try:
        if isinstance(device, ModbusDevice) and (profile := profile_of(form)):
            await _attempt(draft, meeting.look_by_profile(draft, device, profile))
        else:
            if isinstance(device, ModbusDevice):
                draft.probe, draft.expect = probe_of(form)
            await _attempt(draft, meeting.look(draft, device, source.site_file.parent))
    except FormError as error:
        draft.faults = [str(error)]
        return _back(request, "#look-head")
    return _back(request, "#choose")


async def choose(request: Request) -> Response:
    """Put what was ticked among the tags of the device."""
    source: Source = request.app.state.source
    draft, form = _draft(request), await request.form()
    taken = {tag.name for tag in source.site.tags()}
    draft.forget_check()
    draft.tags = added_tags(draft, form, taken)
    await _read_chosen(draft, source)
    return _back(request, "#tags")


async def check(request: Request) -> Response:
    """Take the names and roles, read the tags under them, and work out the lines and what they bring."""
    source: Source = request.app.state.source
    draft, form = _draft(request), await request.form()
    draft.forget_check()
    draft.tags, poll_s = named_tags(draft, form)
    if poll_s is not None and poll_s < LEAST_POLL_S:
        draft.faults = [_("A device can be read every 0.01 s at most.")]
        return _back(request, "#tags")
    if draft.settings is not None and poll_s is not None:
        draft.settings["poll_s"] = poll_s
    await _read_chosen(draft, source)
    try:
        draft.proposal = proposal(source.site_file, _addition(draft))
    except (InputError, RefusedError) as error:
        draft.faults = str(error).replace(f"{source.site_file.parent}/", "").splitlines()
        return _back(request, "#tags")
    after = draft.proposal.site
    draft.gained = await source.read(
        lambda connection, site: kpis_gained(connection, site, after, now_us()), _GAINED_LIMIT_S
    )
    return _back(request, "#difference")


async def apply(request: Request) -> Response:
    """Have the collector apply what is shown."""
    source: Source = request.app.state.source
    drafts: Drafts = request.app.state.drafts
    draft, form = _draft(request), await request.form()
    if draft.proposal is None:
        raise HTTPException(400)
    addition = _addition(draft)
    answer = await source.ask(
        {
            "command": "apply",
            "by": request.state.account,
            "reason": reason_of(form, f"device {draft.device}: {len(draft.tags)} tags added"),
            "addition": addition.as_json(),
            "digest": draft.proposal.digest,
        }
    )
    if answer is None or not answer["ok"]:
        draft.forget_check()
        draft.faults = [AWAY] if answer is None else answer["message"].splitlines()
        return _back(request, "#tags")
    drafts.end(request.path_params["draft"])
    return RedirectResponse(f"/commissioning?said=applied&device={draft.device}", 303)


async def end(request: Request) -> Response:
    """Leave a draft aside."""
    drafts: Drafts = request.app.state.drafts
    _draft(request)
    drafts.end(request.path_params["draft"])
    return RedirectResponse("/commissioning?said=ended", 303)


async def _attempt(draft: Draft, asking: Any) -> None:
    """Ask the device; what stands in the way becomes the draft's."""
    draft.obstacle = None
    try:
        await asking
    except UnreachableError as error:
        draft.obstacle = error
    except ConnectorError as error:
        draft.obstacle = UnreachableError(Obstacle.OTHER, str(error))


async def _read_chosen(draft: Draft, source: Source) -> None:
    try:
        await _attempt(draft, meeting.read_chosen(draft, _known_of(draft, source), source.site_file.parent))
    except (ConnectorError, ValueError):
        draft.live = {}  # settings that are not sound yet; the check says where


def _addition(draft: Draft) -> Addition:
    return Addition.of({"device": draft.device, "settings": draft.settings, "tags": draft.tags})


def _plan(draft: Draft) -> Mapping[str, Any] | None:
    if draft.proposal is None:
        return None
    return next(read_plan(one) for one in draft.proposal.site.devices if one.id == draft.device)


def _draft(request: Request) -> Draft:
    drafts: Drafts = request.app.state.drafts
    draft = drafts.find(request.path_params["draft"], request.state.session or "")
    if draft is None:
        raise HTTPException(404, _("This device is no longer being connected here. Begin again."))
    return draft


def _device(draft: Draft, source: Source) -> Device:
    return meeting.device_of(draft, _known_of(draft, source))


def _known_of(draft: Draft, source: Source) -> Device | None:
    return _known(source, draft.device) if draft.settings is None else None


def _known(source: Source, name: str) -> Device:
    found = next((device for device in source.site.devices if device.id == name), None)
    if found is None:
        raise HTTPException(404, _("There is no such device."))
    return found


def _address(settings: Mapping[str, Any]) -> str:
    return str(settings.get("endpoint") or f"{settings.get('host')}:{settings.get('port')}")


def _back(request: Request, anchor: str = "") -> Response:
    return RedirectResponse(f"/commissioning/{request.path_params['draft']}{anchor}", 303)


routes = [
    done("/commissioning", meet),
    shown("/commissioning/{draft}", one_draft, Role.ADMIN),
    *(
        done(f"/commissioning/{{draft}}/{name}", work)
        for name, work in {
            "trust": trust,
            "look": look,
            "choose": choose,
            "check": check,
            "apply": apply,
            "end": end,
        }.items()
    ),
]
