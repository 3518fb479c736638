"""What is asked of an OPC UA server over an open session: its namespaces and limits, values, whether it is there?"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_session import UaSession
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from connectors.latency import Latency
from connectors.opcua_certificate import NotTrustedError
from connectors.pause import Pause
from plant.status_code import parse_status, status_name

PROBE_S = 5.0
_MOST_NODES_A_CALL = 1000

BAD_NODE_ID_UNKNOWN = parse_status("BadNodeIdUnknown")
BAD_NODE_ID_INVALID = parse_status("BadNodeIdInvalid")

_NODE = re.compile(r"(?:ns=(?P<index>\d+);|nsu=(?P<uri>[^;]+);)?(?P<identifier>[isgb]=.+)", re.DOTALL)


class DoubtError(Exception):
    """The link cannot be relied on any more; says why in plain words."""


class NodeError(Exception):
    """A node cannot be named at this server. status: the StatusCode that its readings carry."""

    def __init__(self, status: int) -> None:
        super().__init__(status_name(status))
        self.status = status


class Link:
    """An open session. known_uris: namespaces as they were when the device was first seen, by index.

    latency: gets how long each answer to a Read took.
    """

    def __init__(self, client: Client, known_uris: dict[int, str], latency: Latency) -> None:
        self._client = client
        self._known_uris, self._latency, self._pause = known_uris, latency, Pause()
        self._indexes: Mapping[str, int] = {}
        self._nodes_a_read = self._items_a_call = _MOST_NODES_A_CALL
        self.session: UaSession = client.uaclient.session
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @property
    def items_a_call(self) -> int:
        """Monitored items that the server takes in one call."""
        return self._items_a_call

    async def learn(self) -> None:
        """Read the server's namespaces and limits (OPC 10000-5 6.3.11; 0 or none: no limit)."""
        numbers = (
            ObjectIds.Server_NamespaceArray,
            ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
            ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
        )
        namespaces, reads, items = [await self._read_some([ua.NodeId(ua.Int32(number))]) for number in numbers]
        self._nodes_a_read, self._items_a_call = _limit(reads[0]), _limit(items[0])
        variant = namespaces[0].Value
        uris = variant.Value if variant is not None and isinstance(variant.Value, list) else []
        self._indexes = {uri: index for index, uri in reversed(list(enumerate(uris)))}
        for index, uri in enumerate(uris):
            self._known_uris.setdefault(index, uri)

    def node_id(self, text: str) -> ua.NodeId:
        """NodeId of a tag's node at this server, its namespace found by URI.

        `ns=2` means the namespace that had index 2 when the server was first seen: after a restart it may have
        another. Raises NodeError.
        """
        parts = _NODE.fullmatch(text)
        if parts is None:
            raise NodeError(BAD_NODE_ID_INVALID)
        index = int(parts["index"] or 0)
        uri = parts["uri"] or self._known_uris.get(index)
        if uri is not None:
            if uri not in self._indexes:
                raise NodeError(BAD_NODE_ID_UNKNOWN)
            index = self._indexes[uri]
        try:
            return ua.NodeId.from_string(f"ns={index};{parts['identifier']}")
        except UaError:
            raise NodeError(BAD_NODE_ID_INVALID) from None

    def by_uri(self, node: ua.NodeId) -> str:
        """A NodeId as text that names its namespace by URI where it has one, so that it outlives the server's order."""
        uri = self._known_uris.get(node.NamespaceIndex)
        text = node.to_string()
        if not node.NamespaceIndex or not uri or ";" in uri:
            return text
        return f"nsu={uri};{text.partition(';')[2]}"

    async def read(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        """Values with both timestamps, in batches that the server takes. Raises what a lost link raises."""
        values: list[ua.DataValue] = []
        for start in range(0, len(nodes), self._nodes_a_read):
            values += await self._read_some(nodes[start : start + self._nodes_a_read])
        return values

    async def _read_some(self, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        wanted = [ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value) for node in nodes]
        parameters = ua.ReadParameters(MaxAge=0, TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=wanted)
        asked_s = time.monotonic()
        values = await self.session.read(parameters)
        self._latency.add(time.monotonic() - asked_s)
        if len(values) != len(wanted):
            raise DoubtError(f"{len(wanted)} values were asked for, {len(values)} came")
        return values

    async def stay(self) -> None:
        """Notice within seconds that the server is gone, keep the session while nothing is published, renew the
        channel at 75 % of its life (OPC 10000-4 5.6.2.1). Ends by setting `lost`.
        """
        state = ua.NodeId(ua.Int32(ObjectIds.Server_ServerStatus_State))
        renewal = self._renewal()
        try:
            while True:
                await self._pause.wait(min(PROBE_S, renewal - time.monotonic()))
                if time.monotonic() >= renewal:
                    await self._client.open_secure_channel(renew=True)
                    self._client.uaclient.revolve_security_token()
                    renewal = self._renewal()
                await self._read_some([state])  # also takes the server over to the new keys at once
        except Exception as error:
            if not self.lost.done():
                self.lost.set_result(plain(error))

    def probe_now(self) -> bool:
        """Ask for a sign of life at once; false when it is being asked for."""
        return self._pause.end()

    def _renewal(self) -> float:
        return time.monotonic() + 0.75 * self._client.secure_channel_timeout / 1000


def _limit(value: ua.DataValue) -> int:
    number: Any = value.Value.Value if value.Value is not None else None
    return min(number, _MOST_NODES_A_CALL) if isinstance(number, int) and number > 0 else _MOST_NODES_A_CALL


def plain(error: BaseException) -> str:
    """One line of plain words for what went wrong."""
    if isinstance(error, UaStatusCodeError):
        return f"the server answered {status_name(int(error.code))}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: is the server running?"
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__


def status_of(error: BaseException) -> int:
    """The StatusCode that readings carry because of this error."""
    if isinstance(error, UaStatusCodeError):
        return int(error.code)
    if isinstance(error, NotTrustedError):
        return parse_status(error.status)
    return parse_status("BadTimeout" if isinstance(error, TimeoutError) else "BadCommunicationError")


def now_us() -> int:
    """This machine's clock: UTC us."""
    return time.time_ns() // 1000
