"""Can an answer be believed? Nothing of it is decoded before this says so.

Modbus Application Protocol V1.1b3: 6.1 to 6.4 (answers of function codes 1 to 4), 7 (exception codes).
"""

from dataclasses import dataclass

from connectors.modbus_coding import byte_count
from connectors.modbus_plan import Block, Table
from plant.status_code import parse_status

FUNCTION_CODES: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
"""The only function codes that are ever sent; none of them writes."""
_EXCEPTION = 0x80


@dataclass(frozen=True, slots=True)
class ExceptionCode:
    """What an exception code means. lasting: asking again will not help before somebody changes something."""

    name: str
    status: int
    lasting: bool


EXCEPTION_CODES = {
    1: ExceptionCode("illegal function", parse_status("BadNotSupported"), lasting=True),
    2: ExceptionCode("illegal data address", parse_status("BadConfigurationError"), lasting=True),
    3: ExceptionCode("illegal data value", parse_status("BadConfigurationError"), lasting=True),
    4: ExceptionCode("server device failure", parse_status("BadDeviceFailure"), lasting=True),
    5: ExceptionCode("acknowledge, still working", parse_status("BadWaitingForResponse"), lasting=False),
    6: ExceptionCode("server device busy", parse_status("BadServerTooBusy"), lasting=False),
    8: ExceptionCode("memory parity error", parse_status("BadDeviceFailure"), lasting=False),
    10: ExceptionCode("gateway path unavailable", parse_status("BadNoCommunication"), lasting=False),
    11: ExceptionCode("gateway target did not respond", parse_status("BadNoCommunication"), lasting=False),
}
_UNKNOWN = ExceptionCode("not in the standard", parse_status("BadUnexpectedError"), lasting=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came. body: the bytes behind the function code, up to the end of the frame."""

    unit: int
    function: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The device says that it will not or cannot answer this request; the connection is sound."""

    code: int

    @property
    def meaning(self) -> ExceptionCode:
        return EXCEPTION_CODES.get(self.code, _UNKNOWN)

    def __str__(self) -> str:
        return f"exception {self.code}, {self.meaning.name}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """The answer is not one to this request; whatever comes next on this connection cannot be believed either."""

    reason: str


def check_answer(block: Block, unit: int, answer: Answer) -> bytes | Refused | Doubt:
    """The data of a block as they came (see `modbus_coding.words_of`), or why there are none."""
    function = FUNCTION_CODES[block.table]
    if answer.unit != unit:
        return Doubt(f"answer of unit {answer.unit}, asked was {unit}")
    if answer.function == function | _EXCEPTION:
        if len(answer.body) != 1 or answer.body[0] == 0:
            return Doubt("exception answer without an exception code")
        return Refused(answer.body[0])
    if answer.function != function:
        return Doubt(f"answer to function code {answer.function}, asked was {function}")
    wanted = byte_count(block)
    if not answer.body or answer.body[0] != wanted:
        return Doubt(f"byte count {answer.body[0] if answer.body else 'missing'}, {block} takes {wanted}")
    if len(answer.body) != 1 + wanted:
        return Doubt(f"{len(answer.body) - 1} bytes of data where the byte count says {wanted}")
    return answer.body[1:]
