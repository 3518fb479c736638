"""What does every tag say now, and may it be believed? A table that values flow into."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup
from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.page.access import shown
from collector.page.live_rows import CONDITION_WORDS, LiveRow
from collector.page.live_values import LiveValues
from collector.page.rendering import chosen, language_of, render
from collector.page.shown import span
from collector.page.words import said
from collector.page.words import text as _
from collector.tag_condition import Condition
from plant.instant import US_PER_S

GROUPS = {"work_unit": _("Work unit"), "device": _("Device")}
SHOWS = {"all": _("All tags"), "doubtful": _("Only what is not good")}
PING_S = 15
_BREAK = Markup(".<wbr>")


@dataclass(frozen=True, slots=True)
class Cells:
    """A row as it is written: a thousand of them are a page's work, so that the template only puts them down."""

    tag: str
    name: Markup
    about: str
    beside: str
    number: str
    unit: str
    tone: str
    word: str
    why: str
    time_us: int | None
    age: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one work unit or device. doubtful: how many of them are not good."""

    name: str
    rows: list[Cells]
    doubtful: int


def grouped(rows: list[LiveRow], by: str, language: str, now_us: int) -> list[Group]:
    """Rows by work unit or device, in the order of the names."""

    def key(row: LiveRow) -> str:
        return row.device if by == "device" else row.tag.work_unit

    words = {condition: said(word, language) for condition, word in CONDITION_WORDS.items()}

    def cells(row: LiveRow) -> Cells:
        tag = row.tag
        number, unit = row.written(language)
        return Cells(
            tag.name,
            _BREAK.join(tag.name.split(".")),
            f"{tag.work_unit} {row.device} {tag.role.value}",
            f"{tag.role.value} · {tag.work_unit if by == 'device' else row.device}",
            number,
            unit,
            row.tone,
            words[row.condition],
            row.why.of(language),
            row.time_us,
            span(None if row.time_us is None else (now_us - row.time_us) / US_PER_S),
        )

    found = [(name, list(of)) for name, of in groupby(sorted(rows, key=key), key)]
    return [
        Group(name, [cells(row) for row in of], sum(row.condition is not Condition.GOOD for row in of))
        for name, of in found
    ]


def filtered(rows: list[LiveRow], text: str, doubtful: bool) -> list[LiveRow]:
    """The rows whose tag, work unit, device or role has a text in it; doubtful: only those that are not good."""
    wanted = text.strip().lower()
    found = [row for row in rows if not doubtful or row.condition is not Condition.GOOD]
    return [
        row
        for row in found
        if wanted in f"{row.tag.name} {row.tag.work_unit} {row.device} {row.tag.role.value}".lower()
    ]


class Live:
    """The page and its stream of changes."""

    def __init__(self) -> None:
        self._values: LiveValues | None = None

    def routes(self) -> list[Route]:
        """The addresses of one application."""
        return [shown("/live", self.page, name="live"), shown("/live/events", self.events, name="live_events")]

    async def page(self, request: Request) -> Response:
        """The table as it is now, useful without script."""
        rows = await self._of(request).now()
        text, by = request.query_params.get("filter", "")[:80], chosen(request, "group", GROUPS, "work_unit")
        shows = chosen(request, "show", SHOWS, "all")
        seen = filtered(rows, text, shows == "doubtful")
        counts = {word: sum(row.condition is one for row in seen) for one, word in CONDITION_WORDS.items()}
        context = {
            "groups": grouped(seen, by, language_of(request), time.time_ns() // 1000),
            "counts": counts,
            "total": len(rows),
            "filter": text,
            "by": by,
            "show": shows,
            "group_names": GROUPS,
            "show_names": SHOWS,
        }
        return render(request, "live.html", context)

    async def events(self, request: Request) -> Response:
        """All rows, then what changes."""
        return EventSourceResponse(_messages(self._of(request), language_of(request)), ping=PING_S)

    def _of(self, request: Request) -> LiveValues:
        if self._values is None:
            self._values = LiveValues(request.app.state.source)
        return self._values


async def _messages(values: LiveValues, language: str) -> AsyncIterator[dict[str, str]]:
    async for text in values.events(language):
        yield {"data": text}
