import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.code_changes import Changes
from collector.trend_bands import Band, bands, held_s, longest_of_each, runs_of
from collector.trend_line import Unknown
from kpi.state import StateRuns

NAN = float("nan")


def _changes(*pairs: tuple[int, float]) -> Changes:
    return Changes(
        np.array([at for at, _ in pairs], dtype=np.int64), np.array([code for _, code in pairs], dtype=float)
    )


def _rows(runs: StateRuns) -> list[tuple[int, int, float]]:
    return list(zip(runs.start_us.tolist(), runs.end_us.tolist(), runs.code.tolist(), strict=True))


def test_a_code_holds_until_the_next_and_the_last_to_the_end() -> None:
    assert _rows(runs_of(_changes((10, 1.0), (20, 2.0)), [], 50)) == [(10, 20, 1.0), (20, 50, 2.0)]
    assert _rows(runs_of(_changes(), [], 50)) == []


def test_a_code_is_not_known_in_a_gap_nor_from_a_bad_reading_on() -> None:
    unknown = [Unknown(12, 15, "off"), Unknown(30, 40, "Bad")]
    runs = runs_of(_changes((10, 1.0), (30, NAN), (40, 2.0)), unknown, 50)
    assert _rows(runs) == [(10, 12, 1.0), (15, 30, 1.0), (40, 50, 2.0)]


def test_how_long_each_held_is_told_the_longest_first() -> None:
    runs = runs_of(_changes((0, 1.0), (1_000_000, 2.0), (4_000_000, 1.0)), [], 4_500_000)
    assert held_s(runs) == [(2.0, 3.0), (1.0, 1.5)]


def test_bands_carry_the_texts_of_their_codes() -> None:
    assert bands(runs_of(_changes((0, 1.0)), [], 5), {1.0: "Executing"}.__getitem__) == [Band(0, 5, "Executing")]


def test_the_longest_of_each_stretch_is_shown_and_equal_neighbours_are_one() -> None:
    runs = runs_of(_changes((0, 1.0), (6, 2.0), (10, 1.0), (19, 3.0), (20, 2.0)), [], 30)
    assert _rows(longest_of_each(runs, 10)) == [(0, 20, 1.0), (20, 30, 2.0)]


draws = st.lists(st.tuples(st.integers(0, 200), st.sampled_from((0.0, 1.0, 2.0))), min_size=1, max_size=30)
holes = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=4)


@settings(max_examples=150)
@given(draws, holes, st.integers(1, 70))
def test_what_is_drawn_of_stretches_held_longest_in_them(
    drawn: list[tuple[int, float]], gaps: list[tuple[int, int]], width: int
) -> None:
    pairs = sorted(dict(drawn).items())
    unknown = [Unknown(start, start + length, "off") for start, length in gaps]
    runs = runs_of(_changes(*pairs), unknown, 220)
    by_us: dict[int, float] = {us: code for start, end, code in _rows(runs) for us in range(start, end)}
    off = {us for one in unknown for us in range(one.start_us, one.end_us)}
    held = {us: max(pair for pair in pairs if pair[0] <= us)[1] for us in range(pairs[0][0], 220) if us not in off}
    assert by_us == held
    shown = {us: code for start, end, code in _rows(longest_of_each(runs, width)) for us in range(start, end)}
    assert by_us.keys() <= shown.keys()
    for begin in {us // width for us in by_us}:
        codes = [code for us, code in by_us.items() if us // width == begin]
        (chosen,) = {code for us, code in shown.items() if us // width == begin and us in by_us}
        assert codes.count(chosen) == max(codes.count(code) for code in codes)
