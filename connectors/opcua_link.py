"""What is asked of an OPC UA server over an open session: its namespaces and limits, values, whether it is there?"""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from config.devices import OpcUaDevice
from config.tags import OpcUaTag
from connectors.device_health import Cause, cause_of
from connectors.latency import Latency
from connectors.opcua_call_size import MOST_A_CALL, CallSize
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_product import Product, items_a_call, transfers
from connectors.opcua_session import QuietSession
from connectors.opcua_values import ABSENT, timestamp
from connectors.pause import Pause
from plant.status_code import parse_status, status_name

PROBE_S = 5.0

BAD_NODE_ID_UNKNOWN = parse_status("BadNodeIdUnknown")
BAD_NODE_ID_INVALID = parse_status("BadNodeIdInvalid")

_MOST_BROWSED_A_CALL = 100
_LEARNED = (
    ObjectIds.Server_NamespaceArray,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerBrowse,
    ObjectIds.Server_ServerStatus_BuildInfo_ProductUri,
    ObjectIds.Server_ServerStatus_BuildInfo_ManufacturerName,
    ObjectIds.Server_ServerStatus_BuildInfo_ProductName,
)

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

    latency: gets how long each answer to a Read took. ranges: node and index of tags whose element the server itself
    picks from the array. notes: what is to be said of the server. keeps_subscription:
    whether its subscription is to outlive it.
    """

    def __init__(self, client: Client, known_uris: dict[int, str], latency: Latency) -> None:
        self._client = client
        self._known_uris, self._latency, self._pause = known_uris, latency, Pause()
        self._indexes: Mapping[str, int] = {}
        self.reads, self.items, self.browses = CallSize(), CallSize(), CallSize()
        self.ranges: set[tuple[str, str | None]] = set()
        self.notes: list[str] = []
        self.keeps_subscription = False
        self.session = cast(QuietSession, client.uaclient.session)  # `opened` put it there
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def learn(self, device: OpcUaDevice) -> None:
        """Read the server's namespaces and limits (OPC 10000-5 6.3.11; 0 or none: no limit), and what it is.

        What a device's `max_nodes_per_read` and `max_items_per_call` say takes the place of what is known of the
        product; nothing goes beyond what the server says.
        """
        values = await self.values_of([ua.NodeId(ua.Int32(number)) for number in _LEARNED])
        namespaces, reads, items, browses, *product = [one.Value.Value if one.Value else None for one in values]
        known = Product(*(text if isinstance(text, str) else "" for text in product))
        bearable = items_a_call(known)
        self.session.can_transfer = transfers(known)
        self.reads.most = min(self.reads.most, _limit(reads), device.max_nodes_per_read or MOST_A_CALL)
        self.items.most = min(_limit(items), device.max_items_per_call or bearable or MOST_A_CALL)
        self.browses.most = min(_limit(browses), _MOST_BROWSED_A_CALL)
        uris = namespaces if isinstance(namespaces, list) else []
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

    def wanted(self, tag: OpcUaTag) -> ua.ReadValueId:
        """What to ask for to get a tag's value, or to hear of its node's events. Raises NodeError."""
        if tag.events:
            return ua.ReadValueId(NodeId=self.node_id(tag.node), AttributeId=AttributeIds.EventNotifier)
        wanted = ua.ReadValueId(NodeId=self.node_id(tag.node), AttributeId=AttributeIds.Value)
        if (tag.node, tag.index) in self.ranges:
            wanted.IndexRange = tag.index
        return wanted

    async def read(self, wanted: Sequence[ua.ReadValueId]) -> list[ua.DataValue]:
        """Values with both timestamps, in calls that the server takes. Raises what a lost link raises."""
        return await self.reads.in_parts(wanted, self._read_some, _refused)

    async def values_of(
        self, nodes: Sequence[ua.NodeId], attribute: AttributeIds = AttributeIds.Value
    ) -> list[ua.DataValue]:
        """An attribute of each node, read as in `read`."""
        return await self.read([ua.ReadValueId(NodeId=node, AttributeId=attribute) for node in nodes])

    async def _read_some(self, wanted: Sequence[ua.ReadValueId]) -> list[ua.DataValue]:
        parameters = ua.ReadParameters(
            MaxAge=0, TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=list(wanted)
        )
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
                await self.values_of([state])  # also takes the server over to the new keys at once
        except Exception as error:
            if not self.lost.done():
                self.lost.set_result(plain(error))

    async def started(self) -> str:
        """When the server says that it was started; empty where it does not say, or always the beginning of all times.
        Its numbers begin anew then."""
        (value,) = await self.values_of([ua.NodeId(ua.Int32(ObjectIds.Server_ServerStatus_StartTime))])
        started = value.Value.Value if value.Value is not None else None
        return str(started) if isinstance(started, datetime) and timestamp(started) != ABSENT else ""

    def probe_now(self) -> bool:
        """Ask for a sign of life at once; false when it is being asked for."""
        return self._pause.end()

    def _renewal(self) -> float:
        return time.monotonic() + 0.75 * self._client.secure_channel_timeout / 1000


def _limit(number: Any) -> int:
    return min(number, MOST_A_CALL) if isinstance(number, int) and number > 0 else MOST_A_CALL


def _refused(status: int) -> ua.DataValue:
    return ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(status)))


_OF_CAUSE = {
    Cause.UNKNOWN_NAME: "the name is not known to the network",
    Cause.NO_ROUTE: "the network has no way to this address",
}


def plain(error: BaseException) -> str:
    """One line of plain words for what went wrong."""
    if isinstance(error, UaStatusCodeError):
        return f"the server answered {status_name(int(error.code))}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: is the server running?"
    said = _OF_CAUSE.get(cause_of(error))
    if said is not None:
        return said
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
