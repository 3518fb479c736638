"""What does the daemon do for commands? What changes something goes through its writer; status is its snapshot."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Connection

from collector.acquisition import now_us
from collector.control import Answer
from collector.file_import import FileImport
from collector.health import Snapshot
from collector.import_merging import done_in_turns, merge_left
from collector.imported import Imported
from collector.log_lines import LogLines
from collector.plant_trouble import collecting_troubles
from collector.readings_import import ReadingsImport
from collector.sign_off import KINDS, signed_off
from collector.site_change import applied, undone
from collector.store import reports
from collector.store.store import reading
from collector.store.writer import Writer
from collector.trial import tried
from config.fault import InputError
from config.site import Site
from connectors.connector import Connector

MOST_FAULTS = 500
"""Faults of files that an answer names one by one; its message has all."""

GONE_ON_WITH = "the import counts, is not yet in the store as a whole, and will be gone on with by itself"


class Answers:
    """Answers what `control` brings."""

    def __init__(
        self,
        site: Site,
        writer: Writer,
        snapshot: Callable[[], Snapshot],
        connectors: Mapping[str, Connector],
        log_lines: LogLines,
        site_file: Path,
        reload: asyncio.Event,
    ) -> None:
        self._site, self._writer, self._snapshot = site, writer, snapshot
        self._connectors, self._log_lines = connectors, log_lines
        self._site_file, self._reload = site_file, reload

    async def answer(self, request: Answer) -> Answer:
        """The answer to a request; one that is not understood says so."""
        match request:
            case {"command": "status"}:
                return self._status()
            case {"command": "try", "device": str(device)} if device in self._connectors:
                return {"ok": True, "trial": (await tried(self._connectors[device])).as_json()}
            case {"command": "log"}:
                return {"ok": True, "lines": self._log_lines.newest()}
            case {"command": "import", "kind": kind, "files": [*files], "replace": bool(), "skip_bad": bool()} if (
                kind in ("readings", "quantities", "orders", "deliveries")
            ):
                return await self._import(kind, [Path(file) for file in files], request)
            case {"command": "correct", "kind": kind, "by": str(), "reason": str(), "said": dict()} if kind in KINDS:
                return await self._writer.call(lambda connection: signed_off(connection, self._site, now_us(), request))
            case {"command": "apply", "by": str(), "reason": str(), "addition": dict(), "digest": str()}:
                return await self._change_site(applied, request)
            case {"command": "undo", "by": str(), "reason": str(), "version": int()}:
                return await self._change_site(undone, request)
            case {"command": "resend", "first": int(first), "last": int(last)}:
                again = await self._writer.write(lambda connection: reports.resend(connection, first, last))
                return {"ok": True, "reports": again}
        return {"ok": False, "message": "the running collector does not know this command; is it of another version?"}

    def _status(self) -> Answer:
        """status: what `/health` says. detail, troubles: what people are shown beyond that."""
        now = self._snapshot()
        troubles = [one.as_json() for one in collecting_troubles(self._site, now)]
        return {"ok": True, "status": now.as_json(), "detail": now.in_full(), "troubles": troubles}

    async def _change_site(self, change: Callable[[Connection, Path, int, Answer], Answer], request: Answer) -> Answer:
        answer = await self._writer.call(lambda connection: change(connection, self._site_file, now_us(), request))
        if answer["ok"]:
            self._reload.set()
        return answer

    async def _import(self, kind: str, files: list[Path], request: Answer) -> Answer:
        def work(connection: Connection) -> list[Imported]:
            job = FileImport(connection, self._site, now_us(), request["replace"], request["skip_bad"])
            return list(getattr(job, kind)(files))

        try:
            if kind == "readings":
                done = await self._import_readings(files, request["replace"], request["skip_bad"])
            else:
                done = await self._writer.call(work)
            return {"ok": True, "files": [asdict(one) for one in done]}
        except InputError as error:
            faults = [asdict(fault) for fault in error.faults[:MOST_FAULTS]]
            return {"ok": False, "message": str(error), "faults": faults, "fault_count": len(error.faults)}

    async def _import_readings(self, files: list[Path], replace: bool, skip_bad: bool) -> list[Imported]:
        """Read and check beside the writer. One import is merged at a time: another could say otherwise meanwhile."""
        store = self._writer.path
        job = ReadingsImport(self._site, store, now_us(), replace, skip_bad)

        def check() -> None:
            with reading(store) as connection:
                job.check(connection)

        with job.begun():
            await asyncio.to_thread(job.read, files)
            async with self._writer.importing:
                await merge_left(self._writer)
                await done_in_turns(self._writer, job.name_next)
                await asyncio.to_thread(check)
                try:
                    await done_in_turns(self._writer, job.merge_next)
                except Exception as error:
                    raise RuntimeError(f"{str(error).splitlines()[0]}; {GONE_ON_WITH}") from error
            return job.end()
