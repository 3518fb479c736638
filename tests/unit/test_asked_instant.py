"""Times that are asked for."""

from zoneinfo import ZoneInfo

import pytest

from collector.question import QuestionError, asked_instant
from plant.instant import parse_instant
from plant.period import Clock

CLOCK = Clock(ZoneInfo("Asia/Seoul"), 8 * 60)


def test_a_date_alone_is_the_start_of_its_production_day() -> None:
    assert asked_instant("at", "2026-11-21", CLOCK.day_start) == parse_instant("2026-11-21T08:00:00+09:00")


def test_a_time_is_itself() -> None:
    assert asked_instant("at", "2026-11-21T01:02:03Z", CLOCK.day_start) == parse_instant("2026-11-21T01:02:03+00:00")


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
def test_what_is_no_time_is_refused(text: str, said: str) -> None:
    with pytest.raises(QuestionError) as refused:
        asked_instant("at", text, CLOCK.day_start)
    message = refused.value.spelt(lambda key: f"--{key}")
    assert message.startswith("--at: ")
    assert said in message
    assert message.endswith(f"or a date as in 2026-11-22; not {text!r}")


def test_a_refusal_names_keys_as_the_asker_writes_them_and_leaves_braces_of_what_was_typed_alone() -> None:
    refusal = QuestionError("scope", "{key}: not {text!r}, see {from}", text="{from}")
    assert refusal.spelt(lambda key: f"--{key}") == "--scope: not '{from}', see --from"
    assert refusal.spelt(str) == "scope: not '{from}', see from"
