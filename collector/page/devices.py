"""How is each device: connected, how fast, what does it refuse, what went wrong, which certificates? And: try now."""

from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.device_trouble import device_address
from collector.device_trouble_text import exception_words
from collector.page.access import done, shown
from collector.page.plant_now import PlantNow, plant_now
from collector.page.rendering import chosen, render
from collector.page.source import Source
from collector.page.words import text as _
from collector.store import devices as heard
from collector.store import gaps
from collector.trial import WATCHED_S
from collector.trouble import Said
from config.devices import Device, ModbusDevice, OpcUaDevice
from config.site import Site
from connectors.certificate_state import certificate_states
from connectors.device_health import Cause
from plant.gap import Gap
from plant.instant import US_PER_S

MOST_GAPS = 20
CAUSES = {
    Cause.CONNECTION_REFUSED: _("connection refused"),
    Cause.NO_ANSWER: _("no answer in time"),
    Cause.SILENT: _("silent"),
    Cause.NO_PATH: _("no path behind the gateway"),
    Cause.NO_ROUTE: _("not reachable in the network"),
    Cause.UNKNOWN_NAME: _("name not known"),
    Cause.NO_SERIAL_PORT: _("serial port missing"),
    Cause.CLOSED: _("connection ended"),
    Cause.UNBELIEVABLE: _("answer not believed"),
    Cause.NOT_TRUSTED: _("certificate not trusted"),
    Cause.CERTIFICATE_EXPIRED: _("certificate ended"),
    Cause.CERTIFICATE_NOT_YET_VALID: _("certificate not valid yet"),
    Cause.CERTIFICATE_URI: _("certificate of another server"),
    Cause.CERTIFICATE_HOST: _("certificate without this address"),
    Cause.CERTIFICATE_USE: _("certificate for another use"),
    Cause.CERTIFICATE_WEAK: _("certificate too weak"),
    Cause.CERTIFICATE_ISSUER: _("certificate of a strange authority"),
    Cause.CERTIFICATE_REVOKED: _("certificate revoked"),
    Cause.REVOCATION_UNKNOWN: _("no revocation list in date"),
    Cause.CLOCK: _("this machine's clock is wrong"),
    Cause.NOT_OFFERED: _("security not offered"),
    Cause.WE_ARE_NOT_TRUSTED: _("our certificate refused"),
    Cause.SIGN_IN_REFUSED: _("sign-in refused"),
    Cause.SECRET_FILE: _("secret file not usable"),
    Cause.CERTIFICATE_FILE: _("certificate file not usable"),
    Cause.BUSY: _("server full"),
    Cause.REFUSED: _("request refused"),
    Cause.OTHER: _("other"),
}
TRIALS = {
    "answered": ("good", _("It was tried just now, and answered.")),
    "failed": ("bad", _("It was tried just now, without success; the reason stands below.")),
    "waiting": ("warn", _("It is being tried; there is no answer yet.")),
    "away": ("bad", _("It could not be tried: the collector is not running.")),
}


async def all_devices(request: Request) -> Response:
    """Every device with what is wrong with it."""
    source: Source = request.app.state.source
    now = await plant_now(request)
    known = await source.read(lambda connection, _site: heard.known(connection))
    rows = [_shown(device, now, known, source) for device in source.site.devices]
    shows = {"now": now, "devices": rows, "of_lines": [one for one in now.troubles if one.others]}
    return render(request, "devices.html", shows)


async def one_device(request: Request) -> Response:
    """All that is known of one device."""
    source: Source = request.app.state.source
    device = _asked_for(request)

    def work(connection: Connection, _site: Site) -> tuple[dict[str, int], list[Gap]]:
        return heard.known(connection), gaps.newest(connection, MOST_GAPS, device.id, US_PER_S)

    now = await plant_now(request)
    known, missed = await source.read(work)
    trial = TRIALS.get(chosen(request, "tried", TRIALS, ""))
    shows = {"now": now, "gaps": missed, "trial": trial, "causes": CAUSES}
    return render(request, "device.html", {**shows, **_shown(device, now, known, source)})


async def try_now(request: Request) -> Response:
    """Have the daemon try a device at once, and say what came of it."""
    source: Source = request.app.state.source
    device = _asked_for(request)
    try:
        answer = await source.ask({"command": "try", "device": device.id}, WATCHED_S + 2)
        outcome = "away" if answer is None else answer["trial"]["outcome"] if answer["ok"] else "waiting"
    except TimeoutError:
        outcome = "waiting"
    return RedirectResponse(f"/devices/{device.id}?tried={outcome}", 303)


def _asked_for(request: Request) -> Device:
    source: Source = request.app.state.source
    wanted = request.path_params["device"]
    for device in source.site.devices:
        if device.id == wanted:
            return device
    raise HTTPException(404, "There is no such device.")


def _shown(device: Device, now: PlantNow, known: dict[str, int], source: Source) -> dict[str, Any]:
    """What templates show of a device. health: None while the daemon does not know it."""
    health = now.detail["devices"].get(device.id) if now.detail else None
    bad = health["bad_blocks"] if health else []
    unread = {tag for block in bad for tag in block["tags"]} | set(health["refused_tags"] if health else ())
    folder = source.site_file.parent
    return {
        "device": device,
        "address": device_address(device)[0],
        "health": health,
        "state": _state(health),
        "bad": [(block, _why(block)) for block in bad],
        "unread": len(unread),
        "on_line": _on_line(device, source.site) if isinstance(device, ModbusDevice) else [],
        "known_us": _last_answer_us(device, health, known, now),
        "troubles": now.of(device.id),
        "certificates": certificate_states(device, folder) if isinstance(device, OpcUaDevice) else None,
    }


def _on_line(device: ModbusDevice, site: Site) -> list[str]:
    return [one.id for one in site.devices if isinstance(one, ModbusDevice) and one.line == device.line]


def _last_answer_us(device: Device, health: dict[str, Any] | None, known: dict[str, int], now: PlantNow) -> int | None:
    """As the daemon says; else from before its start, for what was known since may be that nothing answers."""
    if health is not None and health["last_good_us"]:
        return int(health["last_good_us"])
    known_us = known.get(device.id)
    since_start = now.detail is not None and known_us is not None and known_us > now.detail["started_us"]
    return None if since_start else known_us


def _state(health: dict[str, Any] | None) -> str:
    if health is None:
        return "unknown"
    return "connected" if health["connected"] else "silent" if health["is_silent"] else "away"


def _why(block: dict[str, Any]) -> Said:
    code = block["exception_code"]
    return Said("no answer", "응답 없음") if code is None else exception_words(code, block["exception"])


routes = [
    shown("/devices", all_devices),
    shown("/devices/{device}", one_device),
    done("/devices/{device}/try", try_now),
]
