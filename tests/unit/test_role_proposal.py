import pytest

from connectors.opcua_draft import proposed_tags
from connectors.opcua_variable import Variable
from connectors.role_proposal import proposed_role, unit_for
from connectors.state_proposal import PACKML_STATES, proposed_states
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
        ("OperationCycleCounter", "whole", "other"),  # OPC 10000-100: how often it began to work, not pieces
        ("PowerOnDuration", "number", "other"),
        ("PartsCompleted", "whole", "produced_count"),
        ("PartsGood", "whole", "good_count"),
        ("PartsProducedInLifetime", "whole", "produced_count"),
        ("PartsPlannedPerRun", "whole", "other"),
        ("PartsCompletedPerRun", "whole", "other"),
        ("JobBadPartsCounter", "whole", "scrap_count"),
        ("BoxGoodPartsCounter", "whole", "other"),
        ("ProdProcessedCount", "whole", "produced_count"),
        ("ProdDefectiveCount", "whole", "scrap_count"),
        ("ProdConsumedCount", "whole", "other"),
        ("StateCurrent", "whole", "state"),
        ("StateCurrentTime", "whole", "other"),
        ("StateRequested", "whole", "other"),
        ("StateChangeInProcess", "bool", None),
        ("UnitModeCurrent", "whole", "other"),  # a mode says nothing of whether it works
        ("ChannelState", "whole", "state"),
        ("MachSpeed", "number", "other"),  # pieces a minute
        ("LastCycleTime", "number", "cycle_time"),
        ("AcActiveEnergyTotalImportHp", "number", "energy_import"),
        ("AcActiveEnergyTotalExportHp", "number", "energy_export"),
        ("AcReactiveEnergyTotalExportHp", "number", "reactive_export"),
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


def test_states_are_proposed_where_texts_mean_some() -> None:
    assert proposed_states({0: "Idle", 6: "Execute", 9: "Setup"}) == {0: "NotExecuting", 6: "Executing", 9: "Setup"}
    assert proposed_states({0: "Red", 1: "Green"}) == {}
    assert proposed_states(PACKML_STATES)[6] == "Executing"
    known = Variable("ns=2;i=1", "nsu=urn:x;i=1", ("Press", "StateCurrent"), kind="whole", texts={2: "Stopped"})
    plain = Variable("ns=2;i=1", "nsu=urn:x;i=1", ("Press", "StateCurrent"), kind="whole")
    assert [tag["states"][2] for tag in proposed_tags([known, plain])] == ["NotExecuting"] * 2
    assert proposed_tags([plain])[0]["states"][6] == "Executing"


def test_counters_in_an_array_of_structures_are_a_tag_each() -> None:
    counts = Variable("i=1", "nsu=urn:x;i=1", ("P", "ProdDefectiveCount"), fields=("ID", "AccCount"), elements=2)
    found = proposed_tags([counts, Variable("i=2", "nsu=urn:x;i=2", ("P", "Alarm"), fields=("ID", "AccCount"))])
    assert [(tag["name"], tag["role"], tag["index"], tag["field"]) for tag in found] == [
        ("P.ProdDefectiveCount", "scrap_count", "0", "AccCount"),
        ("P.ProdDefectiveCount_2", "scrap_count", "1", "AccCount"),
    ]
