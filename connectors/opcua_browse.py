"""Which variables does an OPC UA server have, and what are they worth now? (OPC 10000-4 5.9 View services)"""

import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from config.devices import OpcUaDevice
from connectors.device_health import Cause
from connectors.latency import Latency
from connectors.opcua_cause import cause_of_failure
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_connection import opened
from connectors.opcua_link import DoubtError, Link, NodeError, plain
from connectors.opcua_types import TEXT_PROPERTIES, Types, texts_of_property
from connectors.opcua_variable import Variable
from connectors.reachability import Obstacle, UnreachableError, obstacle_of
from plant.status_code import parse_status, status_name

MOST_VARIABLES = 5000
MOST_DEPTH = 12
MOST_PARTS = 1000
_UNIT = "EngineeringUnits"


@dataclass(slots=True)
class Browsed:
    """What was found. cut: what is missing of it, and why; each once."""

    variables: list[Variable] = field(default_factory=list)
    cut: dict[str, None] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether that is all there is."""
        return not self.cut


async def browsed(device: OpcUaDevice, folder: Path, under: str | None = None) -> Browsed:
    """The server's variables under a node (default: its Objects, without the server's own). Raises UnreachableError.

    folder: where trusted certificates and our own lie.
    """
    try:
        async with opened(device, folder, {}, Latency()) as link:
            start = link.node_id(under) if under else ua.NodeId(ua.Int32(ObjectIds.ObjectsFolder))
            tree = _Tree(link, everything=under is not None and start.NamespaceIndex == 0)
            await tree.walk(start)
            await tree.read_values()
            return tree.found
    except NodeError as error:
        raise UnreachableError(Obstacle.OTHER, f"{under}: {error}") from None
    except (UaError, DoubtError, NotTrustedError, OSError) as error:
        cause = cause_of_failure(error)
        raise UnreachableError(obstacle_of(cause), str(error) if cause is Cause.NOT_TRUSTED else plain(error)) from None


class _Tree:
    """Walks from node to node, each once, nearest first. everything: also what the standard itself defines."""

    def __init__(self, link: Link, everything: bool) -> None:
        self.found = Browsed()
        self._everything = everything
        self._start = ua.NodeId()
        self._link = link
        self._nodes: list[ua.NodeId] = []
        self._properties: dict[str, dict[int, ua.NodeId]] = {name: {} for name in (_UNIT, *TEXT_PROPERTIES)}

    async def walk(self, start: ua.NodeId) -> None:
        seen, self._start = {start}, start
        waiting: deque[tuple[ua.NodeId, tuple[str, ...], int | None]] = deque([(start, (), None)])
        while waiting:
            some = [waiting.popleft() for _ in range(min(len(waiting), self._link.browses.most))]
            for (_, path, row), references in zip(some, await self._references([n for n, _, _ in some]), strict=True):
                for one in references:
                    node = _local(one.NodeId)
                    if row is not None and one.BrowseName.Name in self._properties:
                        self._properties[one.BrowseName.Name][row] = node
                    if node in seen or not self._leads_on(one) or self._is_too_much(path):
                        continue
                    seen.add(node)
                    names = (*path, one.DisplayName.Text or one.BrowseName.Name or "")
                    waiting.append((node, names, self._noted(one, names)))

    def _leads_on(self, one: Any) -> bool:
        """Whether a reference leads to something of this server that may be a machine's."""
        elsewhere = getattr(one.NodeId, "ServerIndex", 0) or one.ReferenceTypeId == _HAS_PROPERTY
        return not elsewhere and (self._everything or one.NodeId.NamespaceIndex != 0)

    def _is_too_much(self, path: tuple[str, ...]) -> bool:
        if len(path) >= MOST_DEPTH:
            self.found.cut[f"what is deeper than {MOST_DEPTH} levels"] = None
        elif len(self._nodes) >= MOST_VARIABLES:
            self.found.cut[f"what comes after {MOST_VARIABLES} variables"] = None
        else:
            return False
        return True

    def _noted(self, one: Any, names: tuple[str, ...]) -> int | None:
        """Row of a variable; None for what is none."""
        if one.NodeClass != ua.NodeClass.Variable:
            return None
        node = _local(one.NodeId)
        self._nodes.append(node)
        self.found.variables.append(Variable(node.to_string(), self._link.by_uri(node), names))
        return len(self._nodes) - 1

    async def _references(self, nodes: list[ua.NodeId]) -> list[list[Any]]:
        """What each node leads to, its properties too; what a server gives in parts is put together."""
        results = await self._link.browses.in_parts(nodes, self._browse, _refused)
        points = [result.ContinuationPoint for result in results]
        try:
            found: list[list[Any]] = []
            for at, (node, result) in enumerate(zip(nodes, results, strict=True)):
                if int(result.StatusCode.value) == _NO_POINTS:  # too many parts at once: alone it has one
                    (result,) = await self._browse([node])
                    points[at] = result.ContinuationPoint
                if node == self._start:
                    result.StatusCode.check()
                found.append(list(result.References or ()))
                await self._go_on(found[-1], points, at)
            return found
        finally:
            kept = [point for point in points if point]
            if kept:  # after an error: a server has few of them
                with contextlib.suppress(Exception):
                    await self._next(kept, is_end=True)

    async def _go_on(self, references: list[Any], points: list[Any], at: int) -> None:
        """Add what else a node leads to; a server that has more for ever is left, its point for whoever releases it."""
        for _ in range(MOST_PARTS):
            if not points[at]:
                return
            (part,) = await self._next([points[at]])
            references += part.References or ()
            points[at] = part.ContinuationPoint
            if part.StatusCode.is_bad():
                self.found.cut[f"what the server did not go on with, {_name(part.StatusCode)}"] = None
                points[at] = None
        if points[at]:
            self.found.cut[f"what comes after {MOST_PARTS} parts of a list"] = None

    async def _browse(self, nodes: Sequence[ua.NodeId]) -> list[ua.BrowseResult]:
        asked = ua.BrowseParameters(NodesToBrowse=[_description(node) for node in nodes])
        results = await self._link.session.browse(asked)
        if len(results) != len(nodes):
            raise DoubtError(f"{len(nodes)} nodes were browsed, {len(results)} results came")
        return list(results)

    async def _next(self, points: list[Any], is_end: bool = False) -> list[ua.BrowseResult]:
        more = ua.BrowseNextParameters(ReleaseContinuationPoints=is_end, ContinuationPoints=points)
        return list(await self._link.session.browse_next(more))

    async def read_values(self) -> None:
        variables = self.found.variables
        for variable, data in zip(variables, await self._link.values_of(self._nodes), strict=True):
            variable.understand(data)
        for name, nodes in self._properties.items():
            for row, data in zip(nodes, await self._link.values_of(list(nodes.values())), strict=True):
                given = data.Value.Value if data.Value is not None else None
                if name in TEXT_PROPERTIES:
                    variables[row].texts = variables[row].texts or texts_of_property(data)
                elif isinstance(given, ua.EUInformation):
                    variables[row].unit = (given.DisplayName.Text or "").strip()
        types = Types(self._link)
        for variable, data in zip(
            variables, await self._link.values_of(self._nodes, AttributeIds.DataType), strict=True
        ):
            given = data.Value.Value if data.Value is not None else None
            if isinstance(given, ua.NodeId):
                variable.is_of(given, await types.of(given))


_HAS_PROPERTY = ua.NodeId(ua.Int32(ObjectIds.HasProperty))
_NO_POINTS = parse_status("BadNoContinuationPoints")


def _refused(status: int) -> ua.BrowseResult:
    return ua.BrowseResult(StatusCode=ua.StatusCode(ua.UInt32(status)))


def _name(code: ua.StatusCode) -> str:
    return status_name(int(code.value))


def _description(node: ua.NodeId) -> Any:
    return ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences)),
        IncludeSubtypes=True,
        NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
        ResultMask=ua.BrowseResultMask.All,
    )


def _local(node: ua.NodeId) -> ua.NodeId:
    """A NodeId from the expanded one of a reference."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)
