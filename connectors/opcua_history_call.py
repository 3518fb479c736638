"""How is the history of nodes asked of an OPC UA server? Read-only, within its limits, nothing left behind at it."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
_MOST_READ_AT_ONCE = 50
_HISTORY_READ = 0x04  # bit of AccessLevel (OPC 10000-3 8.57)
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
        now, start = await self._read([(ua.NodeId(ua.Int32(number)), AttributeIds.Value) for number in numbers])
        values = [one.Value.Value if one.Value is not None else None for one in (now, start)]
        current_us, start_us = [timestamp(one) if hasattr(one, "year") else ABSENT for one in values]
        if ABSENT in (current_us, start_us):
            raise NoHistoryError("the server does not say what time it is or when it started")
        offset_us = current_us - now_us()
        if abs(offset_us) > self._device.max_clock_error_s * US_PER_S:
            raise NoHistoryError(f"the server's clock is off by {offset_us / US_PER_S:.0f} s")
        return Clock(offset_us, start_us - offset_us)

    async def with_history(self, rows: Sequence[int]) -> set[int]:
        """Rows whose node keeps history now and lets us read it (attributes Historizing and UserAccessLevel)."""
        asked: list[tuple[ua.NodeId, AttributeIds]] = []
        unknown: list[int] = []
        for row in rows:
            if row in self._with_history:
                continue
            try:
                node = self._link.node_id(self._device.tags[row].node)
            except NodeError:
                continue
            unknown.append(row)
            asked += [(node, AttributeIds.Historizing), (node, AttributeIds.UserAccessLevel)]
        answers = await self._read(asked)
        for at, row in enumerate(unknown):
            historizing, access = [
                one.Value.Value if one.Value is not None else None for one in answers[2 * at : 2 * at + 2]
            ]
            may = isinstance(access, int) and bool(access & _HISTORY_READ)
            self._with_history[row] = historizing is True and may
        return {row for row in rows if self._with_history.get(row)}

    async def nodes_a_call(self) -> int:
        """MaxNodesPerHistoryReadData (OPC 10000-5 6.3.11); 0 or none: no limit."""
        if not self._nodes_a_call:
            number = ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerHistoryReadData
            (answer,) = await self._read([(ua.NodeId(ua.Int32(number)), AttributeIds.Value)])
            limit = answer.Value.Value if answer.Value is not None else None
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
        nodes = [
            ua.HistoryReadValueId(NodeId=self._link.node_id(self._device.tags[row].node), ContinuationPoint=point)
            for row, point in points.items()
        ]
        parameters = ua.HistoryReadParameters(
            HistoryReadDetails=details,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ReleaseContinuationPoints=release,
            NodesToRead=nodes,
        )
        return list(await self._link.session.history_read(parameters))

    async def _read(self, wanted: Sequence[tuple[ua.NodeId, AttributeIds]]) -> list[ua.DataValue]:
        found: list[ua.DataValue] = []
        for start in range(0, len(wanted), _MOST_READ_AT_ONCE):
            some = wanted[start : start + _MOST_READ_AT_ONCE]
            ids = [ua.ReadValueId(NodeId=node, AttributeId=attribute) for node, attribute in some]
            answers = await self._link.session.read(
                ua.ReadParameters(MaxAge=0, TimestampsToReturn=ua.TimestampsToReturn.Neither, NodesToRead=ids)
            )
            if len(answers) != len(ids):
                raise UaError(f"{len(ids)} values were asked for, {len(answers)} came")
            found += answers
        return found


def _values(result: ua.HistoryReadResult) -> Values:
    status = int(result.StatusCode.value)
    if result.StatusCode.is_bad():
        return Values([], refused=status)
    data = result.HistoryData
    values = list(data.DataValues or []) if isinstance(data, ua.HistoryData) else []
    return Values(values, result.ContinuationPoint or None)
