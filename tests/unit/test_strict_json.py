"""Is JSON taken only where every reader would understand the same?"""

import json

import pytest

from kpi.strict_json import JsonError, require_portable, strict_json


def refused(text: str | bytes) -> str:
    payload = text.encode() if isinstance(text, str) else text
    with pytest.raises(JsonError) as refusal:
        strict_json(payload, 100_000)
    return str(refusal.value)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_plain_data_come_back_as_they_were_written() -> None:
    data = {"a": [1, -2.5, True, False, None, "한"], "b": {}}
    assert strict_json(json.dumps(data).encode(), 1000) == data


def test_a_text_may_have_exactly_the_most_bytes() -> None:
    assert strict_json(b"[10]", 4) == [10]
    with pytest.raises(JsonError, match="is larger than 3 bytes"):
        strict_json(b"[10]", 3)


def test_nesting_ends_at_12() -> None:
    # The outermost value is at depth 0, so 13 brackets reach depth 12.
    assert strict_json(nested(13).encode(), 100) is not None
    assert refused(nested(14)) == "nests deeper than 12"
    assert refused('{"a":' * 13 + "1" + "}" * 13) == "nests deeper than 12"
    assert refused(nested(40_000)) == "nests deeper than 12"


@pytest.mark.parametrize("number", ["9007199254740991", "-9007199254740991", "9007199254740991.0", "1e15", "0.1"])
def test_a_number_below_2_to_the_53_is_taken(number: str) -> None:
    assert strict_json(number.encode(), 100) == float(number)


@pytest.mark.parametrize("number", ["9007199254740992", "-9007199254740992", "9007199254740992.0", "1e16", "1e999"])
def test_a_number_that_readers_may_see_differently_is_refused(number: str) -> None:
    assert "2^53" in refused(f"[{number}]")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), 2.0**53])
def test_data_with_such_a_number_are_not_portable(value: float) -> None:
    require_portable({"a": [2**53 - 1, True]})
    with pytest.raises(JsonError, match="not finite or not below 2\\^53"):
        require_portable({"a": (value,)})
