"""How does a plant's report become bytes that nobody can change, and how are such bytes read?

An event is plain JSON data (dict). Signature and hash are over its canonical form (RFC 8785), so that every reader and
every store may write it in its own way.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from kpi.report_schema import TYPE, Report
from kpi.strict_json import JsonError, require_portable, strict_json
from plant.instant import format_instant, parse_instant
from plant.period import Period

MOST_BYTES = 128 * 1024
"""Most bytes of a report's canonical form."""

Event = dict[str, Any]


class ReportError(ValueError):
    """Something is not a report that can be taken; the message says why."""


def report_id(plant: str, period: Period, revision: int) -> str:
    """Identity of a report: plant, kind and label of the period, revision.

    >>> from plant.period import PeriodKind
    >>> report_id("kr-ansan-0421", Period(PeriodKind.SHIFT, "2026-11-21/day", 0, 1), 1)
    'kr-ansan-0421/shift/2026-11-21/day/1'
    """
    return f"{plant}/{subject(period)}/{revision}"


def subject(period: Period) -> str:
    """What a report is about: day/2026-11-21, month/2026-11."""
    return f"{period.kind.value}/{period.label}"


def unsigned_event(
    *,
    plant: str,
    programme: str,
    period: Period,
    zone: ZoneInfo,
    revision: int,
    state: str,
    created_us: int,
    epoch: int,
    sequence: int,
    previous: str,
    values: Iterable[Mapping[str, Any]],
    ledger: Mapping[str, Any],
    site_sha256: str,
) -> Event:
    """The event of one report, without signature; its parts are checked by `sign`.

    values: as KpiValue.as_json gives them; those without a source are left out, and all get the report's revision and
    state. ledger: expected (None for subscriptions), received, stored, gap_s. previous: event_sha256 of the one before.
    """
    common = {"revision": revision, "state": state}
    return {
        "specversion": "1.0",
        "id": report_id(plant, period, revision),
        "source": f"/{programme}/{plant}",
        "type": TYPE,
        "time": format_instant(created_us, zone),
        "subject": subject(period),
        "epoch": epoch,
        "sequence": sequence,
        "previous": previous,
        "data": {
            "period": _period(period, zone),
            **common,
            "values": [{**value, **common} for value in values if value["reason"] != "no_source"],
            "ledger": dict(ledger),
            "site_sha256": site_sha256,
        },
    }


def _period(period: Period, zone: ZoneInfo) -> Event:
    bounds = {"start": format_instant(period.start_us, zone), "end": format_instant(period.end_us, zone)}
    return {"kind": period.kind.value, "label": period.label, **bounds}


def canonical(event: Mapping[str, Any]) -> bytes:
    """The canonical form (RFC 8785). Raises ReportError for what is not plain JSON or has numbers out of range."""
    try:
        require_portable(event)
        return rfc8785.dumps(dict(event))
    except (JsonError, rfc8785.CanonicalizationError) as error:
        raise ReportError(str(error)) from None


def sign(event: Mapping[str, Any], private_key: Ed25519PrivateKey) -> Event:
    """The event with its signature, ready to send.

    Raises ReportError, before anything is stored, for an event that is not a report or is larger than MOST_BYTES.
    """
    plain = _unsigned(event)
    signature = base64.b64encode(private_key.sign(canonical(plain))).decode()
    signed = {**plain, "signature": signature}
    checked(signed)
    return signed


def verify(event: Mapping[str, Any], public_key: Ed25519PublicKey) -> bool:
    """Whether the signature is by this key and over exactly this event."""
    try:
        written = str(event.get("signature", ""))
        signature = base64.b64decode(written, validate=True)
        if base64.b64encode(signature).decode() != written:  # unused bits would give one report two hashes
            return False
        public_key.verify(signature, canonical(_unsigned(event)))
    except (InvalidSignature, ReportError, binascii.Error, ValueError):
        return False
    return True


def event_sha256(event: Mapping[str, Any]) -> str:
    """SHA-256, hex, of the canonical form, signature included: the next event's `previous`, and what acks name."""
    return hashlib.sha256(canonical(event)).hexdigest()


def to_payload(event: Mapping[str, Any]) -> bytes:
    """The bytes to send: the canonical form. Raises ReportError above MOST_BYTES."""
    payload = canonical(event)
    if len(payload) > MOST_BYTES:
        raise ReportError(f"is larger than {MOST_BYTES} bytes: {len(payload)}")
    return payload


def from_payload(payload: bytes) -> tuple[Event, Report]:
    """The event that bytes hold, as plain data to verify and as a report to use. Raises ReportError alone.

    MOST_BYTES is checked of these bytes; of the canonical form by who makes it.
    """
    try:
        event = strict_json(payload, MOST_BYTES)
    except JsonError as error:
        raise ReportError(str(error)) from None
    if not isinstance(event, dict):
        raise ReportError("is not a JSON object")
    return event, _shaped(event)


def checked(event: Mapping[str, Any]) -> Report:
    """The report that an event is. Raises ReportError for a wrong shape or size, or parts in contradiction."""
    to_payload(event)
    return _shaped(event)


def _shaped(event: Mapping[str, Any]) -> Report:
    try:
        report = Report.model_validate(dict(event))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:120]
        raise ReportError(f"{where}: {first['msg']}") from None
    fault = _contradiction(report)
    if fault:
        raise ReportError(fault)
    return report


def _contradiction(report: Report) -> str | None:
    period = report.data.period
    about = f"{period.kind}/{period.label}"
    if report.subject != about:
        return "subject: is not that of data.period"
    if report.id != f"{report.plant}/{about}/{report.data.revision}":
        return "id: is not that of source, data.period and data.revision"
    try:
        parse_instant(report.time)
        if parse_instant(period.start) >= parse_instant(period.end):
            return "data.period: must end after it starts"
    except (ValueError, OverflowError):
        return "time: no such instant"
    named = [(value.kpi, value.scope) for value in report.data.values]
    if len(set(named)) != len(named):
        return "data.values: a KPI of a scope stands twice"
    return None


def public_key(text: str) -> Ed25519PublicKey:
    """The key of 32 bytes in base64, as `smartwings init` prints it. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))


def _unsigned(event: Mapping[str, Any]) -> Event:
    return {key: value for key, value in event.items() if key != "signature"}
