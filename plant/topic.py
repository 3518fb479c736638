"""Under which MQTT topics do plant and programme speak to each other? Composed here alone, of names that are safe."""

import re
from enum import StrEnum

_PREFIX = "smartwings/v1"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{2,62}")
"""Names of plants and programmes: no slash, wildcard or control character can be in one."""


class Channel(StrEnum):
    """What is said under a topic: reports and status by the plant, acks by the programme."""

    REPORT = "report"
    STATUS = "status"
    ACK = "ack"


def topic(programme: str, plant: str, channel: Channel) -> str:
    """The topic of one plant. Raises ValueError for a name that is not safe in a topic.

    >>> topic("iim", "kr-ansan-0421", Channel.REPORT)
    'smartwings/v1/iim/kr-ansan-0421/report'
    """
    for name in (programme, plant):
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a plant or programme")
    return f"{_PREFIX}/{programme}/{plant}/{channel.value}"


def topic_of_all(programme: str, channel: Channel) -> str:
    """The topic filter that matches every plant of a programme."""
    return topic(programme, "any-plant", channel).replace("any-plant", "+")


def plant_of(written: str, programme: str, channel: Channel) -> str | None:
    """The plant that a topic belongs to; None for a topic of another programme, channel or form.

    >>> plant_of("smartwings/v1/iim/kr-ansan-0421/report", "iim", Channel.REPORT)
    'kr-ansan-0421'
    """
    levels = written.split("/")
    if len(levels) != 5:
        return None
    plant = levels[3]
    return plant if NAME.fullmatch(plant) and written == topic(programme, plant, channel) else None
