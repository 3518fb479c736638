"""What stands around the notifications of an answer to publish or republish, and where do they begin and end?

The binary encoding of PublishResponse, RepublishResponse and NotificationMessage (OPC 10000-4 5.14.5, 5.14.6, 7.26;
OPC 10000-6 5.2). Only what almost every answer is made of is understood here; of any other asyncua makes objects.
"""

import struct
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.ua.ua_binary import struct_from_binary

from connectors.opcua_octets import Octets
from connectors.opcua_values import ABSENT, timestamp

_PUBLISH, _REPUBLISH = b"\x01\x00\x3d\x03", b"\x01\x00\x43\x03"
_DATA_CHANGE = b"\x01\x00\x2b\x03\x01"
_PLAIN_HEADER = (b"\0\0\0\0\0\0\0\0\0\0\0\0", b"\0\0\0\0\0\xff\xff\xff\xff\0\0\0")
"""ServiceResult Good, no diagnostics, no or an empty string table, no additional header."""
_HEADER_BYTES, _RESULT_AT = 28, 16
_NUMBER = struct.Struct("<I")
_COUNT = struct.Struct("<i")
_MESSAGE = struct.Struct("<Iq")
_MOST_BODIES = 1000
_MOST_ITEMS = 200_000
"""Of one message: twenty times as many as are asked for, and 40 MiB of columns."""
_1601_US = 11_644_473_600_000_000


class NotUnderstoodError(Exception):
    """An answer that is none: its bytes end too early, or are no such answer."""


@dataclass(frozen=True, slots=True)
class PublishAnswer:
    """A notification message. number: its sequence number; more: the server has more to send at once. size: bytes.
    published_us: when it was made, by the server's clock [UTC us], ABSENT where it does not say.

    bodies: of its DataChangeNotifications, in order. message: the whole as objects where there is anything else in it.
    """

    subscription_id: int
    number: int
    more: bool
    size: int
    bodies: tuple[bytes, ...] = ()
    published_us: int = ABSENT
    message: ua.NotificationMessage | None = None

    @property
    def has_data(self) -> bool:
        """Whether it is no keep-alive."""
        return bool(self.bodies) or (self.message is not None and bool(self.message.NotificationData))

    @property
    def ended(self) -> int | None:
        """The StatusCode with which the server ended the subscription."""
        for data in (self.message.NotificationData or []) if self.message is not None else []:
            if isinstance(data, ua.StatusChangeNotification):
                return int(data.Status.value)
        return None


def publish_answer(octets: bytes) -> PublishAnswer:
    """The answer to a publish request. Raises NotUnderstoodError, or asyncua's error for a Bad ServiceResult."""
    try:
        found = _published(octets)
    except (struct.error, ValueError):
        found = None
    if found is not None:
        return found
    result = _objects(ua.PublishResponse, octets).Parameters
    message = result.NotificationMessage
    return PublishAnswer(
        result.SubscriptionId,
        message.SequenceNumber,
        result.MoreNotifications,
        len(octets),
        published_us=timestamp(message.PublishTime),
        message=message,
    )


def republish_answer(octets: bytes, subscription_id: int) -> PublishAnswer:
    """The answer to a republish request. Raises as `publish_answer`."""
    try:
        if octets[:4] == _REPUBLISH and octets[_RESULT_AT:_HEADER_BYTES] in _PLAIN_HEADER:
            number, published, bodies, end = _message(octets, _HEADER_BYTES)
            if end == len(octets):
                return PublishAnswer(subscription_id, number, False, len(octets), bodies, _utc_us(published))
    except (struct.error, ValueError):
        pass
    message = _objects(ua.RepublishResponse, octets).NotificationMessage
    return PublishAnswer(subscription_id, message.SequenceNumber, False, len(octets), message=message)


def as_objects(answer: PublishAnswer) -> ua.NotificationMessage:
    """The whole message as asyncua's objects. Raises NotUnderstoodError."""
    if answer.message is not None:
        return answer.message
    try:
        paid = [0]
        bodies = [Octets(body, paid=paid) for body in answer.bodies]
        changes = [struct_from_binary(ua.DataChangeNotification, body) for body in bodies]
    except Exception as error:
        raise NotUnderstoodError(str(error)) from error
    return ua.NotificationMessage(SequenceNumber=answer.number, NotificationData=changes)


def _published(octets: bytes) -> PublishAnswer | None:
    if octets[:4] != _PUBLISH or octets[_RESULT_AT:_HEADER_BYTES] not in _PLAIN_HEADER:
        return None
    (subscription_id,) = _NUMBER.unpack_from(octets, _HEADER_BYTES)
    (available,) = _COUNT.unpack_from(octets, _HEADER_BYTES + 4)
    at = _HEADER_BYTES + 8 + 4 * max(0, available)
    if at >= len(octets):
        return None
    number, published, bodies, end = _message(octets, at + 1)
    (results,) = _COUNT.unpack_from(octets, end)
    end += 4 + 4 * max(0, results)
    (diagnostics,) = _COUNT.unpack_from(octets, end)
    if diagnostics > 0 or end + 4 != len(octets):
        return None
    return PublishAnswer(subscription_id, number, octets[at] != 0, len(octets), bodies, _utc_us(published))


def _message(octets: bytes, at: int) -> tuple[int, int, tuple[bytes, ...], int]:
    """Sequence number, time of publishing, bodies and where the message ends. Raises ValueError for any other."""
    number, published = _MESSAGE.unpack_from(octets, at)
    at += _MESSAGE.size
    (count,) = _COUNT.unpack_from(octets, at)
    at += 4
    if count > _MOST_BODIES:
        raise ValueError
    bodies, items = [], 0
    for _ in range(count):
        (length,) = _COUNT.unpack_from(octets, at + 5)
        begin = at + 9
        if octets[at : at + 5] != _DATA_CHANGE or length < 0 or begin + length > len(octets):
            raise ValueError
        at = begin + length
        items += max(0, int.from_bytes(octets[begin : begin + 4], "little", signed=True))
        if items > _MOST_ITEMS:
            raise ValueError
        bodies.append(octets[begin:at])
    return number, published, tuple(bodies), at


def _utc_us(ticks: int) -> int:
    """Of a DateTime (OPC 10000-6 5.2.2.5: 100 ns since 1601)."""
    return ticks // 10 - _1601_US if ticks > 0 else ABSENT


def _objects(kind: type[Any], octets: bytes) -> Any:
    buffer = Octets(octets)
    try:
        response = struct_from_binary(kind, buffer)
    except Exception as error:  # whatever asyncua makes of bytes that are no such answer
        raise NotUnderstoodError(str(error)) from error
    response.ResponseHeader.ServiceResult.check()
    return response
