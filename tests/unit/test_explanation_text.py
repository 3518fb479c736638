"""The text and the JSON of an explanation, with everything in it and with nothing."""

import json
from dataclasses import fields, replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from kpi.breakdown import Breakdown, breakdown
from kpi.catalogue import BY_ID, CATALOGUE
from kpi.chart_text import chart_text
from kpi.comparison_evidence import BaselineEvidence, ComparisonEvidence, SavingEvidence
from kpi.control_chart import ChartKind, Sample, control_chart
from kpi.counter_decision import Decision
from kpi.delivery_evidence import DeliveryEvidence, LineShown
from kpi.element import FLAGS, Element, Grade
from kpi.energy import IdleEnergy
from kpi.energy_evidence import EnergyEvidence, ModelEvidence, QuarterHour, QuarterHours
from kpi.equipment import LossTree
from kpi.equipment_evidence import EquipmentEvidence, ProductRun, ShiftShown, StopShown, UnitEvidence
from kpi.explanation import CoverageEvidence, Explanation, Formula, Lowered, as_json
from kpi.explanation_text import MOST_ELEMENTS, explanation_text
from kpi.formula import FormulaElement, Origin
from kpi.hand_evidence import HandEvidence
from kpi.numerals import duration, numeral
from kpi.order_line import DeliveryRules
from kpi.outcome import Outcome, Reason
from kpi.plain_text import LocalTimes, columns, labelled, text_width
from kpi.price import PriceVersion
from kpi.reading_evidence import ReadingShown
from kpi.regression import EnergyModel, Term
from kpi.remark import flag_remark, in_order, reason_remark
from kpi.run_rules import violations
from kpi.stop import StopShare
from kpi.tag_evidence import NotKnown, ReadingCount, TagEvidence, UnknownTime
from kpi.tariff import CostLine
from kpi.value import Comparison, KpiValue
from kpi.value_chart import ValueChart
from kpi.version_evidence import PriceSource, RevisionShown, VersionEvidence
from plant.instant import parse_instant
from plant.kpi_id import KpiId
from plant.period import Period, PeriodKind
from plant.quantity import Quantity
from plant.shift import PlannedDowntime
from plant.tag import CounterRules, Restarts

SEOUL = ZoneInfo("Asia/Seoul")


def us(clock: str) -> int:
    return parse_instant(f"2026-11-21T{clock}+09:00")


DAY = Period(PeriodKind.DAY, "2026-11-21", us("08:00"), us("08:00") + 86_400_000_000)
VALUE = KpiValue(
    BY_ID[KpiId.DEFECT_RATE], "press1", DAY, Outcome(0.02, 20.0, 1000.0, 0.9), Comparison(), "KRW", us("23:00")
)
READING = ReadingShown(us("10:00"), 5.0, "Good", us("10:00"))
DECISION = Decision(
    us("10:00"), "unknown_drop", True, (READING,), (READING, READING), 3, 67.7, 0.0, "fell for no reason"
)
UNKNOWN = UnknownTime(us("11:00"), us("12:00"), NotKnown.GAP, "no answer", 3600.0)
TAG = TagEvidence(
    "press1.scrap",
    "scrap_count",
    "press1",
    "press-1",
    "1",
    ReadingCount(10, 7, 2, 1, 4, READING, replace(READING, received_us=us("10:01"), means="Setup")),
    READING,
    86400.0,
    0.9,
    0.95,
    20.0,
    CounterRules(Restarts.ANY, 65536.0, 4000.0, 2.0),
    60.0,
    (UNKNOWN, replace(UNKNOWN, lost_s=60.0), replace(UNKNOWN, end_us=None), replace(UNKNOWN, start_us=None)),
    2,
    (DECISION, replace(DECISION, not_used=0, allowed=None, over_gap=False)),
    5,
)
VERSIONS = VersionEvidence(1, "a" * 64, "0.1.0", us("23:00"), 0, "open")
BARE = Explanation(
    "Defect rate",
    "불량률",
    Formula("scrap / produced", "local", "scrap 20 / produced 1000 = 0.020000"),
    CoverageEvidence(0.9, Grade.PARTIAL),
    None, (), (), (), None, None, None, None, (), None, None, (), VERSIONS,
)  # fmt: skip
ELEMENTS = (
    FormulaElement("scrap", "press1", 20.0, "1", 1.0, coverage=0.9, tags=("press1.scrap",)),
    FormulaElement("used", "press1", 3.0, "kWh", -1.0, origin=Origin.MANUAL, rule="left out"),
    FormulaElement("time", "press1", 3.0, "s", 1.0, 1.0, origin=Origin.TAG_AND_MANUAL, tags=("a", "b", "c", "d")),
    FormulaElement("produced", "press1", None, "1", 0.0, 1.0, origin=Origin.DERIVED, rule="good + scrap"),
    FormulaElement("factor", "plant", 0.5, "ratio", rule="site file"),
)


def text(found: Explanation, value: KpiValue = VALUE) -> str:
    return explanation_text(value, found, SEOUL)


def squeezed(lines: str) -> list[str]:
    """Lines with single spaces: what a table says, wherever its columns stand."""
    return [" ".join(line.split()) for line in lines.splitlines()]


def test_without_evidence_there_is_the_value_its_formula_and_its_versions() -> None:
    assert text(BARE).splitlines() == [
        "defect_rate  Defect rate  불량률",
        "press1, day 2026-11-21",
        "  period      2026-11-21 08:00:00 to 2026-11-22 08:00:00 (+09:00)",
        "  value       0.020000; grade partial; never reported",
        "  formula     scrap / produced",
        "              local; definition 1; lower is better",
        "  numbers     scrap 20 / produced 1000 = 0.020000",
        "  coverage    0.900, partial",
        "",
        "versions",
        "  as of       2026-11-21 23:00:00",
        "  definition  1; software 0.1.0",
        f"  site file   sha256 {'a' * 64}",
    ]


def test_a_value_says_when_it_was_and_what_was_reported() -> None:
    peak = KpiValue(
        BY_ID[KpiId.PEAK_DEMAND],
        "plant",
        DAY,
        Outcome(40.0, 40.0, at_us=us("09:30")),
        Comparison(),
        "KRW",
        0,
        2,
        "final",
    )
    assert "value       40 kW, at 2026-11-21 09:30:00; grade low; revision 2, final" in text(BARE, peak)
    repair = replace(peak, kpi=BY_ID[KpiId.MTTR], outcome=Outcome(1800.0, 1800.0, 1.0, 1.0))
    assert "  value       1800 s (30 min); grade good" in text(BARE, repair)
    none = replace(VALUE, outcome=Outcome(None, reason=Reason.LOW_COVERAGE))
    found = text(replace(BARE, reason=reason_remark(Reason.LOW_COVERAGE)), none)
    assert "value       none; grade low" in found
    assert "  no value    low_coverage\n" in found


def test_coverage_says_what_lowers_it_with_the_longest_times_once() -> None:
    lowered = (Lowered("scrap", "press1", 0.9, ("press1.scrap",)), Lowered("good", "press1", 0.9, ("press1.scrap",)))
    found = text(
        replace(
            BARE, coverage=CoverageEvidence(0.9, Grade.PARTIAL, (*lowered, Lowered("x", "y", 0.1, ()))), tags=(TAG,)
        )
    )
    head = found.split("\ntags\n")[0].splitlines()
    assert "              scrap of press1 is known to 0.900: press1.scrap" in head
    assert sum("no answer" in line for line in head) == 3
    assert "                        and 3 shorter ones" in head
    assert "              x of y is known to 0.100" in head


def test_flags_are_said_in_english_and_korean_with_what_raised_them() -> None:
    found = text(replace(BARE, flags=(flag_remark("manual", ("press1",)), flag_remark("estimated"))))
    assert "  flag        manual (press1)\n              People counted a quantity by hand.\n" in found
    assert "사람이 직접 센" in found
    assert "  flag        estimated\n" in found


def test_elements_say_where_they_enter_and_how_they_came_about() -> None:
    lines = text(replace(BARE, elements=ELEMENTS)).split("\nelements\n")[1]
    assert squeezed(lines)[:6] == [
        "part element work unit value unit coverage how",
        "numerator scrap press1 20 0.900 press1.scrap",
        "less used press1 3 kWh by hand: left out",
        "both time press1 3 s a, b, c … and by hand",
        "denominator produced press1 - derived: good + scrap",
        "factor plant 0.500000 site file",
    ]
    assert {line.index("scrap") for line in lines.splitlines() if line.startswith("  numerator")} == {15}
    many = text(replace(BARE, elements=ELEMENTS * 9))
    assert f"  and {5 * 9 - MOST_ELEMENTS} more\n" in many


def test_a_tag_says_what_was_read_and_when_it_was_not_known() -> None:
    lines = text(replace(BARE, tags=(TAG,))).split("\ntags\n")[1].splitlines()
    assert lines[:12] == [
        "  press1.scrap: scrap_count of press1, device press-1",
        "    readings  10: 7 used, 2 bad, 1 uncertain, not used, 4 with a wrong clock",
        "    before    2026-11-21 10:00:00  5  Good",
        "    first     2026-11-21 10:00:00  5  Good",
        "    last      2026-11-21 10:00:00  5 (Setup)  Good, received 2026-11-21 10:01:00",
        "    known     0.900 of 1 d; 0.950 with gaps that steps bridge; adds 20",
        "    rules     restarts: any, max_rate 4000 an hour, modulus 65536, swap_tolerance 2",
        "    unknown   2026-11-21 11:00:00 to 12:00:00: no answer (1 h lost)",
        "    unknown   2026-11-21 11:00:00 to 12:00:00: no answer (1 min lost)",
        "    unknown   from 2026-11-21 11:00:00 on: no answer (1 h lost)",
        "    unknown   until 2026-11-21 12:00:00: no answer (1 h lost)",
        "              and 2 shorter ones",
    ]


def test_a_gauge_has_neither_steps_nor_rules() -> None:
    gauge = replace(
        TAG, unit="kW", count=ReadingCount(), before=None, adds=None, rules=None, unknown=(), unknown_left_out=0
    )
    gauge = replace(gauge, coverage=0.9, decisions=(), decisions_left_out=0)
    lines = text(replace(BARE, tags=(gauge,))).split("\ntags\n")[1].split("\n\n")[0].splitlines()
    assert lines[1:3] == ["    readings  0: 0 used", "    known     0.900 of 1 d"]
    assert lines[3].startswith("  every reading: smartwings history SITE TAG --from 2026-11-21T08:00:00+09:00")
    assert lines[0].endswith(", kW")
    plain = replace(TAG, rules=CounterRules(Restarts.NEVER))
    assert "    rules     restarts: never\n" in text(replace(BARE, tags=(plain,)))


def test_decisions_show_the_readings_around_them() -> None:
    lines = text(replace(BARE, tags=(TAG,))).split("\ndecisions about counter steps\n")[1].splitlines()
    assert lines[:6] == [
        "  press1.scrap  2026-11-21 10:00:00  unknown drop over unknown time: adds 0",
        "      2026-11-21 10:00:00  5  Good",
        "      …                       3 readings that are not used",
        "      2026-11-21 10:00:00  5  Good  at most 67.7 more is believed",
        "      2026-11-21 10:00:00  5  Good",
        "    fell for no reason",
    ]
    assert "  press1.scrap: 5 more decisions are not shown" in lines


def test_hand_counts_are_a_table() -> None:
    row = Quantity("a", us("12:00"), "press1", produced=100.0, scrap=2.0, reason="dent")
    found = text(replace(BARE, by_hand=HandEvidence((row,), 4, 2, (("press1", "2026-11-21/late"),))))
    assert "  2026-11-21 12:00:00  press1          100            2                                     dent" in found
    assert "  and 4 more rows\n  1 of 2 shifts that are over have a row\n  without     press1 2026-11-21/late" in found
    none = text(replace(BARE, by_hand=HandEvidence((), 0, 0, ())))
    assert "hand counts\n  no row in the period\n" in none
    many = tuple(("press1", f"s{at}") for at in range(12))
    assert "s9 …" in text(replace(BARE, by_hand=HandEvidence((), 0, 12, many)))


def test_order_lines_are_a_table() -> None:
    late = LineShown("A", "1", None, 10.0, 4.0, date(2026, 11, 20), None, 3, True)
    shown = (late, replace(late, settled=False), replace(late, completed=date(2026, 11, 23)))
    found = text(
        replace(BARE, delivery=DeliveryEvidence(5, 4, 1, shown, 2, (("B", "1"),), 3, DeliveryRules(2, 1, 0.05)))
    )
    assert (
        "  5 due, 4 decided, 1 on time\n  rules: 2 days of grace, at most 1 days early, 5.0% may be missing\n" in found
    )
    assert [word in found for word in ("  late  ", "  still open  ", "  2026-11-23  ")] == [True, True, True]
    assert "  and 2 more that are late or open\n  no due date   B/1 and 3 more" in found
    none = text(replace(BARE, delivery=DeliveryEvidence(0, 0, 0, (), 0, (), 0, DeliveryRules())))
    assert "  0 due, 0 decided, 0 on time\n  rules: 0 days of grace, any day before counts\n" in none
    exact = DeliveryEvidence(0, 0, 0, (), 0, (("B", "1"),), 0, DeliveryRules())
    assert "no due date   B/1\n" in text(replace(BARE, delivery=exact)) + "\n"


STOP = StopShown(us("10:00"), us("10:30"), 1800.0, "OutOfService")
UNIT = UnitEvidence(
    "press1", 32400.0, True, 29400.0, 1200.0, 1800.0, 0.0, 0.0, 60.0,
    (ShiftShown("2026-11-21/day", us("08:00"), us("18:00"), 32400.0),),
    (PlannedDowntime(us("16:00"), us("17:00"), None, "maintenance"),),
    (ProductRun("P-1", 20.0, 1200.0, 1000.0), ProductRun("", None, 5.0, None)),
    (StopShare("OutOfService", 1800.0, 1, 1.0),), (STOP,), 4, (STOP,), 1, (STOP,), 1, 1800.0, (STOP,), 2, 30.0,
)  # fmt: skip


def test_equipment_says_times_shifts_stops_runs_and_losses() -> None:
    losses = LossTree(32400.0, 1800.0, 1200.0, 0.0, 5400.0, 4000.0, 20000.0, 1.0)
    found = text(replace(BARE, equipment=EquipmentEvidence((UNIT,), losses, None)))
    for line in (
        "    production time (APT)    29400 s  8 h 10 min",
        "    shift 2026-11-21/day: 2026-11-21 08:00:00 to 18:00:00, 9 h planned",
        "    planned downtime: 2026-11-21 16:00:00 to 17:00:00  maintenance",
        "    OutOfService: 1 stops, 30 min, 1.000 cumulated",
        "    longest stops: 1 of 4\n      2026-11-21 10:00:00 to 10:30:00  OutOfService  30 min",
        "    failures\n",
        "    repairs without an end\n",
        "    micro-stops: 2, 30 s",
        "    in planned time, product P-1: produced 1200, good 1000, 20 s each",
        "    in planned time, product not known: produced 5, good -, no planned run time",
    ):
        assert line in found
    assert "speed loss 5400 s 0.166667" in squeezed(found)


def test_equipment_without_a_state_or_planned_time_says_what_there_is() -> None:
    bare = UnitEvidence("press1", None, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (), (), ())
    found = text(replace(BARE, equipment=EquipmentEvidence((bare,), None, Reason.NO_SOURCE)))
    assert "equipment\n  press1\n\nversions" in found
    losses = LossTree(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    assert "    planned busy time  0 s\n" in text(replace(BARE, equipment=EquipmentEvidence((), losses, None)))


def test_energy_says_quarter_hours_costs_idle_energy_the_bill_and_the_baseline() -> None:
    quarter = QuarterHour(us("09:30"), 10.0, 40.0, False, 1.0, True, True)
    others = (
        replace(quarter, is_peak=False),
        replace(quarter, is_peak=False, may_set_peak=False, estimated=True),
        replace(quarter, is_peak=False, may_set_peak=False, covered=0.5),
    )
    model = EnergyModel(100.0, (Term("good_quantity", 2.0, 0.0, 110.0),), 12, 0.9, 0.89, 3.0)
    energy = EnergyEvidence(
        QuarterHours((quarter, *others), 96, 1, 1),
        (CostLine("winter", "peak", 12, 30.0, 140.9, 4227.0, date(2026, 1, 1), "table"),),
        IdleEnergy(Element(100.0, (1.0,)), 20.0, 3600.0, 0.9),
        None,
        {"2026-11": 40.0, "2026-10": None},
        ModelEvidence(model, {"good_quantity": 50.0}, 200.0),
    )
    found = text(replace(BARE, energy=energy))
    for line in (
        "  2026-11-21 09:30:00   10  40    1.000  peak",
        "  2026-11-21 09:30:00   10  40    1.000  estimated",
        "  2026-11-21 09:30:00   10  40    0.500  half known",
        "  of 96 quarter hours 1 estimated, 1 known for less than 95 %",
        "  winter  peak             12   30    140.9  4227  2026-01-01",
        "  20 kWh of 100 kWh in 1 h not producing",
        "  peak of 2026-10: - kW",
        "  expected    100 + 2 x good_quantity kWh (n 12, R² 0.9)",
        "              good_quantity is 50, learned from 0 to 110",
    ):
        assert line in found
    assert "\nenergy\n" not in text(replace(BARE, energy=EnergyEvidence(baseline=ModelEvidence(None, {}, None))))


def test_shares_and_comparison_and_corrections_and_versions_are_said() -> None:
    shares = breakdown(("scrap",), "reason", [("dent", 3.0), (None, 1.0)])
    assert shares is not None
    minus = Breakdown(("scrap",), "order", tuple(replace(one, share=None, cumulated=None) for one in shares.shares), 7)
    days, price = (date(2026, 8, 1), date(2026, 8, 2)), PriceVersion(date(2026, 1, 1), 4200.0, "accounts")
    known = 40.0, 1000.0, 0.9, Grade.PARTIAL
    compared = ComparisonEvidence(
        BaselineEvidence(0.04, "period", False, ("short",), ("name a longer one",), *days, *known),
        0.01, 50.0, 2.0, 50.0, 66.7, SavingEvidence(84000.0, "KRW", price, "cost_per_defect", "4200 x 20 = 84000"),
    )  # fmt: skip
    lot = {"id": 3, "kind": "lot", "by": "Kim", "recorded_at": "now", "reason": "cracks", "quantity": 3.0, "lot": None}
    lot |= {"decision": "rejected", "work_unit": "press1", "at": "then", "product": None, "order": None}
    revisions = (RevisionShown(1, "provisional", us("12:00"), 0.03, 30.0, 1000.0, 0.9),)
    prices = (PriceSource("own.csv", date(2026, 1, 1), "contract"), PriceSource("emission factor", None, ""))
    versions = replace(VERSIONS, reported=revisions, prices=prices)
    found = text(replace(BARE, breakdowns=(shares, minus), comparison=compared, corrections=(lot,), versions=versions))
    for line in (
        "  and 7 smaller ones",
        "  baseline    0.040000, of 2026-08-01 to before 2026-08-02, coverage 0.900 (partial), 40 / 1000",
        "              not used: short\n              what to do: name a longer one",
        "  target      0.010000",
        "  savings     4200 x 20 = 84000 KRW (savings.cost_per_defect since 2026-01-01, accounts)",
        "  3           3 rejected of press1 at then\n              Kim, now: cracks",
        "  prices      own.csv from 2026-01-01: contract",
        "  prices      emission factor: no source given",
        "  revision 1  provisional, 2026-11-21 12:00:00: 0.03 (30 / 1000)",
    ):
        assert line in found
    rows = squeezed(found)
    assert ("dent 3 0.750 0.750" in rows, "not named 1" in rows) == (True, True)
    given = ComparisonEvidence(BaselineEvidence(0.04, "value", True), None, None, None, None, None, None)
    assert "comparison\n  baseline    0.040000, as the site file says\n\nversions" in text(
        replace(BARE, comparison=given)
    )
    period = replace(compared.baseline, denominator=None, used=True)
    always = SavingEvidence(1.0, "KRW", PriceVersion(date.min, 1.0), "cost_per_defect", "1 = 1")
    plain = text(replace(BARE, comparison=replace(compared, baseline=period, savings=always)))
    assert "(partial)\n  target" in plain
    assert "1 = 1 KRW (savings.cost_per_defect)\n" in plain


def test_a_chart_is_a_short_table() -> None:
    samples = [Sample(str(at), 30.0 if at == 4 else 1.0, 100.0) for at in range(6)]
    chart = control_chart(ChartKind.P, [*samples, Sample("gone", None)])
    found = chart_text(ValueChart(KpiId.DEFECT_RATE, "plant", chart, violations(chart))).splitlines()
    assert found[0] == ("defect_rate  plant  p chart of 6 periods: centre 0.058333, provisional: fewer than 20 periods")
    assert any(line.split()[:2] == ["4", "0.300000"] and line.endswith("beyond a control limit") for line in found)
    assert found[-1] == "  left out: gone"
    none = control_chart(ChartKind.P, [])
    assert chart_text(ValueChart(KpiId.DEFECT_RATE, "plant", none, ())) == (
        "defect_rate  plant  p chart of 0 periods: no limits (no_points)"
    )
    huge = control_chart(ChartKind.U, [Sample("a", 1e-322, 1e-320)], centre=1e300)
    assert chart_text(ValueChart(KpiId.DEFECTS_PER_UNIT, "plant", huge, ())).splitlines()[-1].split() == [
        "a",
        "0.00988142",
    ]
    frozen = control_chart(ChartKind.C, [Sample(str(at), 4.0) for at in range(2)], centre=4.0)
    assert "centre 4\n" in chart_text(ValueChart(KpiId.MICRO_STOPS, "plant", frozen, ()))


def test_json_has_every_field_by_its_name_and_times_with_the_offset() -> None:
    found = as_json(
        replace(BARE, tags=(TAG,), elements=ELEMENTS, equipment=EquipmentEvidence((UNIT,), None, None)), SEOUL
    )
    assert list(found) == [field.name for field in fields(Explanation)]
    assert found["coverage"] == {"value": 0.9, "grade": "partial", "lowered_by": []}
    (tag,) = found["tags"]
    assert (tag["before"]["time"], tag["unknown"][2]["end"]) == ("2026-11-21T10:00:00+09:00", None)
    assert tag["rules"]["restarts"] == "any"
    assert found["equipment"]["units"][0]["planned_downtime"][0]["work_units"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("noun", "shown"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (frozenset({"b", "a"}), ["a", "b"]),
        ({KpiId.OEE: date(2026, 1, 2)}, {"oee": "2026-01-02"}),
        (date.min, None),
        ([1, "x", None, True], [1, "x", None, True]),
    ],
)
def test_json_is_strict(noun: object, shown: object) -> None:
    assert as_json(noun, SEOUL) == shown


def test_every_flag_and_reason_has_a_sentence_in_both_languages() -> None:
    for remark in (*map(flag_remark, FLAGS), *map(reason_remark, Reason)):
        assert remark.en.endswith(".")
        assert any("가" <= letter <= "힣" for letter in remark.ko)
    assert in_order(frozenset(FLAGS)) == FLAGS
    with pytest.raises(KeyError):
        flag_remark("other")
    assert all(kpi.title_ko for kpi in CATALOGUE)


def test_times_say_their_offset_only_where_it_changes() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = parse_instant("2026-10-25T00:30:00Z"), parse_instant("2026-10-25T01:30:00Z")
    times = LocalTimes(berlin, before)
    assert (times.offset, times.time(before), times.time(after)) == (
        "+02:00",
        "2026-10-25 02:30:00",
        "2026-10-25 02:30:00+01:00",
    )
    assert (times.time(None), LocalTimes(ZoneInfo("America/New_York"), 0).offset) == ("-", "-05:00")
    assert times.span(before, after + 86_400_000_000) == "2026-10-25 02:30:00 to 2026-10-26 02:30:00+01:00"


def test_text_fits_its_columns_in_korean_too() -> None:
    assert columns([]) == []
    long = "가나다라 마바사아 " * 12
    assert max(text_width(line) for line in labelled("label", long)) <= 100
    wrapped = columns([("a" * 60, "word " * 20)])
    assert len(wrapped) == 4
    assert 90 < max(len(line) for line in wrapped) <= 96
    assert {line.index("word") for line in wrapped} == {64}
    assert columns([("x", "")]) == ["  x"]


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (None, "", "-"),
        (-3.0, "1", "-3"),
        (0.5, "ratio", "0.500000"),
        (0.0, "ratio", "0"),
        (0.00001234, "ratio", "1.234e-05"),
        (1234567.891, "kWh", "1234567.89"),
        (1e300, "", "1e+300"),
    ],
)
def test_numbers_are_short(number: float | None, unit: str, said: str) -> None:
    assert numeral(number, unit) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 s"), (59.7, "59.7 s"), (60.0, "1 min"), (3599.9, "1 h"), (86400.0, "1 d"), (90000.0, "1 d 1 h")],
)
def test_lengths_of_time_are_short(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_of_too_many_tags_those_with_a_remark_are_shown_first() -> None:
    plain = replace(TAG, count=ReadingCount(5, 5), coverage=1.0, decisions=(), decisions_left_out=0, unknown=())
    tags = tuple(replace(plain, tag=f"t{at:02d}") for at in range(14))
    found = text(replace(BARE, tags=(*tags, replace(TAG, tag="remarkable"))))
    assert "  remarkable: scrap_count" in found
    assert "  t10: scrap_count" in found
    assert "  t11: scrap_count" not in found
    assert "  and 3 more tags\n" in found


def test_of_too_many_decisions_the_first_are_shown() -> None:
    many = replace(TAG, decisions=tuple(replace(DECISION, time_us=us("10:00") + at) for at in range(30)))
    found = text(replace(BARE, tags=(many, replace(many, tag="second"))))
    assert found.count("    fell for no reason") == 40
    assert "  press1.scrap: 5 more decisions are not shown" in found
    assert "  second: 25 more decisions are not shown" in found
