"""Which files does a browser fetch beside pages? Each by an address with its hash, so that it may keep it for ever."""

import mimetypes
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

FOLDER = Path(__file__).parent / "static"
_SERVED = {".css", ".js", ".svg", ".png", ".woff2"}


@cache
def _files() -> dict[str, Path]:
    """Every file by its name below the folder."""
    found = FOLDER.rglob("*")
    return {path.relative_to(FOLDER).as_posix(): path for path in sorted(found) if path.suffix in _SERVED}


@cache
def edition() -> str:
    """Hash of all files: they change together, since scripts import one another by relative names."""
    digest = sha256()
    for name, path in _files().items():
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def address_of(name: str) -> str:
    """The address of a file. Raises KeyError for one that there is not.

    >>> address_of("page.css").startswith("/static/")
    True
    """
    return f"/static/{edition()}/{_files()[name].relative_to(FOLDER).as_posix()}"


async def static_file(request: Request) -> Response:
    """A file, to be kept for ever under its edition; another edition is not there."""
    path = _files().get(request.path_params["name"])
    if path is None or request.path_params["edition"] != edition():
        return Response("not found", 404, media_type="text/plain")
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(path, headers=kept, media_type=mimetypes.guess_type(path.name)[0])
