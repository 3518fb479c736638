"""What was applied to the site file, who may take it back, and where does a new device begin?"""

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.page.access import done, shown
from collector.page.rendering import chosen, render, whole
from collector.page.source import Source
from collector.page.words import text as _
from collector.site_change import versions_json
from config.model import NAME

AWAY = _("Nothing was changed: the collector is not running, and only it may change the site file from here.")
SAYINGS = {
    "applied": ("good", _("Applied. The collector goes on under the new settings within about a second.")),
    "undone": ("good", _("Undone. The collector goes on under the settings of before.")),
    "ended": ("good", _("Left aside; nothing was changed.")),
}


async def start(request: Request) -> Response:
    """Where a device is connected from, and every version of the site file that was applied."""
    return await start_page(request)


async def undo(request: Request) -> Response:
    """Have the collector put the files back to what they were before a version."""
    source: Source = request.app.state.source
    said = str((await request.form()).get("version", ""))
    if not said.isascii() or not said.isdigit():
        raise HTTPException(400)
    version = int(said)
    told = f"version {version} undone"
    answer = await source.ask({"command": "undo", "by": request.state.account, "reason": told, "version": version})
    if answer is None:
        return await start_page(request, AWAY)
    if not answer["ok"]:
        return await start_page(request, answer["message"])
    return RedirectResponse("/commissioning?said=undone", 303)


async def start_page(request: Request, fault: str = "") -> Response:
    """The page with the first step and the versions; fault: why the last attempt was refused."""
    source: Source = request.app.state.source
    versions = await source.read(versions_json)
    said = SAYINGS.get(chosen(request, "said", SAYINGS, "")) if not fault else None
    device = request.query_params.get("device", "")  # the page may not have read the new settings yet
    shows = {
        "versions": versions,
        "fault": fault,
        "said": said,
        "applied": device if re.fullmatch(NAME, device) else "",
        "shown_version": whole(request, "version", 0),
    }
    return render(request, "commissioning.html", shows, 400 if fault else 200)


routes = [shown("/commissioning", start), done("/commissioning/undo", undo)]
