"""Versions of a price by date."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.price import PriceVersion, price_on

JANUARY = PriceVersion(date(2026, 1, 1), 150.0, "contract 12")
JULY = PriceVersion(date(2026, 7, 1), 160.0)


def test_a_price_is_valid_from_its_day_until_the_next() -> None:
    assert price_on([JULY, JANUARY], date(2026, 1, 1)) == JANUARY
    assert price_on([JULY, JANUARY], date(2026, 6, 30)) == JANUARY
    assert price_on([JULY, JANUARY], date(2026, 7, 1)) == JULY
    assert price_on([JULY, JANUARY], date(2036, 7, 1)) == JULY


def test_before_the_first_version_there_is_no_price() -> None:
    assert price_on([JULY, JANUARY], date(2025, 12, 31)) is None
    assert price_on([], date(2026, 1, 1)) is None


def test_two_versions_of_one_day_are_refused() -> None:
    with pytest.raises(ValueError, match="same day"):
        price_on([JANUARY, PriceVersion(date(2026, 1, 1), 155.0)], date(2026, 8, 1))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.sets(st.integers(0, 400), max_size=6), st.integers(0, 400))
def test_no_version_between_the_valid_one_and_the_day(starts: set[int], day: int) -> None:
    first = date(2026, 1, 1)
    found = price_on(
        [PriceVersion(first + timedelta(days=at), float(at)) for at in starts], first + timedelta(days=day)
    )
    assert (None if found is None else found.price) == max((at for at in starts if at <= day), default=None)
