"""What do programs get that ask for KPI values, and how much may be asked at once?"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.explanation import Explanations
from collector.kpi_answer import explained_json, kpi_json
from collector.kpi_question import KpiQuestion, KpiSelection
from collector.page.api.queries import KpisQuery
from collector.page.source import Source, TookTooLongError, within
from collector.question import QuestionError, asked_stretch
from config.site import Site
from kpi.value import KpiValue
from plant.instant import US_PER_S
from plant.period import PeriodKind

LIMIT_S = 10.0
MOST_WAITING = 8
MOST_PERIODS, MOST_VALUES, MOST_EXPLAINED, MOST_DAYS = 1000, 10_000, 300, 3660
_DAYS = {PeriodKind.HOUR: 1 / 24, PeriodKind.WEEK: 7, PeriodKind.MONTH: 28, PeriodKind.YEAR: 365}


class KpiAnswers:
    """Works out one question after the other in a thread of its own, so that programs that ask for much hold up
    neither pages nor quick questions."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "kpis")
        self._waiting = 0

    async def answer(self, request: Request, query: KpisQuery) -> Response:
        """Values, with explanations where they are asked for.

        Raises QuestionError, also for too much at once, and TookTooLongError.
        """
        if self._waiting >= MOST_WAITING:
            raise TookTooLongError(f"{MOST_WAITING} questions for KPIs are waiting already")
        source: Source = request.app.state.source
        work = partial(_answer, source, source.site, query, time.monotonic() + LIMIT_S)
        self._waiting += 1
        try:
            return JSONResponse(await asyncio.get_running_loop().run_in_executor(self._thread, work))
        finally:
            self._waiting -= 1


def _answer(source: Source, site: Site, query: KpisQuery, end_s: float) -> dict[str, Any]:
    question = KpiQuestion(
        query.period, query.at, query.from_, query.to, query.kpi, query.scope, query.calendar, query.as_of
    )
    now_us = time.time_ns() // 1000
    _require_few_periods(site, question, now_us)
    selected = KpiSelection(site, question, now_us)

    def work(connection: Connection) -> dict[str, Any]:
        evaluation = selected.evaluation(connection)
        scopes = selected.scopes(evaluation)
        _require_few_values(len(selected.periods) * len(scopes) * len(selected.kpis), query.explain)
        values = _until(end_s, evaluation.values(selected.periods, scopes, selected.kpis))
        if not query.explain:
            return kpi_json(values, site.zone)
        explanations = Explanations(evaluation, sha256(source.site_file.read_bytes()).hexdigest())
        return explained_json(explanations, values, leave_out=not query.kpi)

    return within(source.store, work, end_s - time.monotonic())


def _require_few_periods(site: Site, question: KpiQuestion, now_us: int) -> None:
    if question.from_ is None:
        return
    start_us, end_us = asked_stretch(question.from_, question.to, site.clock(), now_us)
    days = (end_us - start_us) / (86400 * US_PER_S)
    whole = question.period is PeriodKind.RANGE
    if days > (MOST_DAYS if whole else MOST_PERIODS * _DAYS.get(question.period, 1)):
        most = f"{MOST_DAYS} days" if whole else f"{MOST_PERIODS} periods"
        raise QuestionError("from", "{key}: must be at most {most} before {to}; ask for less at once", most=most)


def _require_few_values(count: int, explain: bool) -> None:
    most = MOST_EXPLAINED if explain else MOST_VALUES
    if count > most:
        message = "these are {count} values, at most {most} are given at once; name {key}, scope or fewer periods"
        raise QuestionError("kpi", message, count=count, most=most)


def _until(end_s: float, values: Iterable[KpiValue]) -> Iterator[KpiValue]:
    for value in values:
        if time.monotonic() > end_s:
            raise TookTooLongError(f"takes longer than {LIMIT_S:g} s; ask for less at once")
        yield value
