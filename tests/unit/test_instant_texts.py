import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from plant.instant import parse_instant
from plant.instant_texts import UNREAD, plain_instants


def _instant(text: str) -> int | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None


@given(
    st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), max_size=20),  # noqa: DTZ001 (zone follows)
    st.integers(-24 * 60 + 1, 24 * 60 - 1),
)
def test_plain_texts_are_the_instants_that_they_are_one_at_a_time(times: list[datetime], offset_min: int) -> None:
    zone = timezone(timedelta(minutes=offset_min))
    texts = [time.replace(tzinfo=UTC).astimezone(zone).isoformat() for time in times]
    assert plain_instants(texts).tolist() == [parse_instant(text) for text in texts]


def test_what_is_not_plain_is_left_and_nothing_is_read_otherwise_than_one_at_a_time() -> None:
    days, times = (
        ("2026-02-28", "2026-02-29", "2028-02-29", "2026-13-01"),
        ("00:00:00", "24:00:00", "23:59:60", "1:0:0"),
    )
    ends = (
        "Z",
        "+09:00",
        "-03:30",
        "+24:00",
        "+09:60",
        "",
        ".5Z",
        ".123456-00:01",
        ".1234567Z",
        ".Z",
        "z",
        "+0900",
        " Z",
    )
    texts = [f"{day}{between}{time}{end}" for day, between, time, end in product(days, "T t", times, ends)]
    texts += ["", "오늘", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9900-01-01T00:00:00Z", "x" * 25]
    read = dict(zip(texts, plain_instants(texts).tolist(), strict=True))
    assert {text: _instant(text) for text, us in read.items() if us != UNREAD} == {
        text: us for text, us in read.items() if us != UNREAD
    }
    assert read["2028-02-29T00:00:00.5Z"] != UNREAD
    assert read["2026-02-29T00:00:00Z"] == UNREAD


def test_a_cell_of_any_length_takes_no_room_in_the_others() -> None:
    texts = ["x" * 100_000, *["2026-11-22T09:30:00Z"] * 20_000]
    tracemalloc.start()
    try:
        read = plain_instants(texts)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (read == UNREAD).tolist() == [True, *[False] * 20_000]
    assert most < 50_000_000
