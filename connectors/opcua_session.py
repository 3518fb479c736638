"""What do we need of an OPC UA session that asyncua's does otherwise?"""

from typing import Any

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary
from asyncua.ua.uaerrors import BadNotImplemented, BadNotSupported, BadServiceUnsupported, UaError

from connectors.opcua_transport import FrameError

HISTORY_S = 20.0
"""Within which a server must answer a HistoryRead: its history may lie on a disk."""

# what is asked for; an answer's results are counted before anything is made of them
_ASKED: dict[type[Any], str] = {
    ua.ReadRequest: "NodesToRead",
    ua.HistoryReadRequest: "NodesToRead",
    ua.BrowseRequest: "NodesToBrowse",
    ua.BrowseNextRequest: "ContinuationPoints",
    ua.CreateMonitoredItemsRequest: "ItemsToCreate",
    ua.DeleteMonitoredItemsRequest: "MonitoredItemIds",
}


class QuietSession(UaSession):
    """asyncua's session without asyncua's publish loop, which acknowledges before anything is stored.

    can_transfer: false once the server refused to know TransferSubscriptions.
    """

    can_transfer = True

    def ensure_publish_loop(self) -> None:
        """Publishing is `opcua_publishing`'s work."""

    async def _send_request(self, request: Any, *how: Any, **more: Any) -> Buffer:
        answer = await super()._send_request(request, *how, **more)
        asked = _ASKED.get(type(request))
        if asked is not None:
            expected, came = len(getattr(request.Parameters, asked)), _results(answer)
            if came > expected:
                raise FrameError(f"{expected} results were asked for, {came} came")
        return answer

    async def take_over(self, subscription_id: int) -> list[int] | None:
        """TransferSubscriptions (OPC 10000-4 5.14.7): have a subscription of another session, of before a cut, as ours.

        Numbers of the messages that the server can send again; None where it has it no more, or does not transfer
        (`can_transfer`).
        """
        wanted = ua.TransferSubscriptionsParameters(SubscriptionIds=[ua.UInt32(subscription_id)])
        try:
            (result,) = await self.transfer_subscriptions(wanted)
        except (BadServiceUnsupported, BadNotImplemented, BadNotSupported):
            self.can_transfer = False
            return None
        except (UaError, ValueError):
            return None
        return list(result.AvailableSequenceNumbers or []) if result.StatusCode.is_good() else None

    async def publish_raw(self, acknowledgements: list[ua.SubscriptionAcknowledgement]) -> bytes:
        """The bytes of the answer to a publish request, its TypeId first. Raises what a ServiceFault says."""
        request = ua.PublishRequest()
        request.Parameters.SubscriptionAcknowledgements = acknowledgements
        return bytes(await self._send_request(request, timeout=0))

    async def republish_raw(self, subscription_id: int, number: int) -> bytes:
        """As `publish_raw`, of a republish request for the message with this number."""
        request = ua.RepublishRequest()
        request.Parameters.SubscriptionId = subscription_id
        request.Parameters.RetransmitSequenceNumber = number
        return bytes(await self._send_request(request))

    async def history_read(self, params: ua.HistoryReadParameters) -> list[ua.HistoryReadResult]:
        """HistoryRead (OPC 10000-4 5.11.3), with more patience than for other services."""
        request = ua.HistoryReadRequest(Parameters=params)
        response = struct_from_binary(ua.HistoryReadResponse, await self._send_request(request, timeout=HISTORY_S))
        response.ResponseHeader.ServiceResult.check()
        return response.Results


def _results(answer: Buffer) -> int:
    """How many results an answer states, behind its TypeId and ResponseHeader."""
    octets = answer.copy()
    nodeid_from_binary(octets)
    struct_from_binary(ua.ResponseHeader, octets)
    return int.from_bytes(octets.read(4), "little", signed=True) if octets else 0
