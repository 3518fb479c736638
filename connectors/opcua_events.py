"""What is asked of an OPC UA notifier, and how is an event of it a text? (OPC 10000-4 7.22.3; OPC 10000-5 6.4.2)

Events are taken as they come. Conditions that were active before are not known: to be told of them, a client must call
ConditionRefresh, a method, and Smart Wings calls none.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from plant.status_code import is_bad, parse_status

_FIELDS = (("EventType",), ("SourceName",), ("Time",), ("ReceiveTime",), ("Message",), ("ActiveState", "Id"))
_OVERFLOW_TYPE = ua.NodeId(ua.Int32(ObjectIds.EventQueueOverflowEventType))
_OVERFLOWED = 0x0480  # a DataValue whose queue overflowed (OPC 10000-4 7.39.1)
_LONGEST = 1000
NO_EVENT_YET = parse_status("BadWaitingForInitialData")
_NOT_SUPPORTED = parse_status("BadNotSupported")


def event_filter() -> ua.EventFilter:
    """The fields of an event that are asked for, of all events of the notifier."""
    clauses = [
        ua.SimpleAttributeOperand(
            TypeDefinitionId=ua.NodeId(ua.Int32(_type_with(path))),
            BrowsePath=[ua.QualifiedName(name) for name in path],
            AttributeId=AttributeIds.Value,
        )
        for path in _FIELDS
    ]
    return ua.EventFilter(SelectClauses=clauses, WhereClause=ua.ContentFilter())


def _type_with(path: tuple[str, ...]) -> int:
    return ObjectIds.AlarmConditionType if path[0] == "ActiveState" else ObjectIds.BaseEventType


def notifies(data: ua.DataValue) -> int:
    """StatusCode of a tag with events when it is read: BadWaitingForInitialData where its node's EventNotifier says
    that it reports events (OPC 10000-3 5.5.1), BadNotSupported where not, else what the server answered."""
    given = int(data.StatusCode.value) if data.StatusCode is not None else 0
    if is_bad(given):
        return given
    bits = data.Value.Value if data.Value is not None else None
    return NO_EVENT_YET if isinstance(bits, int) and bits & 1 else _NOT_SUPPORTED


def items_of(message: ua.NotificationMessage) -> Iterable[ua.MonitoredItemNotification]:
    """What a message says of each item, an event as a DataValue with its text."""
    for data in message.NotificationData or ():
        if isinstance(data, ua.DataChangeNotification):
            yield from data.MonitoredItems
        elif isinstance(data, ua.EventNotificationList):
            for event in data.Events:
                yield ua.MonitoredItemNotification(event.ClientHandle, text_of(event.EventFields))


def text_of(fields: Sequence[ua.Variant]) -> ua.DataValue:
    """`SourceName: Message` with the event's Time; an alarm that ended says so. ReceiveTime is the server's clock.

    An event that says that others were lost has the overflow bit. Fields that the server lacks are left out.
    """
    values: list[Any] = [field.Value if isinstance(field, ua.Variant) else None for field in fields]
    values += [None] * (len(_FIELDS) - len(values))
    kind, source, time, received, message, is_active = values[: len(_FIELDS)]
    words = message.Text if isinstance(message, ua.LocalizedText) else message
    said = ": ".join(str(part)[:_LONGEST] for part in (source, words) if part) or "event without a message"
    if is_active is False:
        said += " (ended)"
    return ua.DataValue(
        ua.Variant(said, ua.VariantType.String),
        ua.StatusCode(ua.UInt32(_OVERFLOWED if kind == _OVERFLOW_TYPE else 0)),
        SourceTimestamp=_moment(time),
        ServerTimestamp=_moment(received),
    )


def _moment(value: Any) -> Any:
    return value if isinstance(value, datetime) else None
