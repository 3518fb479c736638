import pytest

from plant.plausibility import why_implausible
from plant.tag import Role


@pytest.mark.parametrize(
    ("role", "value", "why"),
    [
        (Role.ENERGY_IMPORT, -1.09e26, "energy_import cannot be below 0"),
        (Role.ENERGY_IMPORT, 1.1e12, "energy_import cannot be beyond 1e+12"),
        (Role.ENERGY_IMPORT, 4e-41, "energy_import cannot be so close to 0"),
        (Role.VOLTAGE, -4.6e-41, "voltage cannot be so close to 0"),
        (Role.TEMPERATURE, -2e9, "temperature cannot be beyond 1e+09"),
        (Role.GOOD_COUNT, -1.0, "good_count cannot be below 0"),
    ],
)
def test_a_value_that_its_role_cannot_have_is_named(role: Role, value: float, why: str) -> None:
    assert why_implausible(role, value) == why


@pytest.mark.parametrize(
    ("role", "value"),
    [
        (Role.ENERGY_IMPORT, 0.0),
        (Role.ENERGY_IMPORT, 1e11),
        (Role.CURRENT, 0.0),
        (Role.CURRENT, -1e-5),
        (Role.POWER, -350.0),
        (Role.OTHER, -1.09e26),
        (Role.OTHER, 4e-41),
        (Role.VOLTAGE, float("nan")),
    ],
)
def test_a_value_that_may_be_is_left_alone(role: Role, value: float) -> None:
    assert why_implausible(role, value) is None
