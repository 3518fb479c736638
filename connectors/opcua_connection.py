"""What does one connection to an OPC UA server live through: secure channel, session, end?

A link is used once. After any doubt it is thrown away with asyncua's client object, and a new one is made.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from asyncua.client.client import Client

from config.devices import OpcUaDevice
from connectors.latency import Latency
from connectors.opcua_link import Link
from connectors.opcua_security import check_channel, explain, secure
from connectors.opcua_session import QuietSession
from connectors.opcua_transport import BoundedClient
from connectors.opcua_user import sign_in, user_of

ANSWER_S = 4.0
"""Within which a server must answer any request but publish."""
CONNECT_S = 15.0
CLOSE_S = 2.0
SESSION_S = 60.0
CHANNEL_S = 1800.0


@contextlib.asynccontextmanager
async def opened(
    device: OpcUaDevice, folder: Path, known_uris: dict[int, str], latency: Latency
) -> AsyncIterator[Link]:
    """A link to the server for as long as the block runs; the session is closed at its end, its subscription as well
    unless `link.keeps_subscription` says that somebody goes on with it.

    Raises NotTrustedError, DoubtError, OSError, TimeoutError or asyncua's UaError when there is none to be had.
    """
    client = BoundedClient(device.endpoint, ANSWER_S)
    client.uaclient.session = QuietSession(client.uaclient)
    client.name = client.description = "Smart Wings"
    client.session_timeout = round(SESSION_S * 1000)
    client.secure_channel_timeout = round(CHANNEL_S * 1000)
    staying: asyncio.Task[None] | None = None
    link: Link | None = None
    try:
        async with asyncio.timeout(CONNECT_S):
            await _connect(client, device, folder)
            link = Link(client, known_uris, latency)
            await link.learn(device)
        staying = asyncio.create_task(link.stay(), name=f"opcua {device.id}")
        yield link
    finally:
        if staying is not None:
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
        await _close(client, delete_subscriptions=link is None or not link.keeps_subscription)


async def _connect(client: Client, device: OpcUaDevice, folder: Path) -> None:
    # not client.connect(): it starts a watchdog and a supervisor that give up after their first failure
    user = await asyncio.to_thread(user_of, device, folder)
    believed = await secure(client, device, folder)
    try:
        await client.connect_socket()
        await client.send_hello()
        await client.open_secure_channel()
        created = await client.create_session()
    except Exception:
        await explain(device, believed)
        raise
    check_channel(client, created, believed, device)
    await sign_in(client, user)


async def _close(client: Client, delete_subscriptions: bool) -> None:
    protocol = client.uaclient.protocol
    if protocol is None or protocol.is_closed:
        return
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_S):
            client.uaclient.request_disconnect()
            await client.uaclient.close_session(delete_subscriptions)
            await client.close_secure_channel()
    with contextlib.suppress(Exception):
        client.disconnect_socket()
