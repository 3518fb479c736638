"""What does the daemon do for commands? Imports and corrections are handed to its writer; status is its snapshot."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Connection

from collector.acquisition import now_us
from collector.control import Answer
from collector.file_import import FileImport
from collector.health import Snapshot
from collector.sign_off import KINDS, signed_off
from collector.store import reports
from collector.store.writer import Writer
from config.fault import InputError
from config.site import Site


class Answers:
    """Answers what `control` brings."""

    def __init__(self, site: Site, writer: Writer, snapshot: Callable[[], Snapshot]) -> None:
        self._site, self._writer, self._snapshot = site, writer, snapshot

    async def answer(self, request: Answer) -> Answer:
        """The answer to a request; one that is not understood says so."""
        match request:
            case {"command": "status"}:
                return {"ok": True, "status": self._snapshot().as_json()}
            case {"command": "import", "kind": kind, "files": [*files], "replace": bool(), "skip_bad": bool()} if (
                kind in ("readings", "quantities", "orders", "deliveries")
            ):
                return await self._import(kind, [Path(file) for file in files], request)
            case {"command": "correct", "kind": kind, "by": str(), "reason": str(), "said": dict()} if kind in KINDS:
                return await self._writer.call(lambda connection: signed_off(connection, self._site, now_us(), request))
            case {"command": "resend", "first": int(first), "last": int(last)}:
                again = await self._writer.write(lambda connection: reports.resend(connection, first, last))
                return {"ok": True, "reports": again}
        return {"ok": False, "message": "the running collector does not know this command; is it of another version?"}

    async def _import(self, kind: str, files: list[Path], request: Answer) -> Answer:
        def work(connection: Connection) -> Answer:
            job = FileImport(connection, self._site, now_us(), request["replace"], request["skip_bad"])
            return {"ok": True, "files": [asdict(one) for one in getattr(job, kind)(files)]}

        try:
            return await self._writer.call(work)
        except InputError as error:
            return {"ok": False, "message": str(error)}
