"""How is the page served? uvicorn in the loop that is there; signals stay with whoever started it."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from collector.page.connection import PATIENCE_S, Connection

END_S = 2  # for streams that are open when the page ends


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._tls = tls
        self.servers = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: object = None) -> None:
        """Listen; uvicorn's own way gives a client a minute to shake hands, and ends the process when it cannot."""
        config, patience_s = self.config, PATIENCE_S if self._tls else None
        listening = await asyncio.get_running_loop().create_server(
            lambda: Connection(config, server_state=self.server_state, app_state={}),
            config.host,
            config.port,
            ssl=self._tls,
            ssl_handshake_timeout=patience_s,
            backlog=config.backlog,
        )
        self.servers = [listening]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.watch()
        return await super().on_tick(counter)


async def serve(app: ASGIApp, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
    """Serve until cancelled. Raises OSError when the address is taken."""
    config = uvicorn.Config(
        app,
        host,
        port,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who asks is who connects: anybody can write such a header
        lifespan="off",
        timeout_keep_alive=int(PATIENCE_S),
        timeout_graceful_shutdown=END_S,
    )
    server = _Server(config, tls)
    try:
        await server.serve()
    except OSError as error:
        raise OSError(f"{host}:{port}: cannot be listened on: {error.strerror}") from None
    finally:
        for listening in server.servers:
            listening.close()
