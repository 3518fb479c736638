"""What becomes of order files dropped on the page? They are handed to the collector, and its answer is shown."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from collector.page.access import ORDER_FILE_BYTES, done, shown
from collector.page.figures import Figures
from collector.page.kpi_page import speaker
from collector.page.rendering import render
from collector.page.source import Source
from collector.page.words import text as _

KINDS = ("orders", "deliveries")
SUFFIXES = (".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of files: those that were imported, or why none was, with the first faults found in them and how many
    there are."""

    imported: tuple[dict[str, Any], ...] = ()
    message: str = ""
    faults: tuple[dict[str, Any], ...] = ()
    fault_count: int = 0


async def order_files(request: Request) -> Response:
    """Where files are dropped."""
    return render(request, "orders_taken.html", {"taken": None})


async def take_order_files(request: Request) -> Response:
    """Hand the files of a form to the collector, and show its answer."""
    source: Source = request.app.state.source
    figures: Figures = request.app.state.figures
    form, say = await request.form(), speaker(request)
    files = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
    kind = str(form.get("kind"))
    wrong = [one.filename for one in files if Path(one.filename or "").suffix.lower() not in SUFFIXES]
    if kind not in KINDS or not files:
        taken = Taken(message=say(_("Choose at least one file.")))
    elif wrong:
        taken = Taken(message=say(_("Only CSV and XLSX files can be imported, not {name}.")).format(name=wrong[0]))
    else:
        taken = await handed_over(source, kind, files)
        if taken == Taken():
            taken = replace(taken, message=say(_("The collector is not running; start it and drop the files again.")))
    figures.forget()
    return render(request, "orders_taken.html", {"taken": taken}, 200 if taken.imported else 422)


async def handed_over(source: Source, kind: str, files: Sequence[UploadFile]) -> Taken:
    """What the collector makes of some files; nothing at all when it does not run.

    They lie in a folder beside the store that only its owner can read, until it has answered.
    """
    folder = Path(await run_in_threadpool(tempfile.mkdtemp, prefix=".dropped-", dir=source.store.parent))
    try:
        names = {}
        for place, file in enumerate(files):
            path = folder / f"{place}{Path(file.filename or '').suffix.lower()}"
            names[str(path)] = Path(file.filename or "").name
            await run_in_threadpool(_written, path, file)
        asked = {"command": "import", "kind": kind, "files": list(names), "replace": False, "skip_bad": False}
        answer = await source.ask(asked)
    finally:
        await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)
    if answer is None:
        return Taken()
    if answer.get("ok"):
        return Taken(tuple({**one, "file": names[one["file"]]} for one in answer["files"]))
    faults = tuple({**one, "file": names.get(one["file"], one["file"])} for one in answer.get("faults", ()))
    return Taken(message="" if faults else answer["message"], faults=faults, fault_count=answer.get("fault_count", 0))


def _written(path: Path, file: UploadFile) -> None:
    with path.open("xb") as kept:
        shutil.copyfileobj(file.file, kept)


routes = [
    shown("/delivery/orders", order_files),
    done("/delivery/orders", take_order_files, name="take_order_files", body_bytes=ORDER_FILE_BYTES),
]
