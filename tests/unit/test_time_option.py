"""Times on the command line."""

from zoneinfo import ZoneInfo

import pytest
import typer

from commands.terminal import time_option
from plant.instant import parse_instant
from plant.period import Clock

CLOCK = Clock(ZoneInfo("Asia/Seoul"), 8 * 60)


def test_a_date_alone_is_the_start_of_its_production_day() -> None:
    assert time_option("--at", "2026-11-21", CLOCK.day_start) == parse_instant("2026-11-21T08:00:00+09:00")


def test_a_time_is_itself() -> None:
    assert time_option("--at", "2026-11-21T01:02:03Z", CLOCK.day_start) == parse_instant("2026-11-21T01:02:03+00:00")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "must be an ISO 8601 time"),
        ("2026-11-21T08:00:00", "needs an offset"),
        ("9999-12-31", "must lie in the years 1900 to 9899"),
        ("0001-01-01", "must lie in the years 1900 to 9899"),
        ("0001-01-01T00:00:00+14:00", "must lie in the years 1900 to 9899"),
    ],
)
def test_what_is_no_time_is_refused(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as refused:
        time_option("--at", text, CLOCK.day_start)
    assert refused.value.exit_code == 2
    assert said in capsys.readouterr().err
