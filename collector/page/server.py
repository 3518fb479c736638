"""How is the page served? uvicorn in the daemon's own loop; signals stay the daemon's."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Starlette, listen: str) -> None:
    """Serve until cancelled. Raises OSError when the address is taken."""
    host, _, port = listen.rpartition(":")
    config = uvicorn.Config(
        app, host.strip("[]"), int(port), log_config=None, access_log=False, server_header=False, lifespan="off"
    )
    server = _Server(config)
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say that it cannot bind
        raise OSError(f"{listen}: cannot be listened on; another program has it") from None
