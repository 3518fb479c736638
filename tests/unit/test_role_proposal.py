import pytest

from connectors.opcua_browse import Variable
from connectors.opcua_draft import proposed_tags
from connectors.role_proposal import proposed_role, unit_for
from plant.tag import Role


@pytest.mark.parametrize(
    ("name", "kind", "role"),
    [
        ("GoodCount", "whole", "good_count"),
        ("Good", "number", "good_count"),
        ("NG_Count", "whole", "scrap_count"),
        ("RejectedParts", "whole", "scrap_count"),
        ("ReworkCounter", "whole", "rework_count"),
        ("Produced", "whole", "produced_count"),
        ("TotalCount", "whole", "produced_count"),
        ("TotalEnergy", "number", "energy_import"),
        ("ReactiveEnergy", "number", "reactive_import"),
        ("ActivePower", "number", "power"),
        ("PowerFactor", "number", "other"),
        ("MouldTemperature", "number", "temperature"),
        ("Temp1", "number", "temperature"),
        ("MachineState", "whole", "state"),
        ("State", "text", "state"),
        ("Running", "bool", None),
        ("CurrentOrder", "text", "order_id"),
        ("Current", "number", "current"),
        ("Product", "text", "product_id"),
        ("CycleTime", "number", "cycle_time"),
        ("Firmware", "text", None),
        ("Blob", "other", None),
        ("Goods", "number", "other"),
        ("양품수량", "whole", "good_count"),
        ("불량", "whole", "scrap_count"),
        ("금형온도", "number", "temperature"),
    ],
)
def test_a_name_makes_a_role_plain_or_not(name: str, kind: str, role: str | None) -> None:
    assert proposed_role(name, kind) == (None if role is None else Role(role))


def test_units_are_those_of_the_role() -> None:
    assert unit_for(Role.ENERGY_IMPORT, "Wh") == "Wh"
    assert unit_for(Role.SPEED, "r/min") == "rpm"
    assert unit_for(Role.POWER, "furlong") is None
    assert unit_for(Role.TORQUE, "Nm") == "Nm"
    assert unit_for(Role.POWER, "") == ""


def test_tags_are_named_by_what_they_are_part_of_and_each_once() -> None:
    def variable(*path: str, kind: str = "whole", unit: str = "") -> Variable:
        return Variable("ns=2;i=1", "nsu=urn:x;i=1", path, kind=kind, unit=unit)

    found = proposed_tags(
        [
            variable("Line 1", "Press#1", "GoodCount"),
            variable("line", "press2.good"),
            variable("Power", kind="number", unit="bar"),
            variable("압력", "온도", kind="number", unit="℃"),
            variable("A", "Power", kind="number", unit="W"),
            variable("A", "Firmware", kind="text"),
            variable("A", "Power", kind="number", unit="W"),
        ],
        taken={"Press_1.GoodCount"},
    )
    assert [(tag["name"], tag["work_unit"], tag["role"], tag.get("unit")) for tag in found] == [
        ("Press_1.GoodCount_2", "Press_1", "good_count", None),
        ("press2.good", "press2", "good_count", None),
        ("Power", "plant", "other", "bar"),
        ("nsu_urn_x_i_1", "plant", "temperature", "°C"),
        ("A.Power", "A", "power", "W"),
        ("A.Power_2", "A", "power", "W"),
    ]
