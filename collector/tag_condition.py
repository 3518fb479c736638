"""May a tag's value be believed now, and if not, why? Pure: what is known of the tag, against the clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from collector.tag_habit import Habit
from collector.trouble import Said
from plant.instant import US_PER_S
from plant.status_code import is_bad, is_uncertain, status_name
from plant.tag import Kind, Role, Tag

MISSED_CONTACTS = 3
LEAST_SILENCE_S = 5.0
EXECUTING_US = 15 * 60 * US_PER_S
MOVES_WITH_THE_MACHINE = frozenset({Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.ENERGY_IMPORT})


class Condition(StrEnum):
    """What can be said of a tag's newest value, the gravest first."""

    NEVER = "never"
    GAP = "gap"
    SILENT = "silent"
    BAD = "bad"
    UNCERTAIN = "uncertain"
    FROZEN = "frozen"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class TagNow:
    """What is known of a tag now. reading: time [us], StatusCode of its newest one; None: it never had one.

    contact_us: last good poll or keep-alive of its device. contact_s: how often there should be one. gap: since when
    it lasts and why. habit: what it usually does. executing_us: since when its work unit has been Executing.
    """

    tag: Tag
    device: str
    reading: tuple[int, int] | None = None
    contact_us: int | None = None
    contact_s: float = 10.0
    gap: tuple[int, str] | None = None
    habit: Habit = field(default_factory=Habit)
    executing_us: int | None = None


def condition(
    now: TagNow, now_us: int, when: Callable[[int], str], span: Callable[[float], str]
) -> tuple[Condition, Said]:
    """The condition of a tag's value and why, in words; when and span write times and durations.

    The rules are those of docs/live.md, the first that fits.
    """
    if now.reading is None:
        why = Said("no reading yet", "아직 값이 없습니다")
        return Condition.NEVER, why if now.gap is None else _with(why, now.gap[1])
    if now.gap is not None:
        since = when(now.gap[0])
        return Condition.GAP, _with(Said(f"no contact since {since}", f"{since}부터 통신 두절"), now.gap[1])
    contact_us = max(now.reading[0], now.contact_us or now.reading[0])
    if now_us - contact_us > US_PER_S * max(MISSED_CONTACTS * now.contact_s, LEAST_SILENCE_S):
        since = when(contact_us)
        return Condition.SILENT, Said(
            f"nothing from {now.device} since {since}", f"{since} 이후 {now.device}에서 아무 값도 오지 않았습니다"
        )
    return _of_value(now, now.reading[1], now_us, when, span)


def _of_value(
    now: TagNow, status: int, now_us: int, when: Callable[[int], str], span: Callable[[float], str]
) -> tuple[Condition, Said]:
    if is_bad(status):
        return Condition.BAD, status_words(status)
    if is_uncertain(status):
        return Condition.UNCERTAIN, status_words(status)
    changed_us, pause_us = now.habit.changed_us, now.habit.longest_pause_us
    if now.tag.kind not in (Kind.COUNTER, Kind.GAUGE) or changed_us is None:
        return Condition.GOOD, Said("", "")
    since = when(changed_us)
    if pause_us is not None and now_us - changed_us > 2 * pause_us:
        longest = span(pause_us / US_PER_S)
        return Condition.FROZEN, Said(
            f"has not changed since {since}; in the last week never for longer than {longest}",
            f"{since} 이후 값이 그대로입니다. 지난 한 주 동안 가장 길게 멈춘 시간은 {longest}입니다",
        )
    executing_us = now.executing_us
    if executing_us is not None and now.tag.role in MOVES_WITH_THE_MACHINE:
        still_us = max(changed_us, executing_us)
        if now_us - still_us > EXECUTING_US:
            return Condition.FROZEN, Said(
                f"{now.tag.work_unit} is Executing, yet this has not changed since {when(still_us)}",
                f"{now.tag.work_unit}: 가동 중이지만 {when(still_us)} 이후 값이 그대로입니다",
            )
    return Condition.GOOD, Said("", "")


def _with(why: Said, cause: str) -> Said:
    return Said(f"{why.en} ({cause})", f"{why.ko} ({cause})")


_STATUS: dict[str, Said] = {
    "BadCommunicationError": Said("the device could not be asked", "장치와 통신할 수 없습니다"),
    "BadNoCommunication": Said("the device does not answer", "장치가 응답하지 않습니다"),
    "BadTimeout": Said("the device did not answer in time", "장치가 제때 응답하지 않았습니다"),
    "BadNotConnected": Said(
        "the server is not connected to what it measures", "서버가 측정 대상에 연결되어 있지 않습니다"
    ),
    "BadDeviceFailure": Said("the device reports a failure of its own", "장치가 자체 고장을 알렸습니다"),
    "BadSensorFailure": Said("the device reports that its probe has failed", "장치가 검출기 고장을 알렸습니다"),
    "BadOutOfService": Said("the device reports that this is out of service", "장치가 사용 중지 상태라고 알렸습니다"),
    "BadConfigurationError": Said(
        "the device has no such address, or does not give this value", "장치에 없는 주소이거나 제공하지 않는 값입니다"
    ),
    "BadNodeIdUnknown": Said("the server has no such node", "서버에 없는 노드입니다"),
    "BadNotReadable": Said("the server does not let this be read", "서버가 읽기를 허용하지 않습니다"),
    "BadUserAccessDenied": Said("the server does not let us read this", "서버가 읽기 권한을 주지 않습니다"),
    "BadNotSupported": Said("the device does not support this request", "장치가 지원하지 않는 요청입니다"),
    "BadServerTooBusy": Said("the device is too busy", "장치가 다른 일로 바쁩니다"),
    "BadTypeMismatch": Said(
        "the value is of another type than the site file says", "사이트 파일과 다른 형식의 값입니다"
    ),
    "BadIndexRangeNoData": Said("the array has no such element", "배열에 그 번호의 요소가 없습니다"),
    "BadIndexRangeInvalid": Said("the array has no such element", "배열에 그 번호의 요소가 없습니다"),
    "BadNoMatch": Said("the structure has no such field", "구조체에 그 이름의 필드가 없습니다"),
    "BadDataTypeIdUnknown": Said(
        "the server does not say how the structure is made up", "서버가 구조체 구성을 알려 주지 않습니다"
    ),
    "BadDecodingError": Said("the value is not made up as the server says", "값이 서버가 알린 구성과 다릅니다"),
    "BadAttributeIdInvalid": Said("the node has no value", "값이 없는 노드입니다"),
    "BadNodeIdInvalid": Said("this is no NodeId of the server", "서버의 노드 ID 형식이 아닙니다"),
    "BadOutOfRange": Said("the value is outside of what is possible", "있을 수 없는 범위의 값입니다"),
    "BadNoData": Said("there is no value", "값이 없습니다"),
    "BadWaitingForInitialData": Said("the server has no value yet", "서버에 아직 값이 없습니다"),
    "UncertainLastUsableValue": Said(
        "the device gives an old value, since it has no new one", "새 값이 없어 장치가 이전 값을 보냅니다"
    ),
    "UncertainSensorNotAccurate": Said("the device doubts its accuracy", "장치가 정확도를 보증하지 않습니다"),
}


def status_words(status: int) -> Said:
    """What a StatusCode that is not Good says, in plain words; of a rare one its name."""
    name = status_name(status)
    found = _STATUS.get(name)
    if found is not None:
        return found
    return Said(f"the device says {name}", f"장치가 보낸 상태: {name}")
