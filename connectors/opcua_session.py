"""What do we need of an OPC UA session that asyncua's does otherwise?"""

from asyncua import ua
from asyncua.client.ua_session import UaSession
from asyncua.ua.ua_binary import struct_from_binary

HISTORY_S = 20.0
"""Within which a server must answer a HistoryRead: its history may lie on a disk."""


class QuietSession(UaSession):
    """asyncua's session without asyncua's publish loop, which acknowledges before anything is stored."""

    def ensure_publish_loop(self) -> None:
        """Publishing is `opcua_publishing`'s work."""

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
