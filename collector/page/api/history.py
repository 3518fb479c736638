"""How do programs and people take readings away? As a file that is sent while it is read, in bounded memory."""

import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from collector.history_rows import csv_parts, history_rows, json_parts
from collector.page.api.queries import HistoryQuery
from collector.page.source import Source, TookTooLongError
from collector.question import QuestionError, asked_stretch, asked_tags
from collector.store.store import reading
from collector.store.tags import StoredTag
from config.site import Site
from plant.instant import moment

MOST_STREAMS = 4
LONGEST_S = 900.0
MEDIA = {"csv": "text/csv", "json": "application/json", "parquet": "application/vnd.apache.parquet"}


class HistoryStreams:
    """Sends stored readings, to a few at a time."""

    def __init__(self) -> None:
        self.open = 0

    async def answer(self, request: Request, query: HistoryQuery) -> Response:
        """Readings with from <= time < to. Raises QuestionError, and TookTooLongError where enough are being sent."""
        source: Source = request.app.state.source
        site = source.site
        bounds = asked_stretch(query.from_, query.to, site.clock(), time.time_ns() // 1000)
        in_file = [tag.name for tag in site.tags()]
        tags = await source.read(lambda connection, _: asked_tags(connection, query.tag, in_file))
        _require_parquet(query.format)
        headers = {"Content-Disposition": f'attachment; filename="{_file_name(query, bounds, site)}"'}
        if request.method == "HEAD":
            return Response(headers=headers, media_type=MEDIA[query.format])
        if self.open >= MOST_STREAMS:
            raise TookTooLongError(f"{MOST_STREAMS} histories are being sent already")
        parts = _parts(source.store, tags, bounds, site, query.format)
        return StreamingResponse(self._sent(parts), headers=headers, media_type=MEDIA[query.format])

    async def _sent(self, parts: Generator[bytes, None, None]) -> AsyncIterator[bytes]:
        end_s = time.monotonic() + LONGEST_S
        self.open += 1
        try:
            async for part in iterate_in_threadpool(parts):
                if time.monotonic() > end_s:  # cut off, and seen to be: the last part never comes
                    raise TookTooLongError(f"history was sent for longer than {LONGEST_S:g} s")
                yield part
        finally:
            self.open -= 1
            parts.close()


def _parts(
    store: Path, tags: list[StoredTag], bounds: tuple[int, int], site: Site, form: str
) -> Generator[bytes, None, None]:
    with reading(store) as connection:
        if form == "parquet":
            from collector.parquet_file import parquet_blocks

            yield from parquet_blocks(connection, tags, *bounds)
            return
        rows = history_rows(connection, tags, *bounds, site.zone)
        for text in json_parts(rows) if form == "json" else csv_parts(rows):
            yield text.encode()


def _file_name(query: HistoryQuery, bounds: tuple[int, int], site: Site) -> str:
    what = query.tag[0] if len(query.tag) == 1 else f"{len(query.tag)}-tags"
    first, last = (f"{moment(us, site.zone):%Y%m%dT%H%M%S}" for us in bounds)
    return f"{what}_{first}_{last}.{query.format}"


def _require_parquet(form: str) -> None:
    if form == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise QuestionError("format", "{key}: parquet needs an extra: pip install 'smartwings[parquet]'") from None
