"""How is the history of nodes asked of an OPC UA server? Read-only, within its limits, nothing left behind at it."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import (
    BadHistoryOperationUnsupported,
    BadSecureChannelClosed,
    BadServerHalted,
    BadServiceUnsupported,
    BadSessionClosed,
    BadSessionIdInvalid,
    BadShutdown,
    UaError,
    UaStatusCodeError,
)

from config.devices import OpcUaDevice
from connectors.opcua_backfill import MOST_NODES_A_CALL, Slice
from connectors.opcua_link import Link, NodeError, now_us, plain
from connectors.opcua_values import ABSENT, timestamp
from plant.instant import US_PER_S, moment
from plant.status_code import parse_status

_UTC = ZoneInfo("UTC")
_RELEASE_S = 1.0
_HISTORY_READ = 0x04  # bit of AccessLevel (OPC 10000-3 8.57)
_NOT_UNDERSTOOD = parse_status("BadDataEncodingUnsupported")
_LOST_PLACES = {parse_status("BadContinuationPointInvalid"), parse_status("BadNoContinuationPoints")}


class NoHistoryError(Exception):
    """Nothing can be filled from the server's history, and why: the gap stays as it is."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The server's clock minus ours [us], and when the server started [UTC us, our clock]."""

    offset_us: int
    up_since_us: int


@dataclass(frozen=True, slots=True)
class Values:
    """What came for one node. point: where to go on, or None. refused: the StatusCode if it was. is_fault: as a
    fault of the service, which says nothing of the node."""

    values: list[ua.DataValue]
    point: bytes | None = None
    refused: int | None = None
    is_fault: bool = False

    @property
    def lost_its_place(self) -> bool:
        """Whether the server has no continuation point for it."""
        return self.refused in _LOST_PLACES


class HistoryCalls:
    """Calls over one link. Raises what a lost link raises, and asyncua's UaError."""

    def __init__(self, link: Link, device: OpcUaDevice) -> None:
        self._link = link
        self._device = device
        self._with_history: dict[int, bool] = {}
        self._nodes_a_call = 0

    async def clock(self) -> Clock:
        """Raises NoHistoryError if the server's times cannot be compared with ours, or it does not say since when it
        runs."""
        numbers = (ObjectIds.Server_ServerStatus_CurrentTime, ObjectIds.Server_ServerStatus_StartTime)
        values = [_content(one) for one in await self._link.values_of([_standard(number) for number in numbers])]
        current_us, start_us = [timestamp(one) if isinstance(one, datetime) else ABSENT for one in values]
        if ABSENT in (current_us, start_us):
            raise NoHistoryError("the server does not say what time it is or when it started")
        offset_us = current_us - now_us()
        if abs(offset_us) > self._device.max_clock_error_s * US_PER_S:
            raise NoHistoryError(f"the server's clock is off by {offset_us / US_PER_S:.0f} s")
        return Clock(offset_us, start_us - offset_us)

    async def with_history(self, rows: Sequence[int]) -> set[int]:
        """Rows whose node keeps history now and lets us read it (attributes Historizing and UserAccessLevel)."""
        nodes: dict[int, ua.NodeId] = {}
        for row in rows:
            if row not in self._with_history:
                with contextlib.suppress(NodeError):
                    nodes[row] = self._link.node_id(self._device.tags[row].node)
        historizing = await self._link.values_of(list(nodes.values()), AttributeIds.Historizing)
        access = await self._link.values_of(list(nodes.values()), AttributeIds.UserAccessLevel)
        for row, keeps, may in zip(nodes, map(_content, historizing), map(_content, access), strict=True):
            self._with_history[row] = keeps is True and isinstance(may, int) and bool(may & _HISTORY_READ)
        return {row for row in rows if self._with_history.get(row)}

    async def nodes_a_call(self) -> int:
        """MaxNodesPerHistoryReadData (OPC 10000-5 6.3.11); 0 or none: no limit."""
        if not self._nodes_a_call:
            number = ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData
            (limit,) = [_content(one) for one in await self._link.values_of([_standard(number)])]
            self._nodes_a_call = limit if isinstance(limit, int) and limit > 0 else MOST_NODES_A_CALL
        return self._nodes_a_call

    async def read(self, asked: Slice) -> list[Values] | None:
        """What came for each row; None when several were more than the server takes at once, or one made all fail."""
        try:
            results = await self._history_read(asked, dict(zip(asked.rows, asked.points, strict=True)))
        except (BadServiceUnsupported, BadHistoryOperationUnsupported) as error:
            self._with_history = dict.fromkeys(range(len(self._device.tags)), False)
            raise NoHistoryError("the server has no history") from error
        except (BadSessionIdInvalid, BadSessionClosed, BadSecureChannelClosed, BadServerHalted, BadShutdown) as error:
            raise ConnectionError(plain(error)) from error
        except UaStatusCodeError as error:  # one node may make the whole call fail: which one?
            return None if len(asked.rows) > 1 else [Values([], refused=int(error.code), is_fault=True)]
        if len(results) != len(asked.rows):
            raise UaError(f"the history of {len(asked.rows)} nodes was asked for, that of {len(results)} came")
        return [_values(result) for result in results]

    async def release(self, points: Mapping[int, bytes]) -> None:
        """Give back continuation points; a server that does not take them forgets them by itself."""
        if points and not self._link.lost.done():
            with contextlib.suppress(Exception):  # whatever it says: they are of no more use
                async with asyncio.timeout(_RELEASE_S):
                    await self._history_read(Slice((), (), 0, 0, 0), points, release=True)

    async def _history_read(
        self, asked: Slice, points: Mapping[int, bytes | None], release: bool = False
    ) -> list[ua.HistoryReadResult]:
        details = ua.ReadRawModifiedDetails(
            IsReadModified=False,
            StartTime=moment(asked.start_us, _UTC),
            EndTime=moment(asked.end_us, _UTC),
            NumValuesPerNode=asked.values_a_node,
            ReturnBounds=False,
        )
        wanted = [self._link.wanted(self._device.tags[row]) for row in points]
        nodes = [
            ua.HistoryReadValueId(NodeId=one.NodeId, IndexRange=one.IndexRange, ContinuationPoint=point)
            for one, point in zip(wanted, points.values(), strict=True)
        ]
        parameters = ua.HistoryReadParameters(
            HistoryReadDetails=details,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ReleaseContinuationPoints=release,
            NodesToRead=nodes,
        )
        return list(await self._link.session.history_read(parameters))


def _standard(number: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(number))


def _content(data: ua.DataValue) -> Any:
    return data.Value.Value if data.Value is not None else None


def _values(result: ua.HistoryReadResult) -> Values:
    status = int(result.StatusCode.value)
    if result.StatusCode.is_bad():
        return Values([], refused=status)
    data = result.HistoryData
    if data is None or (isinstance(data, ua.ExtensionObject) and data.TypeId.is_null()):  # nothing in that time
        return Values([], result.ContinuationPoint or None)
    if not isinstance(data, ua.HistoryData):
        return Values([], refused=_NOT_UNDERSTOOD)
    return Values(list(data.DataValues or []), result.ContinuationPoint or None)
