"""Which variables does an OPC UA server have, and what are they worth now? (OPC 10000-4 5.9 View services)"""

import math
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from config.devices import OpcUaDevice
from connectors.device_health import Cause
from connectors.latency import Latency
from connectors.opcua_cause import cause_of_failure
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_connection import opened
from connectors.opcua_link import DoubtError, Link, NodeError, plain
from connectors.reachability import Obstacle, UnreachableError, obstacle_of
from plant.status_code import status_name

MOST_VARIABLES = 5000
MOST_DEPTH = 12
_NODES_A_CALL = 100
_UNIT = "EngineeringUnits"


@dataclass(slots=True)
class Variable:
    """A variable: NodeId (with the namespace's index), the same by URI, names from the top, type, value now and unit.

    value is a number, text, bool or None; kind is number, whole, text, bool or other; status is a StatusCode's name.
    """

    node: str
    node_by_uri: str
    path: tuple[str, ...]
    type: str = ""
    kind: str = "other"
    value: float | int | str | bool | None = None
    status: str = ""
    unit: str = ""


@dataclass(slots=True)
class Browsed:
    """What was found; whole is False where the server has more than was asked for."""

    variables: list[Variable] = field(default_factory=list)
    whole: bool = True


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
        self._units: dict[int, ua.NodeId] = {}

    async def walk(self, start: ua.NodeId) -> None:
        seen, self._start = {start}, start
        waiting: deque[tuple[ua.NodeId, tuple[str, ...], int | None]] = deque([(start, (), None)])
        while waiting:
            some = [waiting.popleft() for _ in range(min(len(waiting), _NODES_A_CALL))]
            some = [one for one in some if len(one[1]) < MOST_DEPTH]
            for (_, path, row), references in zip(some, await self._references([n for n, _, _ in some]), strict=True):
                for one in references:
                    node = _local(one.NodeId)
                    if row is not None and one.BrowseName.Name == _UNIT:
                        self._units[row] = node
                    if node in seen or not self._leads_on(one):
                        continue
                    seen.add(node)
                    names = (*path, one.DisplayName.Text or one.BrowseName.Name or "")
                    waiting.append((node, names, self._noted(one, names)))

    def _leads_on(self, one: Any) -> bool:
        """Whether a reference leads to something of this server that may be a machine's, and not too deep."""
        elsewhere = getattr(one.NodeId, "ServerIndex", 0) or one.ReferenceTypeId == _HAS_PROPERTY
        return not elsewhere and (self._everything or one.NodeId.NamespaceIndex != 0)

    def _noted(self, one: Any, names: tuple[str, ...]) -> int | None:
        """Row of a variable; None for what is none, or comes after too many."""
        if one.NodeClass != ua.NodeClass.Variable:
            return None
        if len(self._nodes) == MOST_VARIABLES:
            self.found.whole = False
            return None
        node = _local(one.NodeId)
        self._nodes.append(node)
        self.found.variables.append(Variable(node.to_string(), self._link.by_uri(node), names))
        return len(self._nodes) - 1

    async def _references(self, nodes: list[ua.NodeId]) -> list[list[Any]]:
        """What each node leads to, its properties too; what a server gives in parts is put together."""
        asked = ua.BrowseParameters(NodesToBrowse=[_description(node) for node in nodes])
        results = await self._link.session.browse(asked)
        found: list[list[Any]] = []
        for node, result in zip(nodes, results, strict=True):
            if node == self._start:
                result.StatusCode.check()
            references = list(result.References or ())
            point = result.ContinuationPoint
            while point:
                more = ua.BrowseNextParameters(ReleaseContinuationPoints=False, ContinuationPoints=[point])
                (part,) = await self._link.session.browse_next(more)
                references += part.References or ()
                point = part.ContinuationPoint
            found.append(references)
        return found

    async def read_values(self) -> None:
        values = await self._link.values_of(self._nodes)
        for variable, data in zip(self.found.variables, values, strict=True):
            _understand(variable, data)
        units = await self._link.values_of(list(self._units.values()))
        for row, data in zip(self._units, units, strict=True):
            given = data.Value.Value if data.Value is not None else None
            if isinstance(given, ua.EUInformation):
                self.found.variables[row].unit = (given.DisplayName.Text or "").strip()


_HAS_PROPERTY = ua.NodeId(ua.Int32(ObjectIds.HasProperty))


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


def _understand(variable: Variable, data: ua.DataValue) -> None:
    variable.status = status_name(int(data.StatusCode.value)) if data.StatusCode is not None else "Good"
    variant = data.Value
    if variant is None:
        return
    variable.type = variant.VariantType.name if isinstance(variant.VariantType, ua.VariantType) else ""
    value = variant.Value
    if isinstance(value, ua.LocalizedText):
        value = value.Text
    match value:
        case bool():
            variable.kind, variable.value = "bool", value
        case int():
            variable.kind, variable.value = "whole", int(value)
        case float():
            variable.kind, variable.value = "number", value if math.isfinite(value) else None
        case str():
            variable.kind, variable.value = "text", value
