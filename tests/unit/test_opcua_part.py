"""Elements of arrays and fields of structures."""

import struct
from typing import Any

import pytest
from asyncua import ua

from config.tags import OpcUaTag
from connectors.opcua_part import Part
from connectors.opcua_structure import Enumeration, Field, Layout, Structure, StructureError, decoded
from plant.status_code import status_name

V = ua.VariantType
MODE = Enumeration({0: "Idle", 1: "Pressing"})
MOTOR = Structure(fields=[Field("Speed", V.Double), Field("Mode", MODE), Field("Label", V.String)])
STATION = Structure(fields=[Field("Motor", MOTOR), Field("Counts", V.UInt32, 1), Field("Grid", V.Int16, 2)])
STATION_ID = ua.NodeId(5, 2)
MOTOR_BYTES = struct.pack("<di", 7.5, 1) + b"\x02\0\0\0ab"
STATION_BYTES = MOTOR_BYTES + struct.pack("<iIII", 3, 10, 11, 12) + struct.pack("<iiihhhh", 2, 2, 2, 1, 2, 3, 4)


def part(index: str | None = None, field: str | None = None, is_ranged: bool = False, root: Any = STATION) -> Part:
    given = {"name": "t", "work_unit": "w", "role": "other", "node": "i=1", "index": index, "field": field}
    found = Part.of(OpcUaTag.model_validate(given))
    assert found is not None
    return Part(found.steps, is_ranged, root, {STATION_ID: STATION})


def said(value: Any, *which: Any, **more: Any) -> Any:
    data = part(*which, **more).picked_from(ua.DataValue(ua.Variant(value)))
    assert data.StatusCode is not None
    return data.Value.Value if data.StatusCode.is_good() and data.Value else status_name(int(data.StatusCode.value))


@pytest.mark.parametrize(
    ("value", "index", "is_ranged", "answer"),
    [
        ([5, 6, 7], "1", False, 6),
        ([5, 6, 7], "3", False, "BadIndexRangeNoData"),
        ([[1, 2], [3, 4]], "1,0", False, 3),
        ([6], "1", True, 6),  # the server took it out
        ([[3]], "1,0", True, 3),
        ([5, 6, 7], "1", True, 6),  # it did not after all
        (6, "1", True, 6),
        (6, "1", False, "BadTypeMismatch"),
        ([[1, 2], [3, 4]], "1", False, "BadTypeMismatch"),
        ([6], "1", False, "BadIndexRangeNoData"),
    ],
)
def test_an_element_is_found_whether_the_server_takes_the_array_apart_or_not(
    value: Any, index: str, is_ranged: bool, answer: Any
) -> None:
    assert said(value, index, is_ranged=is_ranged) == answer


def test_fields_are_found_by_name() -> None:
    station = ua.ExtensionObject(STATION_ID, STATION_BYTES)
    assert said(station, None, "Motor.Speed") == 7.5
    assert said(station, None, "Motor.Label") == "ab"
    assert said(station, None, "Counts[2]") == 12
    assert said(station, None, "Grid[1,0]") == 3
    assert said([station, station], "1", "Counts[0]") == 10
    assert said([station], None, "[0].Motor.Mode") == 1
    assert said(station, None, "Motor.Torque") == "BadNoMatch"
    assert said(station, None, "Counts[3]") == "BadIndexRangeNoData"
    assert said(station, None, "Motor") == "BadTypeMismatch"
    assert said(7.5, None, "Speed") == "BadTypeMismatch"


def test_a_structure_whose_type_is_not_known_or_does_not_fit_is_bad() -> None:
    assert said(ua.ExtensionObject(ua.NodeId(9, 9), MOTOR_BYTES), None, "Speed", root=None) == "BadDataTypeIdUnknown"
    assert said(ua.ExtensionObject(ua.NodeId(9, 9), MOTOR_BYTES), None, "Speed", root=MOTOR) == 7.5
    unsaid = Structure(fields=[Field("Inner", None), Field("Speed", V.Double)])
    assert said(ua.ExtensionObject(ua.NodeId(9, 9), MOTOR_BYTES), None, "Speed", root=unsaid) == "BadDataTypeIdUnknown"
    for body in (STATION_BYTES[:-1], STATION_BYTES + b"\0", b""):
        assert said(ua.ExtensionObject(STATION_ID, body), None, "Motor.Speed") == "BadDecodingError"
    huge = MOTOR_BYTES + struct.pack("<i", 2**31 - 1)
    assert said(ua.ExtensionObject(STATION_ID, huge), None, "Motor.Speed") == "BadDecodingError"


def test_structures_of_the_standard_need_no_definition() -> None:
    unit = ua.EUInformation(UnitId=4408652, DisplayName=ua.LocalizedText("°C"))
    assert said(unit, None, "UnitId") == 4408652
    assert said(unit, None, "Nothing") == "BadNoMatch"


def test_what_is_bad_already_keeps_its_status() -> None:
    bad = ua.DataValue(ua.Variant(), ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNoCommunication)))
    assert part("1").picked_from(bad) is bad


def test_absent_fields_and_the_members_of_a_union() -> None:
    optional = Structure(
        Layout.OPTIONAL_FIELDS,
        [Field("a", V.Byte, is_optional=True), Field("b", V.Byte), Field("c", V.Byte, is_optional=True)],
    )
    assert decoded(optional, struct.pack("<IBB", 2, 8, 9)) == {"a": None, "b": 8, "c": 9}
    union = Structure(Layout.UNION, [Field("a", V.Byte), Field("b", V.Int16)])
    assert decoded(union, struct.pack("<Ih", 2, -3)) == {"a": None, "b": -3}
    assert decoded(union, struct.pack("<I", 0)) == {"a": None, "b": None}
    with pytest.raises(StructureError):
        decoded(union, struct.pack("<I", 3))


def test_a_type_that_holds_itself_is_read_as_far_as_there_are_bytes() -> None:
    tree = Structure(fields=[Field("n", V.Byte)])
    tree.fields.append(Field("below", tree, 1))
    body = struct.pack("<BiBi", 1, 1, 2, -1)
    assert decoded(tree, body) == {"n": 1, "below": [{"n": 2, "below": None}]}
    endless = Structure()
    endless.fields.append(Field("again", endless))
    with pytest.raises(StructureError):
        decoded(endless, b"")


def test_texts_are_those_of_the_field_that_is_meant() -> None:
    assert part(None, "Motor.Mode").texts() == {0: "Idle", 1: "Pressing"}
    assert part("1", "Motor.Mode").texts() == {0: "Idle", 1: "Pressing"}
    assert part(None, "Motor.Speed").texts() == {}
    assert part("1", root=MODE).texts() == {0: "Idle", 1: "Pressing"}


@pytest.mark.parametrize("wrong", [{"index": "x"}, {"index": "-1"}, {"index": ""}, {"field": "a..b"}, {"field": "[0"}])
def test_a_part_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    given = {"name": "t", "work_unit": "w", "role": "other", "node": "i=1"}
    with pytest.raises(ValueError, match="must"):
        OpcUaTag.model_validate(given | wrong)
