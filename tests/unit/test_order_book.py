"""Is an order the same in whatever range it is asked for, and are most lines on time?"""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.order_book import HEADINGS, order_rows

DAYS = st.integers(0, 400).map(lambda days: date(2026, 1, 1) + timedelta(days=days))


@given(st.integers(0, 2**32), DAYS, st.integers(0, 30), st.integers(0, 30))
@settings(max_examples=30, deadline=None)
def test_ranges_add_up(seed: int, start: date, first: int, second: int) -> None:
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    parts = [*order_rows(seed, start, middle, end), *order_rows(seed, middle, end, end)]
    assert parts == list(order_rows(seed, start, end, end))


def test_rows_say_what_an_order_file_says() -> None:
    today = date(2026, 11, 22)
    rows = list(order_rows(1, date(2026, 10, 1), date(2026, 12, 1), today, ["A", "B"]))
    assert len(rows) > 150
    assert len({(row["order_id"], row["line_id"]) for row in rows}) == len(rows)
    for row in rows:
        assert tuple(row) == HEADINGS
        assert int(row["quantity"]) > 0
        assert row["product"] in ("A", "B")
        assert row["recorded_date"] <= today.isoformat()
        assert bool(row["delivered_date"]) == bool(row["delivered_quantity"])
        assert row["delivered_date"] <= today.isoformat()


def test_most_lines_are_on_time_and_some_are_not() -> None:
    rows = [
        row for row in order_rows(2, date(2026, 1, 1), date(2026, 7, 1), date(2026, 11, 1)) if row["status"] == "open"
    ]
    in_full = [row for row in rows if row["delivered_quantity"] == row["quantity"]]
    on_time = [row for row in in_full if row["delivered_date"] <= row["due_date"]]
    assert 0.8 < len(on_time) / len(rows) < 0.95
    assert len(in_full) < len(rows)


def test_an_order_is_delivered_in_time_and_not_before_it_is_known() -> None:
    due = (date(2026, 11, 2), date(2026, 11, 14))
    early = {(row["order_id"], row["line_id"]): row for row in order_rows(1, *due, date(2026, 10, 20))}
    late = {(row["order_id"], row["line_id"]): row for row in order_rows(1, *due, date(2026, 12, 1))}
    assert early.keys() <= late.keys()
    for key, row in early.items():
        assert not row["delivered_date"]
        assert (row["quantity"], row["due_date"]) == (late[key]["quantity"], late[key]["due_date"])
