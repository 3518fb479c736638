"""Do plant and programme speak under topics that nobody else can mean?"""

import pytest

from plant.topic import Channel, plant_of, topic, topic_of_all


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        (Channel.REPORT, "smartwings/v1/iim/kr-1/report"),
        (Channel.STATUS, "smartwings/v1/iim/kr-1/status"),
        (Channel.ACK, "smartwings/v1/iim/kr-1/ack"),
    ],
)
def test_a_topic_names_programme_plant_and_channel(channel: Channel, expected: str) -> None:
    assert topic("iim", "kr-1", channel) == expected
    assert plant_of(expected, "iim", channel) == "kr-1"


def test_the_topic_of_all_has_the_wildcard_in_place_of_the_plant() -> None:
    assert topic_of_all("iim", Channel.REPORT) == "smartwings/v1/iim/+/report"


SAFE = ("abc", "0-1", "a" * 63)
UNSAFE = ("", "ab", "a" * 64, "-ab", "Abc", "a b", "ab/", "a+b", "#bc", "abc\n", "한국어")


@pytest.mark.parametrize("name", SAFE)
def test_a_safe_name_may_stand_in_a_topic(name: str) -> None:
    assert plant_of(topic(name, name, Channel.ACK), name, Channel.ACK) == name


@pytest.mark.parametrize("name", UNSAFE)
def test_no_unsafe_name_comes_into_a_topic(name: str) -> None:
    for programme, plant in ((name, "kr-1"), ("iim", name)):
        with pytest.raises(ValueError, match="is not the name of a plant or programme"):
            topic(programme, plant, Channel.REPORT)
    with pytest.raises(ValueError, match="is not the name of a plant or programme"):
        topic_of_all(name, Channel.REPORT)


@pytest.mark.parametrize(
    "written",
    [
        "smartwings/v1/iim/kr-1",
        "smartwings/v1/iim/kr-1/report/more",
        "smartwings/v1/iim/kr-1/ack",
        "smartwings/v1/other/kr-1/report",
        "smartwings/v2/iim/kr-1/report",
        "wings/v1/iim/kr-1/report",
        "smartwings/v1/iim/KR-1/report",
        "smartwings/v1/iim/+/report",
    ],
)
def test_a_topic_of_another_form_names_no_plant(written: str) -> None:
    assert plant_of(written, "iim", Channel.REPORT) is None
