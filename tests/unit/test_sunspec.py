from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sunspec_image import common, image, model_203, model_213, unknown

from config.sunspec_model import sunspec_models
from config.tags import ModbusTag
from connectors.reachability import Obstacle, UnreachableError
from connectors.sunspec import BASES, MOST_MODELS, NEAR_BASES, SunSpecError, SunSpecMap, meter_tags, walk

MOST_ASKED = len(BASES) + len(NEAR_BASES) + 3 * MOST_MODELS + 2


def walked(
    registers: Mapping[int, int], obstacle: Obstacle = Obstacle.ADDRESS_REFUSED, asked: list[int] | None = None
) -> SunSpecMap:
    """The map of a device that has these registers and meets every other request with an obstacle."""
    walking, answer, asked = walk(), None, [] if asked is None else asked
    while len(asked) < MOST_ASKED:
        try:
            address, count = walking.send(answer)  # type: ignore[arg-type]
        except StopIteration as end:
            found: SunSpecMap = end.value
            return found
        asked.append(address)
        assert address in range(65536)
        assert address + count <= 65536
        words = [registers.get(at) for at in range(address, address + count)]
        answer = UnreachableError(obstacle, "it said no") if None in words else np.array(words, dtype=np.uint16)
    raise AssertionError("the walk does not end")


def test_the_shipped_models_are_those_of_meters_and_the_common_one() -> None:
    models = sunspec_models()
    assert list(models) == [1, 201, 202, 203, 204, 211, 212, 213, 214]
    for number, model in models.items():
        names = {point.name for point in model.points}
        assert len(names) == len(model.points)
        assert {point.scale_from for point in model.points} <= names | {""}
        ends = [point.offset + point.size for point in model.points]
        assert [point.offset for point in model.points] == [0, *ends[:-1]]
        roles = [point.role for point in model.points]
        assert number == 1 or {roles.count(role) for role in ("energy_import", "energy_export", "power")} == {1}


@pytest.mark.parametrize("base", [*BASES, *NEAR_BASES])
def test_the_marker_is_found_wherever_makers_put_it(base: int) -> None:
    found = walked(image(base, common(), model_203()))
    assert (found.base, [one.address for one in found.models]) == (base, [base + 2, base + 70])


@pytest.mark.parametrize("length", [65, 66])
def test_a_common_model_may_have_its_pad_or_not(length: int) -> None:
    found = walked(image(40000, common(length), model_213()))
    assert [(one.id, one.address) for one in found.models] == [(1, 40002), (213, 40004 + length)]
    assert found.identity() == {"Mn": "Acme", "Md": "Meter 63A", "Opt": "", "Vr": "1.4", "SN": "SN-4711"}


def test_tags_have_addresses_powers_and_numbers_of_no_value() -> None:
    tags = {tag["name"]: tag for tag in meter_tags(walked(image(0, common(), model_203())), "m")}
    assert list(tags) == ["m.A", "m.AphA", "m.PhV", "m.PhVphA", "m.W", "m.TotWhExp", "m.TotWhImp"]
    assert tags["m.W"] == {
        "name": "m.W",
        "work_unit": "plant",
        "role": "power",
        "unit": "W",
        "table": "holding",
        "address": 88,
        "type": "int16",
        "scale_from": 92,
        "bad_values": [-32768],
    }
    energy = tags["m.TotWhImp"]
    assert (energy["role"], energy["type"], energy["address"]) == ("energy_import", "uint32", 116)
    assert (energy["scale_from"], energy["bad_values"], energy["modulus"]) == (124, [0], 2**32)


@pytest.mark.parametrize(("power", "modulus"), [(0xFFFE, 42949672.96), (2, 429496729600)])
def test_an_accumulator_returns_to_0_in_the_unit_of_its_power_of_ten(power: int, modulus: float) -> None:
    registers = image(0, model_203())
    registers[2 + 54] = power
    tags = {tag["name"]: tag for tag in meter_tags(walked(registers), "m")}
    assert tags["m.TotWhImp"]["modulus"] == modulus


def test_a_point_whose_power_of_ten_is_none_is_no_tag() -> None:
    registers = image(0, model_203())
    assert "m.Hz" not in {tag["name"] for tag in meter_tags(walked(registers), "m", every_point=True)}
    registers[2 + 17] = 0xFFFE
    tags = {tag["name"]: tag for tag in meter_tags(walked(registers), "m", every_point=True)}
    assert (tags["m.Hz"]["role"], tags["m.Hz"]["unit"], tags["m.Hz"]["scale_from"]) == ("other", "Hz", 19)


def test_floats_that_are_not_numbers_are_no_tags() -> None:
    tags = meter_tags(walked(image(0, model_213())), "m", every_point=True)
    assert [tag["name"] for tag in tags] == ["m.Hz", "m.W", "m.TotWhExp", "m.TotWhImp", "m.Evt"]
    assert "bad_values" not in tags[1]


@pytest.mark.parametrize("model", [model_203(), model_213()])
def test_every_tag_of_a_model_is_one_that_settings_take(model: list[int]) -> None:
    registers = image(40000, common(), model, unknown(64001, 9), model)
    tags = meter_tags(walked(registers), "m", every_point=True)
    assert {tag["work_unit"] for tag in tags} == {"meter1", "meter2"}
    assert len({tag["name"] for tag in tags}) == len(tags) > 8
    for tag in tags:
        ModbusTag(**tag)


def test_a_model_shorter_than_known_has_only_the_points_that_are_there() -> None:
    short = [203, 20, *model_203()[2:22]]
    (found,) = walked(image(0, short, end=[0xFFFF, 0])).models
    assert found.values[-1].address == 2 + 21
    assert [one.value for one in found.values if one.point.name == "W"] == [None]  # its power of ten is not there


def test_an_end_without_a_length_is_an_end() -> None:
    assert len(walked(image(0, model_213(), end=[0xFFFF])).models) == 1
    assert len(walked(image(0, unknown(9, 65531), end=[0xFFFF])).models) == 1


class Alike(dict[int, int]):
    """A device that has the same model of no length everywhere."""

    def get(self, at: int, default: object = None) -> int:  # type: ignore[override]
        return (1 << 8, 0)[at % 2] if at not in self else self[at]


@pytest.mark.parametrize(
    ("registers", "said"),
    [
        ({}, "is no SunSpec device: holding registers 40000, 50000, 0 do not begin with `SunS`"),
        (dict.fromkeys(range(65536), 0), "is no SunSpec device"),
        (image(0, common(), end=[]), "its models break off at register 70 (behind model 1): it said no"),
        (image(0, end=[0, 0]), "its models break off at register 2 (behind the marker): there is no model 0"),
        (image(40000, end=[203, 25600]), "model 203 at register 40002 claims 25600 registers, beyond register 65535"),
        (image(0, unknown(9, 65532), end=[]), "its models run beyond register 65535 without an end (behind model 9)"),
        (image(0, unknown(9, 65531), end=[5]), "its models run beyond register 65535 without an end (behind model 9)"),
        (Alike(image(0, end=[])), "has more than 64 models, so it is no SunSpec device"),
        (
            {at: word for at, word in image(0, model_203()).items() if at != 50},
            "model 203 at register 2 cannot be read: it said no",
        ),
    ],
)
def test_a_chain_that_is_none_is_an_error_that_says_where(registers: dict[int, int], said: str) -> None:
    with pytest.raises(SunSpecError) as caught:
        walked(registers)
    assert said in str(caught.value)


def test_a_unit_that_never_answers_is_silent_after_three_questions() -> None:
    asked: list[int] = []
    with pytest.raises(UnreachableError, match="it said no") as caught:
        walked({}, Obstacle.UNIT_SILENT, asked)
    assert caught.value.obstacle is Obstacle.UNIT_SILENT
    assert asked == list(BASES)


def test_a_device_that_is_silent_about_what_it_has_not_is_found_all_the_same() -> None:
    assert walked(image(0, common()), Obstacle.UNIT_SILENT).base == 0


def test_a_device_that_cannot_be_reached_is_not_asked_again() -> None:
    asked: list[int] = []
    with pytest.raises(UnreachableError):
        walked({}, Obstacle.REFUSED, asked)
    assert asked == [40000]


@given(
    st.lists(st.sampled_from([0, 1, 2, 65, 105, 203, 213, 0x8000, 0xFFFF]) | st.integers(0, 65535), max_size=300),
    st.sampled_from(sorted((*BASES, *NEAR_BASES))),
)
def test_whatever_a_device_holds_the_walk_ends(flat: list[int], base: int) -> None:
    registers = dict(enumerate([0x5375, 0x6E53, *flat], base))
    try:
        found = walked(registers)
    except SunSpecError:
        return
    for tag in meter_tags(found, "m", every_point=True):
        ModbusTag(**tag)
