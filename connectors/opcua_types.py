"""What are an OPC UA server's types made of? Read once a link, for the tags that need it (OPC 10000-3 8.47 to 8.52)."""

import contextlib
from collections.abc import Iterable
from dataclasses import is_dataclass, replace
from enum import IntEnum
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIdNames, ObjectIds
from asyncua.ua.uaerrors import UaStatusCodeError

from config.devices import OpcUaDevice
from connectors.opcua_link import Link, NodeError, plain
from connectors.opcua_structure import Enumeration, Field, Layout, Structure, Type
from connectors.opcua_values import Decoder
from plant.status_code import parse_status
from plant.tag import Kind

_BUILT_IN = 25
_FAR = "2000000000"
_NOTHING_THERE = parse_status("BadIndexRangeNoData")
_LAYOUTS = {number: Layout(number) for number in (0, 1, 2)}


async def learn_types(link: Link, device: OpcUaDevice, decoder: Decoder) -> None:
    """Let the decoder know the types of parts of structures and the texts of enumerations, and the link which arrays
    the server takes apart itself. What the server refuses to say is noted. Raises what a lost link raises."""
    for row, part in decoder.parts.items():  # what another link knew may no longer be so
        decoder.parts[row] = replace(part, is_ranged=False, root=None, structures={})
    nodes: dict[int, ua.NodeId] = {}
    for row, tag in enumerate(device.tags):
        decoder.values[row].texts.clear()
        if tag.field or tag.index or (decoder.values[row].kind is Kind.TEXT and not tag.events):
            with contextlib.suppress(NodeError):
                nodes[row] = link.node_id(tag.node)
    if not nodes:
        return
    try:
        await _learn_ranges(link, {row: node for row, node in nodes.items() if device.tags[row].index}, device)
        await _learn_types(link, nodes, device, decoder)
    except UaStatusCodeError as error:
        link.notes.append(f"types of structures and enumerations cannot be read: {plain(error)}")


async def _learn_types(link: Link, nodes: dict[int, ua.NodeId], device: OpcUaDevice, decoder: Decoder) -> None:
    types = Types(link)
    named = await link.values_of(list(nodes.values()), AttributeIds.DataType)
    for row, data in zip(nodes, named, strict=True):
        tag, part = device.tags[row], decoder.parts.get(row)
        given = data.Value.Value if data.Value is not None else None
        root = await types.of(given) if isinstance(given, ua.NodeId) else None
        if part is None:
            decoder.values[row].texts.update(root.texts if isinstance(root, Enumeration) else {})
            continue
        is_ranged = (tag.node, tag.index) in link.ranges
        part = replace(part, is_ranged=is_ranged, root=root, structures=types.structures)
        decoder.parts[row] = part
        decoder.values[row].texts.update(part.texts())
        if tag.field and root is None:
            link.notes.append(f"{tag.name}: the server does not say how the structure of {tag.node} is made up")


async def _learn_ranges(link: Link, nodes: dict[int, ua.NodeId], device: OpcUaDevice) -> None:
    """Servers that know IndexRange have nothing far behind the end of an array; others give all of it, or refuse."""
    ranges = [",".join(_FAR for _ in (device.tags[row].index or "").split(",")) for row in nodes]
    wanted = [
        ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value, IndexRange=far)
        for node, far in zip(nodes.values(), ranges, strict=True)
    ]
    for row, data in zip(nodes, await link.read(wanted), strict=True):
        if data.StatusCode is not None and int(data.StatusCode.value) == _NOTHING_THERE:
            link.ranges.add((device.tags[row].node, device.tags[row].index))


class Types:
    """Types of a server by NodeId, each asked for once. structures: those with fields, by their binary encoding."""

    def __init__(self, link: Link) -> None:
        self.structures: dict[ua.NodeId, Structure] = {}
        self._link = link
        self._known: dict[ua.NodeId, Type] = {}

    async def of(self, node: ua.NodeId) -> Type:
        """What a data type is; None where the server does not say. Raises what a lost link raises."""
        if node in self._known:
            return self._known[node]
        if node.NamespaceIndex == 0:
            known = _of_the_standard(node.Identifier)
            if known is not None:
                return known
        (data,) = await self._link.values_of([node], AttributeIds.DataTypeDefinition)
        definition = data.Value.Value if data.Value is not None else None
        if isinstance(definition, ua.StructureDefinition):
            return await self._structure(node, definition)
        self._known[node] = None  # a type that is its own supertype ends here
        base = await self._base(node)
        if isinstance(base, Enumeration):
            self._known[node] = Enumeration(_texts(definition) or await self._texts_beside(node))
        elif base is not ua.VariantType.ExtensionObject:  # a structure without a definition stays unknown
            self._known[node] = base
        return self._known[node]

    async def _structure(self, node: ua.NodeId, definition: ua.StructureDefinition) -> Type:
        layout = _LAYOUTS.get(int(definition.StructureType))
        if layout is None:  # with subtypes in place of fields
            self._known[node] = None
            return None
        structure = self._known[node] = Structure(layout)
        if not definition.DefaultEncodingId.is_null():
            self.structures[definition.DefaultEncodingId] = structure
        for one in definition.Fields or ():
            kind = await self.of(one.DataType)
            structure.fields.append(Field(one.Name or "", kind, max(0, one.ValueRank), bool(one.IsOptional)))
        return structure

    async def _base(self, node: ua.NodeId) -> Type:
        above = await self._neighbours(node, ObjectIds.HasSubtype, ua.BrowseDirection.Inverse)
        return await self.of(above[0][1]) if above else None

    async def _texts_beside(self, node: ua.NodeId) -> dict[int, str]:
        """Texts of an enumeration of a server older than DataTypeDefinition (OPC 10000-3 5.8.3)."""
        properties = await self._neighbours(node, ObjectIds.HasProperty, ua.BrowseDirection.Forward)
        values = await self._link.values_of([found for name, found in properties if name in TEXT_PROPERTIES])
        return next((texts for texts in map(texts_of_property, values) if texts), {})

    async def _neighbours(self, node: ua.NodeId, kind: int, direction: ua.BrowseDirection) -> list[tuple[str, Any]]:
        description = ua.BrowseDescription(
            NodeId=node,
            BrowseDirection=direction,
            ReferenceTypeId=ua.NodeId(ua.Int32(kind)),
            IncludeSubtypes=False,
            NodeClassMask=ua.NodeClass.DataType | ua.NodeClass.Variable,
            ResultMask=ua.BrowseResultMask.All,
        )
        (result,) = await self._link.session.browse(ua.BrowseParameters(NodesToBrowse=[description]))
        return [
            (
                one.BrowseName.Name or "",
                ua.NodeId(one.NodeId.Identifier, one.NodeId.NamespaceIndex, one.NodeId.NodeIdType),
            )
            for one in result.References or ()
        ]


TEXT_PROPERTIES = ("EnumStrings", "EnumValues")


def texts_of_property(data: ua.DataValue) -> dict[int, str]:
    """Texts of the numbers that a property EnumStrings or EnumValues says; empty where it says none."""
    value = data.Value.Value if data.Value is not None else None
    texts: dict[int, str] = {}
    for number, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, ua.EnumValueType):
            texts[int(one.Value)] = one.DisplayName.Text or ""
        elif isinstance(one, ua.LocalizedText):
            texts[number] = one.Text or ""
    return {number: text for number, text in texts.items() if text}


def _texts(definition: Any) -> dict[int, str]:
    fields: Iterable[Any] = definition.Fields if isinstance(definition, ua.EnumDefinition) else ()
    return {int(one.Value): one.DisplayName.Text or one.Name or "" for one in fields or ()}


def _of_the_standard(number: Any) -> Type:
    """Built-in types, the abstract ones above them (OPC 10000-6 5.1.2 and 5.1.9), and classes that asyncua has."""
    if number in (ObjectIds.Number, ObjectIds.Integer, ObjectIds.UInteger):
        return ua.VariantType.Variant
    if number == ObjectIds.Enumeration:
        return Enumeration()
    if isinstance(number, int) and 0 < number <= _BUILT_IN:
        return ua.VariantType(number)
    known = getattr(ua, ObjectIdNames.get(number, ""), None)
    if isinstance(known, type) and issubclass(known, IntEnum):
        return Enumeration({int(one): one.name for one in known})
    return known if isinstance(known, type) and is_dataclass(known) else None
