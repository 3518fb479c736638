"""What does an OPC UA server of the simulated plant tell? Each change once, with the instant at which it was seen."""

import asyncio
import dataclasses
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from asyncua import ua
from asyncua.server.server import Server

from config.devices import OpcUaDevice
from config.tags import OpcUaTag
from simulators.certificate import key_pair, offer_trust
from simulators.clock import PlantClock, wall_clock_us
from simulators.scene import Scene, Source
from simulators.truth import Seen, Show

_TYPES = {
    "uint32": ua.VariantType.UInt32,
    "int32": ua.VariantType.Int32,
    "float64": ua.VariantType.Double,
    "string": ua.VariantType.String,
}
_POLICIES = {
    "none": ua.SecurityPolicyType.NoSecurity,
    "Basic256Sha256": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    "Aes128-Sha256-RsaOaep": ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    "Aes256-Sha256-RsaPss": ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
}
_EPOCH = ua.DateTime(1970, 1, 1, tzinfo=UTC)


class _Variable:
    """A tag as a node of the server. shown: the device's number or text that was written last."""

    def __init__(self, source: Source, node: ua.NodeId) -> None:
        self.source = source
        self.node = node
        self.shown: Any = None
        self._written = ua.DataValue()

    def data_value(self, given: Any, source_us: int) -> ua.DataValue:
        """What to write for a number or text as of an instant."""
        kind = _TYPES[self.source.number_type]
        value = int(given) if kind in (ua.VariantType.UInt32, ua.VariantType.Int32) else given
        return ua.DataValue(
            ua.Variant(value, kind),
            StatusCode=ua.StatusCode(),
            SourceTimestamp=_date_time(source_us),
            ServerTimestamp=_date_time(wall_clock_us()),
        )

    def keep(self, _node: object, _attribute: object, written: ua.DataValue) -> None:
        self._written = written

    def read(self, _node: object, _attribute: object) -> ua.DataValue:
        # The time of the read, not of the write: a reader judges the server's clock by it (OPC 10000-4 7.11.4).
        return dataclasses.replace(self._written, ServerTimestamp=_date_time(wall_clock_us()))


def _date_time(us: int) -> ua.DateTime:
    return _EPOCH + timedelta(microseconds=us)


class OpcUaMachine:
    """One OPC UA server. Values are looked at once every sampling interval and written when they have changed."""

    def __init__(self, device: OpcUaDevice, folder: Path, scene: Scene, clock: PlantClock, show: Show) -> None:
        self._device = device
        self._folder = folder
        self._sources = [scene.source(tag) for tag in device.tags]
        self._clock = clock
        self._show = show
        self._server = Server()
        self._variables: list[_Variable] = []
        self._refreshing: asyncio.Task[None] | None = None
        self.notes: list[str] = []

    async def start(self) -> None:
        """Begin to listen, every node with its first value. Raises OSError, also for files of the certificate."""
        server, device = self._server, self._device
        await server.init()
        address = urlsplit(device.endpoint)
        server.set_endpoint(device.endpoint)
        server.socket_address = (address.hostname or "127.0.0.1", address.port or 4840)
        server.set_server_name(f"simulated {device.id}")
        uri = f"urn:smartwings:simulated:{device.id}"
        await server.set_application_uri(uri)
        tokens: list[type] = [ua.AnonymousIdentityToken]
        server.set_identity_tokens([*tokens, ua.UserNameIdentityToken] if device.username else tokens)
        server.set_security_policy([_POLICIES[device.security]])
        if device.security != "none":
            certificate, key = key_pair(self._folder, device.id, uri)
            await server.load_certificate(certificate, "PEM")
            await server.load_private_key(key, format="PEM")
            if not offer_trust(self._folder, device.id, certificate):
                self.notes.append(
                    f"trusted/{device.id}.der holds another certificate; a collector will refuse this one"
                )
        await self._add_variables()
        await self._refresh()
        await server.start()
        self._refreshing = asyncio.create_task(self._refresh_for_ever(), name=f"simulated {device.id}")

    @property
    def refreshing(self) -> "asyncio.Task[None] | None":
        """Ends only with an error."""
        return self._refreshing

    async def stop(self) -> None:
        """Stop listening. Raises what ended the refreshing, if anything did."""
        try:
            if self._refreshing is not None:
                self._refreshing.cancel()
                await asyncio.wait([self._refreshing])
                if not self._refreshing.cancelled():
                    self._refreshing.result()
        finally:
            await self._server.stop()

    async def _add_variables(self) -> None:
        nodes = [await self._node_id(source.tag) for source in self._sources if isinstance(source.tag, OpcUaTag)]
        parent = await self._server.nodes.objects.add_object(
            ua.NodeId(ua.String(f"device {self._device.id}"), ua.Int16(1)), ua.QualifiedName(self._device.id, 1)
        )
        for source, node in zip(self._sources, nodes, strict=True):
            kind = _TYPES[source.number_type]
            name = ua.QualifiedName(source.tag.name, node.NamespaceIndex)
            try:
                await parent.add_variable(node, name, "" if kind is ua.VariantType.String else 0, kind)
            except ua.uaerrors.BadNodeIdExists:
                self.notes.append(f"{source.tag.name}: another tag or the server itself has this node already")
                continue
            variable = _Variable(source, node)
            self._server.set_attribute_value_setter(node, variable.keep)
            self._server.set_attribute_value_callback(node, variable.read)
            self._variables.append(variable)

    async def _node_id(self, tag: OpcUaTag) -> ua.NodeId:
        node = ua.NodeId.from_string(tag.node)
        if isinstance(node, ua.ExpandedNodeId) and node.NamespaceUri:
            index = await self._server.register_namespace(node.NamespaceUri)
            return ua.NodeId(node.Identifier, ua.Int16(index))
        while len(await self._server.get_namespace_array()) <= node.NamespaceIndex:
            have = len(await self._server.get_namespace_array())
            await self._server.register_namespace(f"urn:smartwings:simulated:namespace:{have}")
        return node

    async def _refresh_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        interval_s = self._device.sampling_ms / 1000
        due = loop.time()
        while True:
            due = max(due + interval_s, loop.time())  # what was missed is not made up for
            await asyncio.sleep(due - loop.time())
            await self._refresh()

    async def _refresh(self) -> None:
        now_us = self._clock.now_us()
        times_us = np.array([now_us], dtype=np.int64)
        changed: list[tuple[_Variable, Any]] = []
        seen: list[Seen] = []
        for variable in self._variables:
            given = variable.source.given(times_us)
            value = given[0].item()
            if value != variable.shown:
                changed.append((variable, value))
                seen.append((now_us, variable.source.tag.name, variable.source.read(given)[0].item()))
        if not changed:
            return
        self._show(seen)
        for variable, value in changed:
            await self._server.write_attribute_value(variable.node, variable.data_value(value, now_us))
            variable.shown = value
