"""Which reports went out, which wait, which were refused and why, and what would be reported next?"""

import asyncio
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.evaluation import Evaluation
from collector.page.access import done, shown
from collector.page.figures import Figure, Figures
from collector.page.plant_now import plant_now
from collector.page.rendering import chosen, render
from collector.page.source import Source
from collector.page.words import text as _
from collector.report_preview import NextReport, next_finals, next_reports
from collector.store import reports
from collector.store.reports import StoredReport
from config.mqtt import MqttSettings
from config.site import Site
from kpi.catalogue import BY_ID
from plant.kpi_id import KpiId

MOST_SENT, MOST_WAITING, MOST_REFUSED = 30, 50, 50
_PREVIEW_FRESH_S = 60.0
KINDS = {
    "hour": _("hour"),
    "shift": _("shift"),
    "day": _("day"),
    "week": _("week"),
    "month": _("month"),
    "year": _("year"),
}
STATES = {
    "provisional": _("provisional"),
    "final": _("final"),
    "restated": _("restated"),
}
RESENT = {
    "yes": ("good", _("The report waits again, and is sent within seconds of a connection.")),
    "none": ("bad", _("No report was sent again: the collector has none with this number.")),
    "away": ("bad", _("The report could not be sent again: the collector is not running.")),
}


@dataclass(frozen=True, slots=True)
class Outbox:
    """The newest reports of each state, and how many there are. epoch: that of the newest, whose reports can be sent
    again; those of before a restore cannot."""

    epoch: int
    counts: dict[str, int]
    waiting: list[StoredReport]
    refused: list[StoredReport]
    sent: list[StoredReport]


async def all_reports(request: Request) -> Response:
    """The outbox, and the next reports."""
    source: Source = request.app.state.source
    figures: Figures = request.app.state.figures
    mqtt = source.site.mqtt

    async def coming() -> Figure[tuple[list[NextReport], list[NextReport]]] | None:
        if mqtt is None:
            return None
        return await figures.of("next reports", lambda evaluation: _next(evaluation, mqtt), _PREVIEW_FRESH_S)

    now, outbox, following = await asyncio.gather(plant_now(request), source.read(_outbox), coming())
    shows = {
        "now": now,
        "outbox": outbox,
        "coming": following,
        "kinds": KINDS,
        "states": STATES,
        "resent": RESENT.get(chosen(request, "again", RESENT, "")),
        "titles": {kpi.value: BY_ID[kpi] for kpi in KpiId if kpi in BY_ID},
    }
    return render(request, "reports.html", shows)


async def send_again(request: Request) -> Response:
    """Have the daemon put one report of the newest epoch back among those that wait."""
    source: Source = request.app.state.source
    sequence = str((await request.form()).get("sequence", ""))
    if not (sequence.isascii() and sequence.isdigit() and len(sequence) < 12):
        raise HTTPException(400, _("This is not a report's number."))
    answer = await source.ask({"command": "resend", "first": int(sequence), "last": int(sequence)}, 10.0)
    if answer is None:
        return RedirectResponse("/reports?again=away", 303)
    return RedirectResponse(f"/reports?again={'yes' if answer['ok'] and answer['reports'] else 'none'}", 303)


def _next(evaluation: Evaluation, mqtt: MqttSettings) -> tuple[list[NextReport], list[NextReport]]:
    return next_reports(evaluation, mqtt), next_finals(evaluation, mqtt)


def _outbox(connection: Connection, _site: Site) -> Outbox:
    return Outbox(
        reports.last(connection)[0],
        reports.counted(connection),
        reports.of_state(connection, "pending", MOST_WAITING),
        reports.of_state(connection, "rejected", MOST_REFUSED),
        reports.of_state(connection, "accepted", MOST_SENT),
    )


routes = [shown("/reports", all_reports), done("/reports/again", send_again)]
