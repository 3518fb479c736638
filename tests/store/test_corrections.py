"""What was signed off comes back as it was, and is never changed."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.corrections import all_corrections, detail, kind_of, save
from collector.store.store import StoreError, reading, transaction, writing
from plant.correction import Content, Decision, LotDecision, MeterChange, OrderCancelled, Revocation
from plant.order import OrderStatus

AMOUNTS = st.floats(0, 2.0**53)
TIMES = st.integers(-(2**60), 2**60)
IDS = st.none() | st.text(min_size=1, max_size=5)
CONTENTS = st.one_of(
    st.builds(MeterChange, st.text(), TIMES, AMOUNTS, AMOUNTS),
    st.builds(LotDecision, st.text(), TIMES, AMOUNTS, st.sampled_from(Decision), IDS, IDS, IDS),
    st.builds(OrderCancelled, st.text(), IDS, st.sampled_from(OrderStatus), st.none() | st.dates()),
    st.builds(Revocation, st.integers(1, 2**40)),
)


@settings(max_examples=10, derandomize=True, deadline=None)
@given(st.lists(CONTENTS, max_size=40))
def test_what_is_saved_comes_back_in_order(tmp_path_factory: pytest.TempPathFactory, contents: list[Content]) -> None:
    store = tmp_path_factory.mktemp("store") / "plant.db"
    with writing(store) as connection, transaction(connection):
        saved = [save(connection, one, 100 + at, "김", "교체") for at, one in enumerate(contents)]
    with reading(store) as connection:
        assert all_corrections(connection) == saved
    assert [one.content for one in saved] == contents
    assert [one.id for one in saved] == list(range(1, len(contents) + 1))


def test_detail_is_what_the_page_of_the_store_says() -> None:
    assert detail(MeterChange("main.energy", 5, 900.5, 0.0)) == {
        "tag": "main.energy",
        "at_us": 5,
        "old_final": 900.5,
        "new_first": 0.0,
    }
    lot = LotDecision("press1", 5, 3.0, Decision.RELEASED, lot="L7")
    assert detail(lot)["decision"] == "released"
    assert sorted(detail(lot)) == ["at_us", "decision", "lot", "order", "product", "quantity", "work_unit"]
    order = OrderCancelled("4711", None, OrderStatus.CANCELLED_BY_US, date(2026, 11, 3))
    assert detail(order) == {"order_id": "4711", "line_id": None, "status": "cancelled_by_us", "on": "2026-11-03"}
    assert detail(Revocation(7)) == {"of": 7}
    assert [kind_of(one) for one in (lot, order, Revocation(7))] == ["lot", "order", "revoke"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("meter", "{"),
        ("meter", '{"tag": "a"}'),
        ("lot", "{}"),
        ("lot", "[]"),
        ("order", '{"order_id": "4711", "line_id": null, "status": "lost", "on": null}'),
        ("other", "{}"),
    ],
)
def test_a_damaged_row_is_told(tmp_path: Path, kind: str, text: str) -> None:
    store = tmp_path / "plant.db"
    row = (kind, 5, "Kim", "why", text)
    query = "insert into correction (kind, recorded_us, by, reason, detail) values (?, ?, ?, ?, ?)"
    with writing(store) as connection, transaction(connection):
        connection.exec_driver_sql(query, row)
    with pytest.raises(StoreError, match="is damaged: detail of a correction"), reading(store) as connection:
        all_corrections(connection)
