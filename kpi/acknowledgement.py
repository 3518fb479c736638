"""What does the programme answer to a report, and what does a plant say of itself?"""

from typing import Annotated, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from kpi.report import ReportError
from kpi.report_schema import Sha256, Shape, Text, Time
from kpi.strict_json import JsonError, strict_json

MOST_ACK_BYTES = 16 * 1024
SequenceNumber = Annotated[int, Field(ge=0, lt=2**31)]


S = TypeVar("S", bound=Shape)


class Ack(Shape):
    """The programme's answer to one copy of a report.

    id None: the report could not be read so far. sha256: of the canonical form, or of the bytes where they could not
    be read. received_to: highest sequence received of the report's epoch; missing: first and last of each hole below
    it, the oldest holes first, at most 100. Where the report's epoch is not known or not proven: None and none.
    """

    id: Annotated[str, StringConstraints(max_length=250)] | None
    sha256: Sha256
    result: Literal["accepted", "rejected"]
    reason: Annotated[str, StringConstraints(max_length=300)] | None
    received_to: SequenceNumber | None
    missing: Annotated[
        tuple[Annotated[tuple[SequenceNumber, SequenceNumber], Field(strict=False)], ...], Field(strict=False)
    ]

    def to_payload(self) -> bytes:
        """The bytes to send."""
        return self.model_dump_json().encode()


class PlantStatus(Shape):
    """What a plant says of itself, retained: whether it is online, its version and settings, reports waiting."""

    online: bool
    since: Time
    version: Text
    site_sha256: Sha256
    pending: Annotated[int, Field(ge=0, lt=2**53)]

    def to_payload(self) -> bytes:
        """The bytes to send; as the last will, with `online` false."""
        return self.model_dump_json().encode()


def ack_of(payload: bytes) -> Ack:
    """The ack that bytes hold. Raises ReportError, and nothing else."""
    return _read(Ack, payload)


def status_of(payload: bytes) -> PlantStatus:
    """The status that bytes hold. Raises ReportError, and nothing else."""
    return _read(PlantStatus, payload)


def _read(shape: type[S], payload: bytes) -> S:
    try:
        return shape.model_validate(strict_json(payload, MOST_ACK_BYTES))
    except (JsonError, ValidationError) as error:
        raise ReportError(str(error).splitlines()[0]) from None
