"""An asyncua server as a peer: run in a thread with a loop of its own, or as a process that can be killed.

`python opcua_server.py PORT [LOG]` counts `Count` up every 10 ms, its source time the moment of the change; the log
gets each value and its time [us].
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

sys.path.append(str(Path(__file__).parents[2]))

from plant.instant import instant

URI = "urn:test:press"
APPLICATION_URI = "urn:test:server"
VARIABLES = {
    "Count": ua.Variant(0, ua.VariantType.Int64),
    "Power": ua.Variant(1500.0, ua.VariantType.Double),
    "State": ua.Variant("Executing", ua.VariantType.String),
    "Order": ua.Variant("A-4711", ua.VariantType.String),
    "Running": ua.Variant(True, ua.VariantType.Boolean),
}


class Press:
    """A server with a few variables in a namespace of its own."""

    def __init__(self, port: int, folder: Path | None = None, other_namespaces: tuple[str, ...] = ()) -> None:
        self.port = port
        self.url = f"opc.tcp://127.0.0.1:{port}"
        self.server = Server()
        self._folder = folder
        self._other_namespaces = other_namespaces
        self.nodes: dict[str, Any] = {}

    async def start(self) -> None:
        await self.server.init()
        self.server.set_endpoint(self.url)
        await self.server.set_application_uri(APPLICATION_URI)
        if self._folder is None:
            self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        else:
            await self._secure(self._folder)
        for uri in self._other_namespaces:
            await self.server.register_namespace(uri)
        index = await self.server.register_namespace(URI)
        for name, value in VARIABLES.items():
            node = ua.NodeId(name, index)
            self.nodes[name] = await self.server.nodes.objects.add_variable(node, name, value)
        await self.server.start()

    async def _secure(self, folder: Path) -> None:
        key, certificate = folder / "server-key.pem", folder / "server.der"
        if not certificate.exists():
            await setup_self_signed_certificate(
                key, certificate, APPLICATION_URI, "127.0.0.1", [ExtendedKeyUsageOID.SERVER_AUTH], {}
            )
        await self.server.load_certificate(certificate)
        await self.server.load_private_key(key)
        self.server.set_security_policy(
            [
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )

    async def show(self, certificate: bytes, key: bytes) -> None:
        """Be a server with another certificate (DER) and key (PEM) from the next connection on."""
        await self.server.load_certificate(certificate, "der")
        await self.server.load_private_key(key, format="pem")
        self.server.iserver.endpoints.clear()
        self.server._policies.clear()
        await self.server._setup_server_nodes()

    async def reset(self) -> None:
        self.server.iserver.aspace.force_server_timestamp = True
        for name, value in VARIABLES.items():
            await self.write(name, value.Value, value.VariantType)

    async def write(self, name: str, value: Any, vtype: ua.VariantType, **data: Any) -> None:
        data.setdefault("SourceTimestamp", datetime.now(UTC))
        await self.nodes[name].write_value(ua.DataValue(ua.Variant(value, vtype), **data))

    async def change(self, name: str, value: Any, vtype: ua.VariantType) -> int:
        """Write a value now; its source time [us]."""
        now = datetime.now(UTC)
        await self.write(name, value, vtype, SourceTimestamp=now)
        return instant(now)

    def retained(self) -> set[int]:
        """Numbers of the messages that the server keeps because they are not acknowledged."""
        subscriptions = self.server.iserver.subscription_service.subscriptions.values()
        return {number for subscription in subscriptions for number in subscription._not_acknowledged_results}


@contextmanager
def running(press: Press) -> Iterator[Callable[[Awaitable[Any]], Any]]:
    """The server in a thread with a loop of its own; gives a function that runs a coroutine there and waits."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    run(press.start())
    try:
        yield run
    finally:
        run(press.server.stop())
        run(_end_rest())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_rest() -> None:
    """End what the server leaves behind of sessions that were never closed."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(port: int, changed: TextIO) -> None:
    press = Press(port)
    await press.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    count = time.time_ns() // 1_000_000 % 1_000_000_000
    while True:
        count += 1
        changed.write(f"{count} {await press.change('Count', count, ua.VariantType.Int64)}\n")
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    with open((sys.argv[2:] or [os.devnull])[0], "a", encoding="utf-8", buffering=1) as changed:
        asyncio.run(_serve(int(sys.argv[1]), changed))
