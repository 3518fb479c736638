"""Order lines as a table shows them."""

from dataclasses import replace
from datetime import date

import pytest

from collector.page.due_lines import DueLine, LineStatus, chosen_lines, line_status
from kpi.order_line import LineResult

DUE = date(2026, 11, 20)
LINE = LineResult(
    "SO-1", "P-100", DUE, 10.0, settled=True, complete=True, on_time=True, days_late=0, on_time_quantity=10.0
)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (LINE, LineStatus.ON_TIME),
        (replace(LINE, on_time=False, days_late=2, completed=date(2026, 11, 22)), LineStatus.LATE),
        (replace(LINE, on_time=False, days_late=2, complete=False), LineStatus.LATE_OPEN),
        (replace(LINE, on_time=False, completed=date(2026, 11, 1)), LineStatus.EARLY),
        (replace(LINE, settled=False, on_time=False, complete=False), LineStatus.OPEN),
    ],
)
def test_each_line_has_one_word_for_what_became_of_it(line: LineResult, status: LineStatus) -> None:
    done = replace(line, completed=DUE) if line is LINE else line
    assert line_status(done) is status


def shown(order: str, status: LineStatus, days_late: int = 0, customer: str = "Daehan") -> DueLine:
    return DueLine(order, "1", customer, "P-100", 10.0, 0.0, DUE, None, days_late, None, status)


def test_late_ones_stand_first_and_text_narrows_what_is_shown() -> None:
    lines = [
        shown("SO-1", LineStatus.ON_TIME),
        shown("SO-2", LineStatus.LATE, 3),
        shown("SO-3", LineStatus.LATE_OPEN, 1),
        shown("SO-4", LineStatus.LATE, 5, "Seojin"),
    ]
    assert [one.order_id for one in chosen_lines(lines, "", "urgency", "")] == ["SO-3", "SO-4", "SO-2", "SO-1"]
    assert [one.order_id for one in chosen_lines(lines, "late", "customer", "")] == ["SO-2", "SO-4"]
    assert [one.order_id for one in chosen_lines(lines, "", "late", " SEOJIN ")] == ["SO-4"]
