import time

import numpy as np
import pytest
from modbus_poll import BAD_DEVICE_FAILURE, answers, tag

from connectors.modbus_plan import Block, Part, plan_blocks
from connectors.modbus_readings import PollReadings
from connectors.modbus_words import Decoder
from plant.status_code import BAD_NO_DATA, GOOD, is_bad

TAGS = [
    tag(address=0, name="a", bad_values=(65535,)),
    tag("string", "alarm", address=1, length=2, name="b"),
    tag(address=200, name="c", scale_from=400),
]
BLOCKS = plan_blocks(TAGS)  # a and b; c; the power of ten of c
HELD = {0: 7, 1: 0x4142, 200: 5, 400: 1}
NONE = 65535


class Device:
    """A device of three tags, and what was made of its answers."""

    def __init__(self, tags=TAGS, blocks=BLOCKS):
        self.tags, self.blocks = tags, blocks
        self.readings = PollReadings("meter", tags)
        self.decoder = Decoder(tags, blocks)

    def polled(self, held=HELD, bad=(), silent=(), every_tag=False):
        wire = answers(self.blocks, {**HELD, **held})
        rows = range(len(self.blocks))
        status = np.array([BAD_DEVICE_FAILURE if row in bad else GOOD for row in rows], dtype=np.uint32)
        received_us = np.array([0 if row in silent else 1000 + row for row in rows], dtype=np.int64)
        make = self.readings.all if every_tag else self.readings.batch
        return make(self.decoder, wire, status, received_us)


def said(batch):
    """What a batch says by name: a value, a text or None where Bad."""
    assert len({len(column) for column in (batch.tags, batch.times_us, batch.values, batch.status)}) == 1
    assert len(batch.source_offset_us) == len(batch)
    assert not batch.source_offset_us.any()
    found = {}
    for at, row in enumerate(batch.tags.tolist()):
        value = None if is_bad(int(batch.status[at])) else float(batch.values[at])
        found[batch.names[row]] = batch.texts.get(at, value)
    return found


def times(batch):
    return dict(zip((batch.names[row] for row in batch.tags), batch.times_us.tolist(), strict=True))


def test_a_good_poll_gives_every_tag_as_of_its_own_answer():
    batch = Device().polled()
    assert said(batch) == {"a": 7, "b": "AB", "c": 50}
    assert times(batch) == {"a": 1000, "b": 1000, "c": 1001}
    assert (batch.device, batch.names, batch.received_us, batch.snapshot) == ("meter", ("a", "b", "c"), 1002, False)
    assert [batch.tags.dtype, batch.times_us.dtype, batch.values.dtype] == [np.uint32, np.int64, np.float64]
    assert [batch.status.dtype, batch.source_offset_us.dtype] == [np.uint32, np.int64]


def test_a_tag_that_turns_bad_is_said_once_and_again_when_it_is_good():
    device = Device()
    device.polled()
    assert said(device.polled({0: NONE})) == {"a": None, "b": "AB", "c": 50}
    assert said(device.polled({0: NONE})) == {"b": "AB", "c": 50}
    assert said(device.polled({0: NONE, 1: 0xFFFF})) == {"b": None, "c": 50}
    assert said(device.polled({0: 8, 1: 0xFFFF})) == {"a": 8, "c": 50}
    assert said(device.polled()) == {"a": 7, "b": "AB", "c": 50}
    assert said(device.polled({0: NONE})) == {"a": None, "b": "AB", "c": 50}


def test_a_tag_that_is_bad_from_the_first_poll_is_said_once():
    device = Device()
    assert said(device.polled({0: NONE})) == {"a": None, "b": "AB", "c": 50}
    assert said(device.polled({0: NONE})) == {"b": "AB", "c": 50}


def test_a_tag_that_turns_bad_again_after_a_good_poll_is_said_again():
    device = Device()
    for _ in range(3):
        assert said(device.polled({0: NONE})) == {"a": None, "b": "AB", "c": 50}
        assert said(device.polled()) == {"a": 7, "b": "AB", "c": 50}


def test_another_cause_is_no_news_of_a_tag_that_is_bad():
    device = Device()
    device.polled({0: NONE})
    assert said(device.polled(bad=[0])) == {"b": None, "c": 50}


def test_a_refused_block_makes_its_tags_bad_as_of_the_refusal():
    device = Device()
    batch = device.polled(bad=[0])
    assert said(batch) == {"a": None, "b": None, "c": 50}
    assert times(batch)["a"] == 1000
    assert batch.status.tolist() == [BAD_DEVICE_FAILURE, BAD_DEVICE_FAILURE, GOOD]
    assert said(device.polled(bad=[0])) == {"c": 50}
    assert device.polled(bad=[0, 2], silent=[2]) is None


def test_silence_is_no_reading_and_changes_nothing_about_what_is_known():
    device = Device()
    assert said(device.polled(silent=[0])) == {"c": 50}
    assert said(device.polled(bad=[0], silent=[0])) == {"c": 50}
    assert device.polled(silent=[0, 1, 2]) is None
    device.polled({0: NONE})
    assert said(device.polled({0: NONE}, silent=[1])) == {"b": "AB"}
    assert said(device.polled(silent=[0])) == {"c": 50}
    assert said(device.polled({0: NONE})) == {"b": "AB", "c": 50}


def test_a_tag_that_was_silent_and_turns_bad_is_said():
    device = Device()
    device.polled(bad=[0], silent=[0])
    assert said(device.polled({0: NONE})) == {"a": None, "b": "AB", "c": 50}


def test_a_value_without_its_power_of_ten_is_no_reading():
    assert said(Device().polled(silent=[2])) == {"a": 7, "b": "AB"}
    assert said(Device().polled(silent=[1])) == {"a": 7, "b": "AB"}


def test_what_is_known_to_be_bad_survives_other_blocks():
    device = Device()
    device.polled({0: NONE})
    (first, *others) = BLOCKS
    alone = [Block("holding", at, count, (Part(row, 0, count),)) for row, at, count in ((0, 0, 1), (1, 1, 1))]
    assert {part.tag for part in first.parts} == {0, 1}
    device.blocks = (*others, *alone)
    device.decoder = Decoder(TAGS, device.blocks)
    assert said(device.polled({0: NONE})) == {"b": "AB", "c": 50}
    assert said(device.polled()) == {"a": 7, "b": "AB", "c": 50}


def test_all_says_every_tag_whatever_was_said_before_and_is_not_remembered():
    device = Device()
    device.polled({0: NONE})
    assert said(device.polled({0: NONE}, every_tag=True)) == {"a": None, "b": "AB", "c": 50}
    assert said(device.polled({0: NONE})) == {"b": "AB", "c": 50}
    assert said(device.polled(every_tag=True)) == {"a": 7, "b": "AB", "c": 50}
    assert said(device.polled({0: NONE})) == {"b": "AB", "c": 50}


def test_all_says_of_a_silent_block_that_its_tags_are_bad_now():
    before_us = time.time_ns() // 1000
    batch = Device().polled(silent=[0], bad=[1], every_tag=True)
    assert said(batch) == {"a": None, "b": None, "c": None}
    assert batch.status.tolist() == [BAD_NO_DATA, BAD_NO_DATA, BAD_DEVICE_FAILURE]
    assert before_us <= batch.times_us[0] <= batch.received_us <= time.time_ns() // 1000
    assert batch.times_us[2] == 1001
    assert Device().polled(silent=[0], bad=[0], every_tag=True).status[0] == BAD_DEVICE_FAILURE


def test_a_device_without_tags_gives_nothing():
    device = Device([], ())
    assert device.polled({}) is None
    assert len(device.polled({}, every_tag=True)) == 0


def test_what_batches_share_cannot_be_written():
    batch = Device().polled()
    for column in (batch.tags, batch.source_offset_us):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
    other = Device()
    first, second = other.polled(), other.polled()
    first.values[:] = 99
    first.status[:] = 1
    assert said(second) == {"a": 7, "b": "AB", "c": 50}
