"""Quantities of work units and of the plant, and which pairs make a ratio."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.catalogue import BY_ID
from kpi.element import Element
from kpi.energy import EnergyUse
from kpi.kpi import ScopeFacts
from kpi.outcome import Outcome
from kpi.pieces import PieceCount, completed, decided, with_lots
from plant.correction import Decision, LotDecision
from plant.kpi_id import KpiId


def known(**amounts: float) -> dict[str, Element]:
    return {name: Element(float(value), (1.0,)) for name, value in amounts.items()}


def values(pieces: dict[str, Element]) -> dict[str, float | None]:
    return {name: element.value for name, element in pieces.items()}


def outcome(kpi: KpiId, count: PieceCount) -> Outcome:
    return BY_ID[kpi].outcome(ScopeFacts(count, EnergyUse()))


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        ({"good": 90, "scrap": 8}, {"produced": 98}),
        ({"good": 90, "scrap": 8, "rework": 2}, {"produced": 100}),
        ({"produced": 100, "good": 90}, {"scrap": 10}),
        ({"produced": 100, "good": 90, "rework": 2}, {"scrap": 8}),
        ({"produced": 100, "scrap": 8}, {"good": 92}),
        ({"produced": 100, "scrap": 8, "rework": 2}, {"good": 90}),
        ({"produced": 100}, {}),
        ({"good": 90, "rework": 2}, {}),
        ({"scrap": 8, "rework": 2}, {}),
        ({"rework": 2, "inspected": 50}, {}),
        ({}, {}),
    ],
)
def test_what_is_not_counted_follows_from_what_is(own: dict[str, float], wanted: dict[str, float]) -> None:
    assert values(completed(known(**own))) == own | wanted


def test_trial_pieces_are_taken_off_only_where_the_counter_counts_them_in() -> None:
    own = known(produced=100, trial=10, scrap=5)
    assert completed(own)["produced"].value == 100
    assert values(completed(own, trial_in_produced=True)) == {"produced": 90, "trial": 10, "scrap": 5, "good": 85}
    assert completed(known(produced=100), trial_in_produced=True)["produced"].value == 100


@pytest.mark.parametrize(("scrap", "flagged"), [(10, False), (9, False), (8, True), (11, False), (12, True)])
def test_a_disagreement_above_one_percent_is_flagged(scrap: float, flagged: bool) -> None:
    pieces = completed(known(produced=100, good=88, scrap=scrap, rework=2, inspected=7))
    marked = {name for name, element in pieces.items() if "unbalanced" in element.flags}
    assert marked == ({"produced", "good", "scrap", "rework"} if flagged else set())


def test_pieces_from_nothing_are_out_of_balance() -> None:
    assert completed(known(produced=0, good=1, scrap=0))["good"].flags == {"unbalanced"}
    assert completed(known(produced=0, good=0, scrap=0))["good"].flags == set()


def test_nothing_is_flagged_before_anything_was_produced() -> None:
    pieces = completed({"produced": Element(None, (0.0,)), **known(good=5, scrap=1)})
    assert pieces["good"].flags == set()


def test_the_plant_is_the_sum_of_its_work_units() -> None:
    count = PieceCount([completed(known(produced=100, good=90)), completed(known(good=50))])
    assert count.amount("good") == Element(140.0, (1.0, 1.0))
    assert count.amount("produced") == Element(100.0, (1.0,))
    assert count.amount("inspected") is None


def test_a_whole_that_is_counted_replaces_the_sum() -> None:
    count = PieceCount([completed(known(produced=100, good=90))], known(good=80))
    assert count.amount("good") == Element(80.0, (1.0,), frozenset({"unbalanced"}))


def test_what_the_whole_lacks_follows_from_it_and_the_sums() -> None:
    count = PieceCount([completed(known(produced=100)), completed(known(produced=50))], known(scrap=6))
    assert values(dict(count.units[0])) == {"produced": 100}
    good = count.amount("good")
    assert good is not None
    assert good.value == 144
    assert outcome(KpiId.QUALITY_RATIO, count).value == pytest.approx(144 / 150)
    assert outcome(KpiId.GOOD_QUANTITY, count).value == 144


def test_a_ratio_of_the_plant_takes_both_sides_from_the_same_work_units() -> None:
    count = PieceCount([completed(known(produced=100, good=90)), completed(known(good=50)), known(produced=30)])
    found = outcome(KpiId.QUALITY_RATIO, count)
    assert (found.numerator, found.denominator) == (90, 100)


def test_each_work_unit_has_its_own_base() -> None:
    count = PieceCount(
        [
            completed(known(produced=100, scrap=4, inspected=40)),
            completed(known(produced=100, scrap=6)),
        ]
    )
    found = outcome(KpiId.DEFECT_RATE, count)
    assert (found.numerator, found.denominator) == (10, 140)


def test_there_is_no_ratio_without_a_work_unit_that_has_both_sides() -> None:
    assert PieceCount([known(good=5), known(produced=5)]).pair(("good",), ("produced",)) is None
    assert PieceCount([known(produced=5)]).pair(("good",), ("produced",)) is None
    assert PieceCount([]).pair(("good",), ("produced",)) is None


def test_a_ratio_has_the_lowest_coverage_of_its_elements() -> None:
    unit = {
        "produced": Element(100.0, (1.0,)),
        "scrap": Element(4.0, (1.0,)),
        "rework": Element(1.0, (0.8,)),
    }
    assert outcome(KpiId.DEFECT_RATE, PieceCount([unit])).coverage == 0.8
    other = {"produced": Element(50.0, (1.0,)), "scrap": Element(2.0, (0.9,))}
    found = outcome(KpiId.DEFECT_RATE, PieceCount([unit, other]))
    assert found.coverage == 0.8
    assert (found.numerator, found.denominator) == (7, 150)


def lot(quantity: float, decision: Decision, at_us: int = 0, work_unit: str = "press1") -> LotDecision:
    return LotDecision(work_unit, at_us, quantity, decision)


def test_rejected_pieces_go_from_good_to_scrap_and_released_ones_back() -> None:
    pieces = known(produced=100, good=90, scrap=8, rework=2, inspected=50)
    after = with_lots(pieces, [lot(5, Decision.REJECTED), lot(2, Decision.RELEASED)])
    assert values(after) == {"produced": 100, "good": 87, "scrap": 11, "rework": 2, "inspected": 50}
    assert {name for name, element in after.items() if element.flags} == {"good", "scrap"}
    assert after["good"].flags == {"corrected"}
    assert after["good"].coverages == (1.0,)


def test_what_was_judged_and_judged_back_is_as_it_was_and_flagged() -> None:
    after = with_lots(known(good=90), [lot(5, Decision.REJECTED), lot(5, Decision.RELEASED)])
    assert after == {"good": Element(90.0, (1.0,), frozenset({"corrected"}))}


def test_without_decisions_nothing_changes() -> None:
    pieces = known(good=90, scrap=1)
    assert with_lots(pieces, []) == pieces


def test_a_decision_gives_no_value_where_there_is_none() -> None:
    pieces = {"produced": Element(5.0, (1.0,)), "good": Element(None, (0.0,))}
    assert with_lots(pieces, [lot(5, Decision.REJECTED)]) == pieces
    assert with_lots({}, [lot(5, Decision.REJECTED)]) == {}


def test_derived_amounts_move_too_and_stay_balanced() -> None:
    after = with_lots(completed(known(produced=100, good=90)), [lot(5, Decision.REJECTED)])
    assert values(after) == {"produced": 100, "good": 85, "scrap": 15}
    found = outcome(KpiId.DEFECT_RATE, PieceCount([after]))
    assert (found.numerator, found.denominator, found.flags) == (15, 100, {"corrected"})


def test_decisions_are_of_the_work_unit_and_the_period_that_holds_their_time() -> None:
    told = [lot(1, Decision.REJECTED, at_us) for at_us in (9, 10, 19, 20)]
    told.append(lot(1, Decision.REJECTED, 15, "press2"))
    assert [one.at_us for one in decided(told, "press1", 10, 20)] == [10, 19]
    assert [one.at_us for one in decided(told, "press2", 10, 20)] == [15]


AMOUNTS = st.dictionaries(
    st.sampled_from(["produced", "good", "scrap", "rework", "inspected", "trial"]),
    st.builds(Element, st.none() | st.integers(-5, 500).map(float), st.just((1.0,)) | st.just((0.0,))),
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(AMOUNTS, max_size=4), AMOUNTS, st.booleans())
def test_no_input_raises_and_every_absence_has_a_reason(
    units: list[dict[str, Element]], whole: dict[str, Element], trial: bool
) -> None:
    count = PieceCount([completed(unit, trial) for unit in units], whole)
    for kpi in BY_ID:
        found = outcome(kpi, count)
        assert (found.value is None) == (found.reason is not None)
        assert 0 <= found.coverage <= 1


def seldom(**amounts: float) -> dict[str, Element]:
    """What people counted for the plant on one of ten shifts."""
    return {name: Element(float(value), (0.1,), frozenset({"manual"})) for name, value in amounts.items()}


def test_what_is_counted_beside_the_work_units_adds_and_says_nothing_of_how_much_is_known() -> None:
    count = PieceCount([known(produced=100, scrap=4), known(produced=50), seldom(scrap=5, produced=-10)], beside=True)
    found = outcome(KpiId.SCRAP_RATIO, count)
    assert (found.numerator, found.denominator, found.coverage) == (9, 140, 1)
    assert found.flags == {"manual"}
    produced = outcome(KpiId.PRODUCED_QUANTITY, count)
    assert (produced.value, produced.coverage) == (140, 1)


def test_what_only_people_count_for_the_plant_has_their_coverage() -> None:
    count = PieceCount([known(produced=100), known(produced=50), seldom(scrap=5)], beside=True)
    found = outcome(KpiId.SCRAP_RATIO, count)
    assert (found.value, found.numerator, found.denominator, found.coverage) == (None, 5, 150, 0.1)
    alone = PieceCount([seldom(scrap=5, produced=50)], beside=True)
    assert alone.pair(("scrap",), ("produced",)) == (seldom(scrap=5), seldom(produced=50)["produced"])


def test_beside_the_work_units_too_a_ratio_needs_both_sides() -> None:
    assert PieceCount([known(good=5), seldom(scrap=1)], beside=True).pair(("scrap",), ("produced",)) is None
    assert PieceCount([known(good=5), seldom(produced=1)], beside=True).pair(("scrap",), ("produced",)) is None
    both = PieceCount([known(good=5, produced=9), known(good=1), seldom(scrap=1)], beside=True)
    assert both.pair(("good",), ("produced",)) == (known(good=5), Element(9.0, (1.0,)))
