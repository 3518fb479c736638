"""How planned time was used. One letter is a minute: E executing, N not, S setup, O out of service, . not known."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from state_runs_of import MIN, STATES, letters, marked, minutes, model

from kpi.state import no_runs
from kpi.stop import Stops
from kpi.time_model import UnitTime, time_model
from plant.intervals import EMPTY


def parts(found: UnitTime) -> list[float]:
    """APT, setup, out of service, not executing, unknown, unplanned; in minutes."""
    seconds = [found.apt_s, found.setup_s, found.out_of_service_s, found.not_executing_s, found.unknown_s]
    return [part / 60 for part in (*seconds, found.unplanned_s)]


def rows(stops: Stops) -> list[tuple[float, float, float]]:
    """Start, end and time inside planned time; in minutes."""
    columns = (stops.start_us, stops.end_us, stops.time_us)
    return list(zip(*((column / MIN).tolist() for column in columns), strict=True))


def test_every_state_is_one_part_of_planned_time() -> None:
    found = model("EEEE SSS NN O")
    assert parts(found) == [4, 3, 1, 2, 0, 0]
    assert (found.pbt_s, found.coverages) == (600, (1,))


def test_other_names_and_time_not_known_are_unknown() -> None:
    found = model("EE L h 9 .")
    assert parts(found) == [2, 0, 0, 0, 4, 0]
    assert (found.pbt_s, found.coverages) == (360, (pytest.approx(1 / 3),))


def test_only_planned_time_counts_and_executing_outside_is_shown_apart() -> None:
    found = model("EEEO OEES SEEE", "..pp ppp. ....")
    assert parts(found) == [3, 0, 2, 0, 0, 5]
    assert found.pbt_s == 300


def test_only_the_period_counts() -> None:
    found = model("EESE EEEN", "ppp. pppp", span=(1, 6))
    assert parts(found) == [3, 1, 0, 0, 0, 1]


def test_without_runs_all_planned_time_is_unknown() -> None:
    found = time_model(no_runs(), STATES, minutes((0, 10)), (0, 10 * MIN))
    assert parts(found) == [0, 0, 0, 0, 10, 0]
    assert found.coverages == (0,)
    assert len(found.stops) == len(found.failures) == 0


def test_without_planned_time_there_is_nothing_but_unplanned_production() -> None:
    found = model("EEEE OOOOOO NNN E", "." * 14)
    assert parts(found) == [0, 0, 0, 0, 0, 5]
    assert (found.pbt_s, found.coverages) == (0, ())
    listed = (found.failures, found.repairs, found.open_repairs, found.micro_stops, found.stops)
    assert [len(stops) for stops in listed] == [0] * 5


@pytest.mark.parametrize("span", [(5 * MIN, 5 * MIN), (90 * MIN, 95 * MIN)])
def test_a_period_without_anything_in_it_is_empty(span: tuple[int, int]) -> None:
    found = time_model(letters("EEEEOOOOOONN"), STATES, minutes((0, 12)), span)
    assert parts(found) == [0] * 6
    assert time_model(no_runs(), STATES, EMPTY, span).pbt_s == 0


def test_five_minutes_out_of_service_are_a_failure_and_less_are_none() -> None:
    found = model("E OOOOO E OOOO E")
    assert rows(found.failures) == [(1, 6, 5)]
    assert rows(found.repairs) == [(1, 6, 5)]
    assert rows(found.open_repairs) == []


def test_a_break_does_not_divide_a_failure_and_is_not_counted_in_it() -> None:
    found = model("E OOO OOOO OOO E", "p ppp .... ppp p")
    assert rows(found.failures) == [(1, 11, 6)]
    assert rows(found.repairs) == [(1, 11, 6)]
    assert rows(model("E OOO .... OOO E", "p ppp .... ppp p").failures) == [(1, 11, 6)]


def test_another_state_during_the_break_ends_the_failure_before_it() -> None:
    found = model("E OOOOO OENO OOOOO E", "p ppppp .... ppppp p")
    assert rows(found.failures) == [(1, 6, 5), (10, 15, 5)]
    assert rows(found.repairs) == [(1, 6, 5), (10, 15, 5)]


def test_out_of_service_outside_planned_time_makes_no_failure_longer() -> None:
    found = model("OOOOOOOO OOOO E", "........ pppp p")
    assert rows(found.failures) == []
    assert rows(model("OOOOOOOO OOOOO E", "........ ppppp p").failures) == [(8, 13, 5)]


def test_less_than_five_minutes_not_known_do_not_end_a_failure_and_add_nothing() -> None:
    found = model("E OOO ..L. OOO E")
    assert rows(found.failures) == [(1, 11, 6)]
    assert rows(found.repairs) == [(1, 11, 6)]
    assert (found.out_of_service_s, found.unknown_s) == (360, 240)


def test_five_minutes_not_known_end_a_failure_without_a_repair() -> None:
    found = model("E OOOOOO ..... OOOOO E")
    assert rows(found.failures) == [(1, 7, 6), (12, 17, 5)]
    assert rows(found.repairs) == [(12, 17, 5)]
    assert rows(found.open_repairs) == [(1, 7, 6)]


def test_a_break_does_not_make_the_time_not_known_longer() -> None:
    found = model("E OOO .. ...... .. OOO E", "p ppp pp ...... pp ppp p")
    assert rows(found.failures) == [(1, 17, 6)]


def test_a_failure_that_a_known_state_followed_after_a_short_unknown_time_is_repaired() -> None:
    assert rows(model("OOOOO .. E").repairs) == [(0, 5, 5)]
    assert rows(model("OOOOO ..... E").repairs) == []


@pytest.mark.parametrize("state", ["E", "N", "S"])
def test_any_other_state_ends_a_repair(state: str) -> None:
    assert rows(model(f"OOOOO {state}").repairs) == [(0, 5, 5)]


def test_a_repair_that_is_not_over_is_a_failure_and_downtime_but_no_repair() -> None:
    found = model("EEE OOOOOO")
    assert (rows(found.failures), rows(found.repairs), rows(found.open_repairs)) == ([(3, 9, 6)], [], [(3, 9, 6)])
    assert found.out_of_service_s == 360


def test_a_repair_that_ends_with_the_period_is_done_if_a_state_is_read_then() -> None:
    found = model("EEE OOOOOO N", span=(0, 9))
    assert (rows(found.repairs), rows(found.open_repairs)) == ([(3, 9, 6)], [])
    after = model("EEE OOOOOO N", span=(9, 10))
    assert (rows(after.failures), rows(after.repairs), rows(after.open_repairs)) == ([], [], [])


def test_a_failure_is_of_the_period_it_began_in_and_its_repair_of_the_one_it_ended_in() -> None:
    text = "EE OOOOOOOO EE"
    first, second = model(text, span=(0, 6)), model(text, span=(6, 12))
    assert (rows(first.failures), rows(first.repairs), rows(first.open_repairs)) == ([(2, 10, 8)], [], [(2, 10, 8)])
    assert (rows(second.failures), rows(second.repairs), rows(second.open_repairs)) == ([], [(2, 10, 8)], [])
    assert (first.out_of_service_s, second.out_of_service_s) == (240, 240)


def test_a_failure_over_a_whole_period_is_listed_in_it_as_open() -> None:
    middle = model("E OOOOOOOOOOOO E", span=(4, 8))
    assert (rows(middle.failures), rows(middle.repairs), rows(middle.open_repairs)) == ([], [], [(1, 13, 12)])


def test_a_failure_that_begins_when_the_period_ends_is_none_of_it() -> None:
    found = model("EE OOOOOO E", span=(0, 2))
    assert (rows(found.failures), rows(found.open_repairs)) == ([], [])


def test_two_minutes_at_the_end_of_a_day_are_a_failure_if_the_next_day_makes_them_five() -> None:
    text, plan = "EEE OO OOOOO OOO EE", "ppp pp ..... ppp pp"
    assert rows(model(text, plan, span=(0, 5)).failures) == [(3, 13, 5)]
    assert rows(model(text, plan, span=(10, 15)).failures) == []
    assert rows(model(text, plan, span=(10, 15)).repairs) == [(3, 13, 5)]


def test_a_repair_made_after_the_shift_belongs_to_the_shift() -> None:
    text, plan = "EE OOOOO OOO N ... EE", "pp ppppp ... . ... pp"
    assert rows(model(text, plan, span=(0, 7)).repairs) == [(2, 7, 5)]
    assert rows(model(text, plan, span=(7, 16)).repairs) == []


def test_a_micro_stop_is_less_than_five_minutes_between_production() -> None:
    found = model("E NNNN E OO E NNNNN E")
    assert rows(found.micro_stops) == [(1, 5, 4), (6, 8, 2)]
    assert found.micro_stops.time_s == 360


@pytest.mark.parametrize("text", ["S NN E", "E NN S", "NN E", "E NN", "E NN ..... E", "E NNN OOO E", "E SS E"])
def test_what_is_no_micro_stop(text: str) -> None:
    assert rows(model(text).micro_stops) == []


def test_a_micro_stop_may_be_of_two_states_and_over_a_break() -> None:
    assert rows(model("E NN OO E").micro_stops) == [(1, 5, 4)]
    assert rows(model("E NN NNNNNN N E", "p pp ...... p p").micro_stops) == [(1, 10, 3)]
    assert rows(model("E NN EEEEEE N E", "p pp ...... p p").micro_stops) == [(1, 3, 2), (9, 10, 1)]
    assert rows(model("E N .. N E").micro_stops) == [(1, 5, 2)]


def test_a_stop_outside_planned_time_is_no_micro_stop() -> None:
    assert rows(model("E NN E", "p .. p").micro_stops) == []


def test_a_micro_stop_is_of_the_period_it_began_in() -> None:
    assert rows(model("E NNN E", span=(0, 2)).micro_stops) == [(1, 4, 3)]
    assert rows(model("E NNN E", span=(2, 5)).micro_stops) == []


def test_stops_are_all_planned_time_without_production_that_is_known() -> None:
    found = model("E SS NNN .. L O E N", "p pp p.p pp p p p p")
    assert rows(found.stops) == [(1, 3, 2), (3, 6, 2), (9, 10, 1), (11, 12, 1)]
    assert found.stops.reason.tolist() == ["Setup", "NotExecuting", "OutOfService", "NotExecuting"]


def test_stops_are_cut_where_the_period_ends() -> None:
    assert rows(model("E NNNNNN E", span=(0, 3)).stops) == [(1, 3, 2)]
    assert rows(model("E NNNNNN E", span=(3, 8)).stops) == [(3, 7, 4)]


def repeated(letters_of: str, most: int) -> st.SearchStrategy[str]:
    """48 letters, each of them several times."""
    parts = st.lists(st.tuples(st.sampled_from(letters_of), st.integers(1, most)), min_size=8, max_size=20)
    return parts.map(lambda rows: "".join(letter * times for letter, times in rows).ljust(48, letters_of[0])[:48])


TEXTS, PLANS = repeated("EOONSO.L", 8), repeated("ppp.", 12)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(TEXTS, PLANS, st.integers(0, 48), st.integers(0, 48))
def test_parts_are_what_a_look_at_every_minute_says(text: str, plan: str, one: int, other: int) -> None:
    start, end = sorted((one, other))
    found = time_model(letters(text), STATES, marked(plan), (start * MIN, end * MIN))
    seen = [(text[at], plan[at] == "p") for at in range(start, end)]
    wanted: list[float] = [
        sum(plan and letter in these for letter, plan in seen) for these in ("E", "S", "O", "N", ".L")
    ]
    assert parts(found) == [*wanted, sum(letter == "E" and not plan for letter, plan in seen)]
    assert sum(parts(found)[:5]) * 60 == found.pbt_s == 60 * sum(plan for _, plan in seen)
    assert found.stops.time_s == found.setup_s + found.out_of_service_s + found.not_executing_s


@settings(max_examples=150, derandomize=True, deadline=None)
@given(TEXTS, PLANS, st.lists(st.integers(0, 48), max_size=4))
def test_periods_add_up(text: str, plan: str, cuts: list[int]) -> None:
    runs, planned = letters(text), marked(plan)
    bounds = [0, *sorted(cuts), 48]
    whole = time_model(runs, STATES, planned, (0, 48 * MIN))
    pieces = [time_model(runs, STATES, planned, (start * MIN, end * MIN)) for start, end in pairwise(bounds)]
    assert [sum(values) for values in zip(*map(parts, pieces), strict=True)] == parts(whole)
    for name in ("failures", "repairs", "micro_stops"):
        apart = [row for piece in pieces for row in rows(getattr(piece, name))]
        assert apart == rows(getattr(whole, name))
    assert sum(piece.stops.time_s for piece in pieces) == whole.stops.time_s


@settings(max_examples=150, derandomize=True, deadline=None)
@given(TEXTS, PLANS)
def test_failures_are_what_a_walk_through_the_minutes_finds(text: str, plan: str) -> None:
    found = model(text, plan)
    assert (rows(found.failures), rows(found.repairs)) == walked(text, plan)
    assert len(found.open_repairs) == len(found.failures) - len(found.repairs)


Rows = list[tuple[float, float, float]]


def walked(text: str, plan: str) -> tuple[Rows, Rows]:
    """Failures and repairs as one finds them by going through the minutes once."""
    failures: Rows = []
    repairs: Rows = []
    down: list[int] = []  # planned minutes out of service since another state was read
    silent = 0  # planned minutes since any state was read
    for at, (letter, planned) in enumerate(zip([*text, "end"], [*plan, "end"], strict=True)):
        if letter in ".L":
            silent += planned == "p"
        over = silent >= 5 or letter not in "O.L"
        if over and len(down) >= 5:
            failures.append((down[0], down[-1] + 1, len(down)))
            repairs += failures[-1:] if silent < 5 and at < len(text) else []
        down = [] if over else down
        if letter not in ".L":
            silent = 0
        if letter == "O" and planned == "p":
            down.append(at)
    return failures, repairs
