"""Published values: shape, comparison with baselines, worth."""

import json
from zoneinfo import ZoneInfo

import pytest

from kpi.catalogue import BY_ID
from kpi.outcome import Outcome, Reason
from kpi.value import Comparison, KpiValue
from plant.instant import parse_instant
from plant.kpi_id import KpiId
from plant.period import Clock, PeriodKind, day_period, first_day, moment

SEOUL = ZoneInfo("Asia/Seoul")
AS_OF = parse_instant("2026-11-22T08:05:00+09:00")
DAY = day_period(
    PeriodKind.DAY,
    first_day(PeriodKind.DAY, moment(parse_instant("2026-11-21T12:00:00+09:00"), SEOUL).date()),
    Clock(SEOUL, 480),
)


def value(kpi: KpiId, outcome: Outcome, comparison: Comparison | None = None) -> KpiValue:
    return KpiValue(BY_ID[kpi], "press1", DAY, outcome, comparison or Comparison(), "KRW", AS_OF)


def test_a_value_has_the_shape_that_was_agreed() -> None:
    outcome = Outcome(12 / 975, 12.0, 975.0, 0.998, frozenset({"manual", "counter_reset"}))
    found = value(KpiId.DEFECT_RATE, outcome, Comparison(0.031, 0.010, 4200.0)).as_json(SEOUL)
    assert json.loads(json.dumps(found)) == {
        "kpi": "defect_rate",
        "definition": 1,
        "scope": "press1",
        "period": {
            "kind": "day",
            "label": "2026-11-21",
            "start": "2026-11-21T08:00:00+09:00",
            "end": "2026-11-22T08:00:00+09:00",
        },
        "value": pytest.approx(0.012308, abs=1e-6),
        "unit": "ratio",
        "numerator": 12.0,
        "denominator": 975.0,
        "coverage": 0.998,
        "grade": "good",
        "reason": None,
        "flags": ["counter_reset", "manual"],
        "at": None,
        "as_of": "2026-11-22T08:05:00+09:00",
        "revision": 0,
        "state": "open",
        "baseline": 0.031,
        "target": 0.010,
        "improvement": pytest.approx(0.603, abs=1e-3),
        "attainment": pytest.approx(0.890, abs=1e-3),
        "savings": pytest.approx(76545.0),
    }


def test_a_value_that_is_absent_is_compared_with_nothing() -> None:
    outcome = Outcome(None, 12.0, 975.0, 0.5, reason=Reason.LOW_COVERAGE)
    found = value(KpiId.DEFECT_RATE, outcome, Comparison(0.031, 0.010, 4200.0)).as_json(SEOUL)
    assert [found[key] for key in ("improvement", "attainment", "savings")] == [None, None, None]
    assert (found["reason"], found["grade"], found["baseline"]) == ("low_coverage", "low", 0.031)


@pytest.mark.parametrize(
    ("comparison", "wanted"),
    [
        (Comparison(), (None, None, None)),
        (Comparison(baseline=0.04), (0.5, None, None)),
        (Comparison(target=0.01), (None, None, None)),
        (Comparison(baseline=0.04, price=100.0), (0.5, None, 200.0)),
        (Comparison(price=100.0), (None, None, None)),
        (Comparison(baseline=0.04, target=0.0), (0.5, 0.5, None)),
    ],
)
def test_what_is_not_said_is_not_compared(
    comparison: Comparison, wanted: tuple[float | None, float | None, float | None]
) -> None:
    found = value(KpiId.DEFECT_RATE, Outcome(0.02, 2.0, 100.0, 1.0), comparison)
    assert (found.improvement, found.attainment, found.savings) == wanted


def test_a_rate_changes_by_points_and_by_misses() -> None:
    delivery = value(KpiId.ON_TIME_DELIVERY, Outcome(0.96, 96.0, 100.0, 1.0), Comparison(0.90))
    assert (delivery.points, delivery.fewer_misses) == (pytest.approx(6.0), pytest.approx(0.6))
    defects = value(KpiId.DEFECT_RATE, Outcome(0.02, 2.0, 100.0, 1.0), Comparison(0.04))
    assert (defects.points, defects.fewer_misses) == (pytest.approx(2.0), pytest.approx(0.5))


@pytest.mark.parametrize(
    ("kpi", "number", "baseline"),
    [(KpiId.ENERGY, 5.0, 10.0), (KpiId.DEFECT_RATE, None, 0.04), (KpiId.DEFECT_RATE, 0.02, None)],
)
def test_what_is_no_rate_or_has_no_baseline_changes_by_no_points(
    kpi: KpiId, number: float | None, baseline: float | None
) -> None:
    found = value(kpi, Outcome(number, number, 1.0, 1.0), Comparison(baseline))
    assert (found.points, found.fewer_misses) == (None, None)


@pytest.mark.parametrize(
    ("kpi", "number", "target", "wanted"),
    [
        (KpiId.DEFECT_RATE, 0.010, 0.010, True),
        (KpiId.DEFECT_RATE, 0.011, 0.010, False),
        (KpiId.ON_TIME_DELIVERY, 0.97, 0.97, True),
        (KpiId.ON_TIME_DELIVERY, 0.96, 0.97, False),
        (KpiId.DEFECT_RATE, 0.0, None, None),
        (KpiId.DEFECT_RATE, None, 0.010, None),
    ],
)
def test_a_value_is_on_target_on_the_better_side_of_it(
    kpi: KpiId, number: float | None, target: float | None, wanted: bool | None
) -> None:
    assert value(kpi, Outcome(number), Comparison(target=target)).on_target is wanted


def test_a_sum_has_no_denominator_and_so_no_savings() -> None:
    found = value(KpiId.ENERGY, Outcome(5.0, 5.0, None, 1.0), Comparison(10.0, None, 160.0))
    assert (found.improvement, found.savings) == (0.5, None)


def test_a_peak_says_when_it_began_and_money_its_currency() -> None:
    found = value(KpiId.PEAK_DEMAND, Outcome(5.0, 5.0, None, 1.0, at_us=AS_OF)).as_json(SEOUL)
    assert found["at"] == "2026-11-22T08:05:00+09:00"
    assert value(KpiId.ENERGY_COST, Outcome(5.0)).unit == "KRW"
    assert value(KpiId.ENERGY, Outcome(5.0)).id is KpiId.ENERGY
