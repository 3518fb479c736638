"""What did people sign off, and when? Rows are only ever added; a revocation is a row of its own."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, insert, select

from collector.store import schema
from collector.store.chunk import ChunkError
from plant.correction import Content, Correction, Decision, LotDecision, MeterChange, OrderCancelled, Revocation
from plant.order import OrderStatus

_KINDS: dict[type[Content], str] = {
    MeterChange: "meter",
    LotDecision: "lot",
    OrderCancelled: "order",
    Revocation: "revoke",
}


def kind_of(content: Content) -> str:
    """The word by which the store and the command line name the kind of a correction."""
    return _KINDS[type(content)]


def detail(content: Content) -> dict[str, Any]:
    """What a correction says, as JSON has it: a date in ISO 8601."""
    fields = asdict(content)
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in fields.items()}


def save(connection: Connection, content: Content, recorded_us: int, by: str, reason: str) -> Correction:
    """Add a correction. The caller has made sure that it may be; its transaction makes it durable."""
    row = {
        "kind": kind_of(content),
        "recorded_us": recorded_us,
        "by": by,
        "reason": reason,
        "detail": json.dumps(detail(content), ensure_ascii=False, allow_nan=False),
    }
    table = schema.correction
    found = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
    return Correction(found, recorded_us, by, reason, content)


def all_corrections(connection: Connection) -> list[Correction]:
    """Every correction and revocation, in the order in which they were saved. Raises ChunkError for a damaged row."""
    rows = connection.execute(select(schema.correction).order_by(schema.correction.c.id))
    return [Correction(row.id, row.recorded_us, row.by, row.reason, _content(row.kind, row.detail)) for row in rows]


def _content(kind: str, text: str) -> Content:
    try:
        fields = json.loads(text)
        match kind:
            case "meter":
                return MeterChange(**fields)
            case "lot":
                return LotDecision(**{**fields, "decision": Decision(fields["decision"])})
            case "order":
                on = None if fields["on"] is None else date.fromisoformat(fields["on"])
                return OrderCancelled(**{**fields, "status": OrderStatus(fields["status"]), "on": on})
            case "revoke":
                return Revocation(**fields)
    except (ValueError, KeyError, TypeError):
        pass
    raise ChunkError("detail of a correction")
