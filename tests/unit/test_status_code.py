"""StatusCodes of OPC UA: names, numbers, severities."""

import pytest

from plant.status_code import BAD, GOOD, UNCERTAIN, is_bad, is_good, is_uncertain, parse_status, status_name


@pytest.mark.parametrize(
    ("code", "severity"),
    [(GOOD, "good"), (0x00960000, "good"), (UNCERTAIN, "uncertain"), (BAD, "bad"), (0xC0000000, "bad")],
)
def test_the_two_highest_bits_are_the_severity(code: int, severity: str) -> None:
    assert [is_good(code), is_uncertain(code), is_bad(code)] == [severity == s for s in ("good", "uncertain", "bad")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", GOOD),
        ("Good", GOOD),
        (" Bad ", BAD),
        ("BadNoCommunication", 0x80310000),
        ("0x80310000", 0x80310000),
        ("2147483648", BAD),
        ("4294967295", 0xFFFFFFFF),
    ],
)
def test_a_status_is_a_name_or_a_number(text: str, code: int) -> None:
    assert parse_status(text) == code


@pytest.mark.parametrize(("text", "said"), [("good", "name or number"), ("1.5", "name or number")])
def test_what_is_no_status_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_status(text)


@pytest.mark.parametrize("text", ["-1", "4294967296", "0x1_0000_0000"])
def test_a_number_of_more_than_32_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        parse_status(text)


def test_information_bits_do_not_change_the_name() -> None:
    assert status_name(GOOD) == status_name(0x0000048F) == "Good"
    assert status_name(0x80310000) == "BadNoCommunication"


def test_a_code_without_a_name_is_shown_as_number() -> None:
    assert status_name(0x8FFF1234) == "0x8FFF1234"
    assert parse_status(status_name(0x8FFF1234)) == 0x8FFF1234
