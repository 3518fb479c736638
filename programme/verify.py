"""May a report be taken? Topic, size, form, plant, key and signature must all agree."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kpi.report import MOST_BYTES, ReportError, event_sha256, from_payload, to_payload, verify
from kpi.report_schema import Report
from kpi.strict_json import JsonError, strict_json
from plant.topic import Channel, plant_of


class Refusal(StrEnum):
    """Why a report is not taken; an ack's reason begins with it."""

    TOPIC = "topic"
    SIZE = "size"
    FORM = "form"
    UNKNOWN_PLANT = "unknown_plant"
    FOREIGN = "foreign"
    SIGNATURE = "signature"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report that is proven to be the plant's; its canonical form, and the SHA-256 of that."""

    report: Report
    form: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that are not taken. plant: by the topic, None where it names none. enrolled: whether that plant is ours.

    id: what the bytes call themselves, where they can be read. sha256: of the canonical form, else of the bytes.
    """

    plant: str | None
    enrolled: bool
    id: str | None
    sha256: str
    refusal: Refusal
    detail: str

    @property
    def reason(self) -> str:
        """The reason as an ack gives it."""
        text = f"{self.refusal.value}: {self.detail}"[:300]
        return "".join(letter if letter.isprintable() else "?" for letter in text)


def verified(
    topic: str, payload: bytes, programme: str, keys: Mapping[str, Ed25519PublicKey | None]
) -> Accepted | Rejected:
    """Whether bytes under a topic are a report of the plant that the topic names. Never raises.

    keys: every enrolled plant with the key of its reports, None where none is known yet.
    """
    plant = plant_of(topic, programme, Channel.REPORT)

    def rejected(refusal: Refusal, detail: str) -> Rejected:
        id_, sha256 = _named(payload)
        return Rejected(plant, plant in keys, id_, sha256, refusal, detail)

    if plant is None:
        return rejected(Refusal.TOPIC, "is not that of a plant of this programme")
    if len(payload) > MOST_BYTES:
        return rejected(Refusal.SIZE, f"{len(payload)} bytes, at most {MOST_BYTES} are taken")
    try:
        event, report = from_payload(payload)
    except ReportError as error:
        return rejected(Refusal.FORM, str(error))
    if (report.programme, report.plant) != (programme, plant):
        return rejected(Refusal.FOREIGN, f"source {report.source} does not belong under this topic")
    if plant not in keys:
        return rejected(Refusal.UNKNOWN_PLANT, "is not enrolled in this programme")
    key = keys[plant]
    if key is None:
        return rejected(Refusal.UNKNOWN_PLANT, "has no public key in the programme's list")
    if not verify(event, key):
        return rejected(Refusal.SIGNATURE, "is not by the plant's key over this report")
    try:
        form = to_payload(event)
    except ReportError as error:
        return rejected(Refusal.SIZE, str(error))
    return Accepted(report, form, hashlib.sha256(form).hexdigest())


def _named(payload: bytes) -> tuple[str | None, str]:
    sha256 = hashlib.sha256(payload).hexdigest()
    try:
        event: Any = strict_json(payload, MOST_BYTES)
        if not isinstance(event, dict):
            return None, sha256
        id_ = event.get("id")
        readable = isinstance(id_, str) and len(id_) <= 250 and id_.isprintable()
        return id_ if readable else None, event_sha256(event)
    except (JsonError, ReportError):
        return None, sha256
