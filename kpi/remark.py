"""What do flags and reasons mean to whoever reads a value? One plain sentence each, in English and Korean."""

from dataclasses import dataclass

from kpi.element import FLAGS
from kpi.outcome import Reason


@dataclass(frozen=True, slots=True)
class Remark:
    """A flag or reason with its meaning, and what raised it: names of tags and work units; none where all did."""

    name: str
    en: str
    ko: str
    raised_by: tuple[str, ...] = ()


_FLAGS: dict[str, tuple[str, str]] = {
    "counter_rollover": (
        "A counter passed its largest value and went on from 0; the step was counted across the turn.",
        "카운터가 최댓값을 지나 0부터 이어졌고, 넘어간 구간까지 합산했습니다.",
    ),
    "counter_reset": (
        "A counter restarted from 0; what it counted between its last reading and the restart is lost.",
        "카운터가 0부터 다시 시작했습니다. 마지막 기록과 재시작 사이에 센 수량은 알 수 없습니다.",
    ),
    "counter_jump": (
        "A counter rose faster than its largest believable rate; that step was not counted.",
        "카운터가 최대 속도보다 빠르게 올라 그 증분은 합산하지 않았습니다.",
    ),
    "counter_disorder": (
        "Readings of a counter changed places; the drop and the rise after it cancel out.",
        "카운터 기록의 순서가 바뀌었습니다. 감소와 뒤따른 증가가 서로 상쇄됩니다.",
    ),
    "counter_unknown_drop": (
        "A counter fell for no reason that the settings allow; that step was not counted.",
        "카운터가 설정으로 설명되지 않게 감소하여 그 증분은 합산하지 않았습니다.",
    ),
    "estimated": (
        "Quarter hours under a long step or over a gap are estimated and set no peak; or months lack their peak.",
        "긴 간격이나 결측 구간의 15분 값은 추정치로 최대 수요가 되지 않습니다. 또는 최대 수요를 모르는 달이 있습니다.",
    ),
    "manual": (
        "People counted a quantity by hand.",
        "사람이 직접 센 수기 수량이 들어 있습니다.",
    ),
    "corrected": (
        "A signed-off correction changes the value; the readings themselves are as they were.",
        "서명된 정정이 값에 반영되었습니다. 계측 기록 자체는 바뀌지 않았습니다.",
    ),
    "clock": (
        "A device's clock was wrong; its readings count at the time when they were received.",
        "장치의 시계가 맞지 않아 수신 시각을 기준으로 계산했습니다.",
    ),
    "unbalanced": (
        "Produced, good, scrap and rework were all counted and differ by more than 1 %.",
        "생산·양품·폐기·재작업 수량이 모두 집계되었으나 서로 1 % 넘게 다릅니다.",
    ),
    "suspect": (
        "The value rests on uncertain readings, or is higher than is plausible.",
        "불확실한 기록을 사용했거나, 값이 타당한 범위보다 큽니다.",
    ),
    "extrapolated": (
        "What the energy depends on lies outside the range that its baseline was learned from.",
        "에너지 영향 인자가 기준 모델을 학습한 범위를 벗어났습니다.",
    ),
}
_REASONS: dict[Reason, tuple[str, str]] = {
    Reason.NO_SOURCE: (
        "No tag, hand count, order line or setting gives what the formula needs.",
        "산식에 필요한 태그, 수기 수량, 주문 라인 또는 설정이 없습니다.",
    ),
    Reason.NO_DENOMINATOR: (
        "The denominator is 0, or too small for a ratio.",
        "분모가 0이거나 비율을 구하기에 너무 작습니다.",
    ),
    Reason.LOW_COVERAGE: (
        "Less than 0.80 of the period is known, or there is no usable reading, or no quarter hour for a peak.",
        "확보된 데이터가 기간의 0.80 미만이거나, 쓸 수 있는 기록 또는 최대 수요로 쓸 15분 값이 없습니다.",
    ),
    Reason.NO_CALENDAR: (
        "The KPI needs shifts, and the site file has none.",
        "이 지표에는 교대 근무 설정이 필요하지만 사이트 파일에 없습니다.",
    ),
    Reason.NO_PRICE: (
        "The KPI needs a tariff that holds over all of the period.",
        "이 지표에는 기간 전체에 유효한 요금표가 필요합니다.",
    ),
    Reason.NO_PLANNED_RUN_TIME: (
        "Pieces were made for which no planned run time is set.",
        "표준 사이클 타임이 설정되지 않은 제품이 생산되었습니다.",
    ),
    Reason.OPEN_PERIOD: (
        "The period lies wholly in the future.",
        "기간이 아직 시작되지 않았습니다.",
    ),
}


def flag_remark(flag: str, raised_by: tuple[str, ...] = ()) -> Remark:
    """What a flag of `kpi.element.FLAGS` means. Raises KeyError for any other.

    >>> flag_remark("manual").en
    'People counted a quantity by hand.'
    """
    return Remark(flag, *_FLAGS[flag], raised_by)


def reason_remark(reason: Reason) -> Remark:
    """Why a KPI has no value."""
    return Remark(reason.value, *_REASONS[reason])


def in_order(flags: frozenset[str]) -> tuple[str, ...]:
    """Flags in the order in which they are shown.

    >>> in_order(frozenset({"manual", "counter_reset"}))
    ('counter_reset', 'manual')
    """
    return tuple(flag for flag in FLAGS if flag in flags)
