"""Hand counts, order lines, shares, use of equipment, quarter hours, comparison and charts behind a value."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from kpi.baseline import Fitness
from kpi.breakdown import MOST_SHARES, breakdown
from kpi.catalogue import BY_ID
from kpi.comparison_evidence import baseline_evidence, comparison_evidence
from kpi.delivery_evidence import MOST_LINES, delivery_evidence
from kpi.demand import BLOCK_US, Blocks
from kpi.element import Element, Grade
from kpi.energy_evidence import quarter_hours
from kpi.equipment_evidence import MOST_STOPS, equipment_evidence, longest, unit_evidence
from kpi.equipment_use import EquipmentUse, use_of
from kpi.hand_evidence import MOST_ROWS, hand_evidence
from kpi.manual import HandCount
from kpi.order_line import DeliveryRules, LineResult
from kpi.outcome import Outcome, Reason
from kpi.price import PriceVersion
from kpi.stop import Stops
from kpi.time_model import UnitTime
from kpi.value import Comparison, KpiValue
from kpi.value_chart import value_charts
from plant.kpi_id import KpiId
from plant.order import OrderLine
from plant.period import Period, PeriodKind
from plant.quantity import Quantity

S = 1_000_000


def shift(name: str, start: int, end: int) -> Period:
    return Period(PeriodKind.SHIFT, name, start, end)


def test_hand_counts_are_listed_by_time_with_the_shifts_that_nobody_counted() -> None:
    rows = [Quantity("a", 20, "press2", produced=5), Quantity("b", 10, "press1", scrap=1)]
    shifts = [shift("early", 0, 15), shift("late", 15, 30)]
    produced = frozenset({"produced"})
    counts = [("press2", HandCount(rows[:1], shifts, produced)), ("press1", HandCount(rows[1:], shifts, produced))]
    found = hand_evidence([*counts, ("press3", HandCount((), shifts, frozenset()))])
    assert found is not None
    assert [row.key for row in found.rows] == ["b", "a"]
    assert (found.shifts, found.without_row) == (4, (("press2", "early"), ("press1", "late")))
    assert found.rows_left_out == 0


def test_too_many_hand_counts_are_counted_and_none_are_no_evidence() -> None:
    rows = [Quantity(str(at), at, "press1", produced=1) for at in range(MOST_ROWS + 3)]
    found = hand_evidence([("press1", HandCount(rows, (), frozenset({"produced"})))])
    assert found is not None
    assert (len(found.rows), found.rows_left_out) == (MOST_ROWS, 3)
    assert hand_evidence([("press1", HandCount((), (), frozenset()))]) is None


def line(order: str, days_late: int, on_time: bool, settled: bool = True) -> LineResult:
    return LineResult(order, None, date(2026, 11, 21), 10.0, settled, settled, on_time, days_late, 10.0)


def test_lines_that_are_not_on_time_are_listed_the_latest_first() -> None:
    lines = [line("A", 0, True), line("B", 2, False), line("C", 9, False), line("D", 0, False, settled=False)]
    undated = [OrderLine("E", "2", None, 1.0, None, 0)]
    found = delivery_evidence(lines, undated, DeliveryRules(1))
    assert [one.order_id for one in found.lines] == ["C", "B", "D"]
    assert (found.due, found.settled, found.on_time, found.rules.grace_days) == (4, 3, 1, 1)
    assert (found.without_due_date, found.lines_left_out, found.without_due_date_left_out) == ((("E", "2"),), 0, 0)
    many = delivery_evidence([line("B", at, False) for at in range(MOST_LINES + 4)], undated * 23, DeliveryRules())
    assert (len(many.lines), many.lines_left_out) == (MOST_LINES, 4)
    assert (len(many.without_due_date), many.without_due_date_left_out) == (MOST_LINES, 3)


def test_shares_need_a_name_and_the_smallest_are_counted() -> None:
    assert breakdown(("scrap",), "product", [(None, 5.0), ("", 0.0)]) is None
    found = breakdown(("scrap",), "product", [(str(at), float(at)) for at in range(1, MOST_SHARES + 3)])
    assert found is not None
    assert (found.shares[0].name, len(found.shares), found.left_out) == (str(MOST_SHARES + 2), MOST_SHARES, 2)


def stops(*lengths_s: int) -> Stops:
    start = np.arange(len(lengths_s), dtype=np.int64) * 1000 * S
    length = np.array(lengths_s, dtype=np.int64) * S
    return Stops(start, start + length, length, np.array(["Setup"] * len(lengths_s)))


def test_the_longest_stops_are_shown_in_order_of_time() -> None:
    found = longest(stops(*range(1, MOST_STOPS + 3)))
    assert [one.time_s for one in found] == [float(at) for at in range(3, MOST_STOPS + 3)]
    assert longest(stops()) == ()


def test_a_work_unit_without_a_state_has_planned_time_alone() -> None:
    use = EquipmentUse(3600.0)
    unit = unit_evidence("press1", use, None, ((), ()), ())
    assert (unit.pbt_s, unit.has_state, unit.apt_s, unit.stops) == (3600.0, False, 0.0, ())
    found = equipment_evidence([unit], [use])
    assert (found.losses, found.no_losses) == (None, Reason.NO_SOURCE)


def test_a_work_unit_with_a_state_has_its_stops() -> None:
    time = UnitTime(1.0, 2.0, 3.0, 4.0, 0.0, 5.0, stops(400), stops(400), stops(), stops(7, 8), stops(400, 2))
    unit = unit_evidence("press1", use_of(time), time, ((), ()), ())
    assert (unit.pbt_s, unit.has_state, unit.unplanned_s) == (10, True, 5)
    assert (unit.stop_count, unit.failure_count, unit.repair_count, unit.repair_s) == (2, 1, 1, 400)
    assert (unit.micro_stop_count, unit.micro_stop_s, unit.open_repairs) == (2, 15, ())
    assert [(share.reason, share.time_s) for share in unit.stops] == [("Setup", 402)]


def test_losses_are_those_of_the_work_units_together() -> None:
    known = Element(3000.0, (1.0,))
    use = EquipmentUse(
        3600.0, True, apt_s=3300.0, setup_s=300.0, coverages=(1.0,), planned_run_s=known, good_run_s=known
    )
    found = equipment_evidence([], [use])
    assert found.losses is not None
    assert (found.losses.setup_loss_s, found.losses.speed_loss_s, found.no_losses) == (300, 300, None)


def blocks(kwh: Sequence[float], estimated: Sequence[int] = (), covered: Sequence[int] = ()) -> Blocks:
    at = np.arange(len(kwh))
    return Blocks(
        at.astype(np.int64) * BLOCK_US,
        np.array(kwh, dtype=np.float64),
        np.isin(at, list(estimated)),
        np.where(np.isin(at, list(covered)), 0.5, 1.0),
    )


def test_quarter_hours_are_the_largest_and_those_beside_the_peak() -> None:
    found = quarter_hours(blocks([1, 2, 9, 3, 1, 1, 7, 6, 5, 8, 1], estimated=[2], covered=[9, 2]))
    shown = {one.start_us // BLOCK_US: one for one in found.shown}
    assert sorted(shown) == [2, 4, 5, 6, 7, 8, 9]
    assert [at for at, one in shown.items() if one.is_peak] == [6]
    assert (shown[6].kw, shown[2].may_set_peak, shown[2].estimated, shown[9].may_set_peak) == (28, False, True, False)
    assert (found.count, found.estimated, found.half_known) == (11, 1, 1)


def test_without_a_quarter_hour_that_may_set_it_there_is_no_peak() -> None:
    found = quarter_hours(blocks([1, 2], estimated=[0, 1]))
    assert [one.is_peak for one in found.shown] == [False, False]
    assert quarter_hours(blocks([])).shown == ()


def value(
    kpi: KpiId, outcome: Outcome, comparison: Comparison | None = None, label: str = "d", end_us: int = 10
) -> KpiValue:
    period = Period(PeriodKind.DAY, label, 0, end_us)
    return KpiValue(BY_ID[kpi], "plant", period, outcome, comparison or Comparison(), "KRW", 20)


def test_a_rate_is_compared_in_per_cent_in_points_and_by_its_misses() -> None:
    late = value(KpiId.ON_TIME_DELIVERY, Outcome(0.96, 96.0, 100.0, 1.0), Comparison(0.9, 0.95, 150000.0))
    price = PriceVersion(date(2026, 1, 1), 150000.0, "sales")
    found = comparison_evidence(late, baseline_evidence(0.9, Fitness()), price, "cost_per_late_line")
    numbers = (
        found.improvement_percent,
        found.improvement_points,
        found.fewer_misses_percent,
        found.attainment_percent,
    )
    assert [number and round(number, 6) for number in numbers] == [6.666667, 6.0, 60.0, 120.0]
    assert found.savings is not None
    assert (found.savings.setting, found.savings.numbers) == (
        "cost_per_late_line",
        "150000 x (96 - 0.9 x 100) = 900000",
    )


def test_what_is_no_rate_is_compared_in_per_cent_alone() -> None:
    used = value(KpiId.ENERGY, Outcome(80.0, 80.0, None, 1.0), Comparison(100.0))
    found = comparison_evidence(used, baseline_evidence(100.0, Fitness()))
    assert (found.improvement_percent, found.improvement_points, found.fewer_misses_percent) == (20.0, None, None)
    assert (found.attainment_percent, found.savings, found.target) == (None, None, None)


def test_without_a_value_or_a_baseline_there_is_nothing_to_compare() -> None:
    absent = value(KpiId.DEFECT_RATE, Outcome(None), Comparison(0.03, None, 4200.0))
    price = PriceVersion(date.min, 4200.0)
    found = comparison_evidence(absent, baseline_evidence(0.03, Fitness()), price, "cost_per_defect")
    assert (found.improvement_points, found.fewer_misses_percent, found.savings) == (None, None, None)


def test_a_past_period_that_is_not_fit_says_why_and_what_to_do() -> None:
    days = date(2026, 1, 1), date(2026, 5, 1)
    unfit = Fitness(("grade is low",), ("import what is missing",))
    past = baseline_evidence(None, unfit, Outcome(None, 3.0, 100.0, 0.5), days)
    assert (past.origin, past.used, past.against_it, past.remedies) == ("period", False, unfit.reasons, unfit.remedies)
    assert (past.first_day, past.end_day, past.numerator, past.coverage, past.grade) == (*days, 3, 0.5, Grade.LOW)


def ratio(label: str, count: float, size: float, **more: int) -> KpiValue:
    return value(KpiId.DEFECT_RATE, Outcome(count / size, count, size, 1.0), label=label, **more)


def test_values_of_several_periods_make_a_chart() -> None:
    values = [ratio(str(at), 5 if at == 9 else 1, 100) for at in range(30)]
    no_value = replace(values[0], outcome=Outcome(None, 1.0, 100.0, 0.5))
    not_over = ratio("open", 1, 100, end_us=99)
    (chart,) = value_charts([*values, no_value, not_over], 20)
    assert (chart.kpi, chart.scope, chart.chart.kind.value, len(chart.chart.points)) == (
        "defect_rate",
        "plant",
        "p",
        30,
    )
    assert chart.chart.left_out == ("0", "open")
    assert [(one.rule.value, one.at) for one in chart.violations if one.rule.value == "beyond_limit"] == [
        ("beyond_limit", 9)
    ]


@pytest.mark.parametrize(("kpi", "kind"), [(KpiId.DEFECTS_PER_UNIT, "u"), (KpiId.MICRO_STOPS, "c")])
def test_the_kind_of_a_chart_follows_from_what_is_counted(kpi: KpiId, kind: str) -> None:
    size = None if kind == "c" else 50.0
    values = [value(kpi, Outcome(4.0, 4.0, size, 1.0), label=str(at)) for at in range(2)]
    (chart,) = value_charts(values, 20)
    assert (chart.chart.kind.value, chart.chart.centre) == (kind, 4.0 if kind == "c" else 0.08)


def test_one_period_and_kpis_that_count_nothing_have_no_chart() -> None:
    used = [value(KpiId.ENERGY, Outcome(1.0, 1.0, None, 1.0), label=str(at)) for at in range(3)]
    assert value_charts([ratio("a", 1, 100), *used], 20) == ()
