"""Tags: kinds that follow from roles, and units of storage."""

import pytest

from plant.kpi_id import REPORTED, KpiId
from plant.quantity import Quantity
from plant.tag import ENERGY_ROLES, PIECE_ROLES, STANDARD_STATES, Kind, Role, Tag, kind_of
from plant.unit import IDENTITY


@pytest.mark.parametrize(
    ("kind", "roles"),
    [
        (
            Kind.COUNTER,
            "produced_count good_count scrap_count rework_count trial_count inspected_count energy_import"
            " energy_export reactive_import reactive_export fuel",
        ),
        (Kind.STATE, "state"),
        (Kind.TEXT, "order_id product_id alarm"),
        (
            Kind.GAUGE,
            "cycle_time power temperature pressure flow speed torque level current voltage vibration other",
        ),
    ],
)
def test_the_kind_follows_from_the_role(kind: Kind, roles: str) -> None:
    assert {role for role in Role if kind_of(role) is kind} == set(map(Role, roles.split()))


def test_pieces_and_energies_are_the_counters() -> None:
    assert {role for role in Role if kind_of(role) is Kind.COUNTER} == PIECE_ROLES | ENERGY_ROLES


@pytest.mark.parametrize(
    ("role", "unit", "stored"),
    [
        (Role.ENERGY_IMPORT, "Wh", "kWh"),
        (Role.FUEL, "kWh", "MJ"),
        (Role.GOOD_COUNT, "pcs", "1"),
        (Role.OTHER, "mg/l", "mg/l"),
        (Role.TORQUE, "Nm", "Nm"),
    ],
)
def test_readings_are_stored_in_the_unit_of_the_role(role: Role, unit: str, stored: str) -> None:
    tag = Tag("t", "press1", role, unit)
    assert tag.storage_unit == stored
    assert tag.kind is kind_of(role)


def test_a_row_may_have_another_unit_of_the_same_quantity() -> None:
    tag = Tag("t", "press1", Role.ENERGY_IMPORT, "Wh")
    assert tag.to_storage().factor == 0.001
    assert tag.to_storage("MWh").factor == 1000.0
    with pytest.raises(ValueError, match="must be one of"):
        tag.to_storage("kg")


def test_what_is_stored_as_given_takes_no_other_unit() -> None:
    tag = Tag("t", "press1", Role.TORQUE, "Nm")
    assert tag.to_storage() == tag.to_storage("") == tag.to_storage("Nm") == IDENTITY
    with pytest.raises(ValueError, match="must be Nm"):
        tag.to_storage("kNm")
    with pytest.raises(ValueError, match="must be empty"):
        Tag("t", "press1", Role.OTHER, "").to_storage("Nm")


def test_states_have_the_standard_numbers_unless_a_tag_says_otherwise() -> None:
    assert STANDARD_STATES == {0: "NotExecuting", 1: "Executing", 2: "Setup", 3: "OutOfService"}
    assert Tag("t", "press1", Role.STATE, "").states == STANDARD_STATES


def test_an_empty_quantity_says_nothing() -> None:
    empty = Quantity("k", 0, "bench")
    assert [empty.produced, empty.good, empty.scrap, empty.rework, empty.inspected] == [None] * 5


def test_ids_of_reported_kpis_are_closed_and_stand_first() -> None:
    assert len(set(REPORTED)) == len(REPORTED) == 27
    assert tuple(KpiId)[:27] == REPORTED
