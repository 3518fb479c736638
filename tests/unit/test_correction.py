"""Which corrections hold as of an instant."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plant.correction import (
    Correction,
    Decision,
    LotDecision,
    MeterChange,
    OrderCancelled,
    Revocation,
    contents,
    in_force,
)
from plant.order import OrderStatus

CHANGE = MeterChange("main.energy", 5, 900.0, 0.0)
LOT = LotDecision("press1", 7, 3.0, Decision.REJECTED)
ORDER = OrderCancelled("4711", None, OrderStatus.CANCELLED_BY_CUSTOMER)


def correction(number: int, recorded_us: int, content: object) -> Correction:
    return Correction(number, recorded_us, "Kim", "why", content)  # type: ignore[arg-type]


def test_a_correction_holds_from_when_it_was_recorded_until_it_is_revoked() -> None:
    found = [correction(1, 10, CHANGE), correction(2, 20, LOT), correction(3, 30, Revocation(1))]
    assert [[one.id for one in in_force(found, at)] for at in (10, 11, 21, 30, 31)] == [[], [1], [1, 2], [1, 2], [2]]
    assert [one.id for one in in_force(found)] == [2]
    assert in_force([]) == []


def test_what_the_corrections_of_a_kind_say_keeps_its_order() -> None:
    found = [correction(1, 10, LOT), correction(2, 20, CHANGE), correction(3, 30, ORDER), correction(4, 40, LOT)]
    assert contents(found, LotDecision) == [LOT, LOT]
    assert contents(found, MeterChange) == [CHANGE]
    assert contents(found, OrderCancelled) == [ORDER]
    assert contents(found, Revocation) == []


def test_a_rejected_lot_is_more_scrap_and_a_released_one_is_less() -> None:
    assert LOT.more_scrap == 3
    assert LotDecision("press1", 7, 3.0, Decision.RELEASED).more_scrap == -3


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 8)), max_size=8), st.integers(0, 60))
def test_a_view_of_the_past_does_not_know_what_was_signed_off_later(
    rows: list[tuple[int, int]], before_us: int
) -> None:
    """Row (recorded, of): a correction where of is 0, else a revocation of the correction with this id."""
    found = [
        correction(number, recorded, Revocation(of) if of else CHANGE) for number, (recorded, of) in enumerate(rows, 1)
    ]
    then = [one for one in found if one.recorded_us < before_us]
    assert in_force(found, before_us) == in_force(then, before_us) == in_force(then)
