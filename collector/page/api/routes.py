"""Which addresses does the API have, and what does it say of a question that it cannot answer?"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector.page.access import shown
from collector.page.api import answers
from collector.page.api.history import MEDIA, HistoryStreams
from collector.page.api.kpis import KpiAnswers
from collector.page.api.queries import (
    AskedWronglyError,
    GapsQuery,
    HistoryQuery,
    KpisQuery,
    NothingAsked,
    Query,
    ReadingsQuery,
    ReportsQuery,
    asked,
)
from collector.page.source import TookTooLongError
from collector.question import QuestionError
from collector.store.store import StoreError

log = logging.getLogger(__name__)

PREFIX = "/api/v1"
RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Address:
    """An address below the prefix. shape: of its JSON; media: all types that it may answer with."""

    path: str
    query: type[Query]
    answer: Callable[[Request, Any], Awaitable[Response]]
    shape: str
    media: tuple[str, ...] = ("application/json",)

    async def __call__(self, request: Request) -> Response:
        """The answer to a request; where there is none, what is wrong with it or why not now."""
        try:
            return await self.answer(request, asked(self.query, request.query_params))
        except AskedWronglyError as error:
            return _faults(400, error.faults)
        except QuestionError as error:
            return _faults(400, [(error.key, error.spelt(str).removeprefix(f"{error.key}: "))])
        except TookTooLongError as error:
            return _faults(503, [("", str(error))])
        except StoreError as error:  # the cause names files: that is for the log
            log.warning("%s cannot be answered: %s", self.path, error)
            return _faults(503, [("", "the store cannot be read just now")])


def addresses() -> list[Address]:
    """Every address that answers from the plant, with what they share among themselves."""
    return [
        Address("/readings", ReadingsQuery, answers.readings, "Readings"),
        Address("/history", HistoryQuery, HistoryStreams().answer, "History", tuple(MEDIA.values())),
        Address("/kpis", KpisQuery, KpiAnswers().answer, "Kpis"),
        Address("/reports", ReportsQuery, answers.reports, "Reports"),
        Address("/devices", NothingAsked, answers.devices, "Devices"),
        Address("/gaps", GapsQuery, answers.gaps, "Gaps"),
    ]


def api_routes() -> list[Route]:
    """The routes of one application."""
    from collector.page.api.description import description

    found = addresses()
    described = description(found)

    async def openapi(_: Request) -> Response:
        return JSONResponse(described)

    routes = [shown(PREFIX + one.path, one.__call__, name=f"api{one.path}") for one in found]
    return [*routes, shown(f"{PREFIX}/openapi.json", openapi)]


def _faults(status: int, faults: list[tuple[str, str]]) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return JSONResponse({"faults": [{"key": key, "message": message} for key, message in faults]}, status, headers)
