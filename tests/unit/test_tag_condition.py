from dataclasses import replace

import pytest

from collector.tag_condition import Condition, TagNow, condition, status_words
from collector.tag_habit import Habit
from plant.status_code import BAD, GOOD, UNCERTAIN, parse_status
from plant.tag import Role, Tag

MINUTE_US = 60_000_000
NOW_US = 1_000_000 * MINUTE_US
TAG = Tag("press1.temperature", "press1", Role.TEMPERATURE, "Cel")
NOW = TagNow(TAG, "press-line", (NOW_US - 1_000_000, GOOD), NOW_US - 500_000, contact_s=1.0)


def _when(us: int) -> str:
    return f"-{(NOW_US - us) // MINUTE_US} min"


def _span(seconds: float) -> str:
    return f"{seconds:g} s"


def _of(now: TagNow) -> tuple[Condition, str, str]:
    found, why = condition(now, NOW_US, _when, _span)
    return found, why.en, why.ko


def test_a_good_reading_of_a_device_that_answers_is_good_and_needs_no_words() -> None:
    assert _of(NOW) == (Condition.GOOD, "", "")


def test_a_tag_that_never_had_a_reading_says_so_and_why_where_it_is_known() -> None:
    never = replace(NOW, reading=None)
    assert _of(never)[:2] == (Condition.NEVER, "no reading yet")
    assert _of(replace(never, gap=(NOW_US - MINUTE_US, "refused")))[1] == "no reading yet (refused)"


def test_a_gap_that_lasts_goes_before_what_the_last_reading_said() -> None:
    cut = replace(NOW, reading=(NOW_US - MINUTE_US, BAD), gap=(NOW_US - 7 * MINUTE_US, "no answer"))
    assert _of(cut) == (Condition.GAP, "no contact since -7 min (no answer)", "-7 min부터 통신 두절 (no answer)")


@pytest.mark.parametrize(
    ("contact_s", "silent_s", "found"),
    [
        (10.0, 30.0, Condition.GOOD),
        (10.0, 30.1, Condition.SILENT),
        (0.5, 5.0, Condition.GOOD),  # the shortest silence that is worth a word
        (0.5, 5.1, Condition.SILENT),
    ],
)
def test_a_device_is_silent_after_three_missed_contacts(contact_s: float, silent_s: float, found: Condition) -> None:
    heard_us = NOW_US - int(silent_s * 1e6)
    now = replace(NOW, reading=(heard_us - MINUTE_US, GOOD), contact_us=heard_us, contact_s=contact_s)
    assert _of(now)[0] is found


def test_without_a_contact_the_last_reading_says_when_the_device_was_heard() -> None:
    assert _of(replace(NOW, contact_us=None))[0] is Condition.GOOD
    assert _of(replace(NOW, contact_us=None, reading=(NOW_US - MINUTE_US, GOOD)))[0] is Condition.SILENT


def test_what_a_status_says_is_told_in_plain_words_and_a_rare_one_by_its_name() -> None:
    failed = replace(NOW, reading=(NOW_US, parse_status("BadSensorFailure")))
    assert _of(failed)[0] is Condition.BAD
    assert "probe has failed" in _of(failed)[1]
    assert _of(replace(NOW, reading=(NOW_US, UNCERTAIN)))[0] is Condition.UNCERTAIN
    assert status_words(parse_status("BadTooManyPublishRequests")).en == "the device says BadTooManyPublishRequests"
    assert status_words(parse_status("BadNoData")).ko == "값이 없습니다"


def test_a_number_is_frozen_after_twice_its_longest_pause() -> None:
    habit = Habit(NOW_US - 41 * MINUTE_US, 20 * MINUTE_US)
    found, why, _ = _of(replace(NOW, habit=habit))
    assert (found, why) == (
        Condition.FROZEN,
        "has not changed since -41 min; in the last week never for longer than 1200 s",
    )
    assert _of(replace(NOW, habit=replace(habit, changed_us=NOW_US - 40 * MINUTE_US)))[0] is Condition.GOOD
    assert _of(replace(NOW, habit=replace(habit, longest_pause_us=None)))[0] is Condition.GOOD
    assert _of(replace(NOW, habit=Habit()))[0] is Condition.GOOD


def test_a_state_may_stay_as_long_as_it_likes() -> None:
    state = replace(NOW, tag=Tag("press1.state", "press1", Role.STATE, ""), habit=Habit(0, MINUTE_US))
    assert _of(state)[0] is Condition.GOOD


def test_a_counter_that_stands_while_its_machine_runs_is_frozen() -> None:
    good = Tag("press1.good", "press1", Role.GOOD_COUNT, "1")
    still = replace(NOW, tag=good, habit=Habit(NOW_US - 60 * MINUTE_US, None), executing_us=NOW_US - 16 * MINUTE_US)
    found, why, _ = _of(still)
    assert (found, why) == (Condition.FROZEN, "press1 is Executing, yet this has not changed since -16 min")
    assert _of(replace(still, executing_us=NOW_US - 15 * MINUTE_US))[0] is Condition.GOOD
    assert _of(replace(still, habit=Habit(NOW_US - 5 * MINUTE_US)))[0] is Condition.GOOD
    assert _of(replace(still, executing_us=None))[0] is Condition.GOOD
    scrap = replace(still, tag=Tag("press1.scrap", "press1", Role.SCRAP_COUNT, "1"))
    assert _of(scrap)[0] is Condition.GOOD
