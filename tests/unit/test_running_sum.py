"""The running sum of energy used beyond what a baseline expects."""

from test_evidence import value

from kpi.outcome import Outcome, Reason
from kpi.running_sum import beyond_baseline, running_sum_text, running_sums
from kpi.value import Comparison, KpiValue
from plant.kpi_id import KpiId

SAVING = KpiId.ENERGY_SAVING_RATIO


def day(label: str, saved: float, expected: float) -> KpiValue:
    return value(SAVING, Outcome(saved / expected, saved, expected, 1.0), Comparison(), label=label)


def test_it_falls_while_energy_is_saved_and_leaves_out_what_is_not_known() -> None:
    unknown = value(SAVING, Outcome(None, 20.0, 200.0, 0.5, reason=Reason.LOW_COVERAGE), Comparison(), label="15")
    values = [day("13", 20, 200), day("14", 50, 500), unknown, day("16", -30, 300)]
    (found,) = running_sums(values, 2**62)
    assert [(point.label, point.kwh) for point in found.points] == [("13", -20), ("14", -70), ("15", None), ("16", -40)]
    lines = ["  period  kWh", "  13      -20", "  14      -70", "  15        -", "  16      -40"]
    assert running_sum_text(found).splitlines()[1:] == lines


def test_a_period_that_is_not_over_and_one_alone_have_none() -> None:
    (found,) = running_sums([day("13", 20, 200), day("14", 50, 500)], -1)
    assert [point.kwh for point in found.points] == [None, None]
    assert running_sums([day("13", 20, 200)], 2**62) == ()
    assert running_sums([value(KpiId.ENERGY, Outcome(5.0), Comparison(), label=label) for label in "ab"], 2**62) == ()


def test_defects_beyond_the_baseline_fall_while_fewer_are_made_than_before() -> None:
    def defects(label: str, count: float, before: float | None = 0.1) -> KpiValue:
        return value(KpiId.DEFECT_RATE, Outcome(count / 100, count, 100.0, 1.0), Comparison(before), label=label)

    unknown = value(KpiId.DEFECT_RATE, Outcome(None, 5.0, 10.0, 0.1), Comparison(0.1), label="15")
    values = [defects("13", 8), defects("14", 13), unknown, defects("16", 4), defects("17", 4, None)]
    assert beyond_baseline(values, 2**62) == [-2, 1, None, -5, None]
    assert beyond_baseline(values, -1) == [None] * 5
    assert beyond_baseline([], 2**62) == []
