import pytest

from config.devices import ModbusDevice
from connectors.modbus_unit_scan import UnitAnswer, line_settings, looks_at_no_unit, units_of, usual_units
from connectors.role_proposal import role_for_unit


@pytest.mark.parametrize(
    ("text", "units"), [("1", [1]), ("1-3, 247", [1, 2, 3, 247]), ("5,1-5", [5, 1, 2, 3, 4]), ("0,255", [0, 255])]
)
def test_units_are_those_that_were_written(text: str, units: list[int]) -> None:
    assert units_of(text) == units


@pytest.mark.parametrize("text", ["", "a", "3-1", "256", "1-", "-1", "1,,2"])
def test_what_names_no_units_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unit ids from 0 to 255"):
        units_of(text)


def test_a_unit_of_255_is_asked_for_over_tcp_alone() -> None:
    assert usual_units("tcp") == [*range(1, 248), 255]
    assert usual_units("rtu") == list(range(1, 248))


def test_line_settings_are_tried_once_each_the_given_first() -> None:
    given = ModbusDevice(id="d", protocol="modbus", transport="rtu", serial_port="p", baudrate=19200, parity="none")
    tried = [(one.baudrate, one.parity) for one in line_settings(given)]
    assert tried[:2] == [(19200, "none"), (9600, "even")]
    assert len(tried) == len(set(tried)) == 12


def test_one_device_that_answers_for_all_is_told_from_many() -> None:
    same = [UnitAnswer(unit, True, "answers", (7,)) for unit in range(1, 10)]
    assert looks_at_no_unit(same)
    assert not looks_at_no_unit(same[:5])
    assert not looks_at_no_unit([*same, UnitAnswer(10, False, "silent")])
    assert not looks_at_no_unit([*same, UnitAnswer(10, True, "answers", (8,))])


def test_a_unit_of_measure_alone_makes_a_role_likely() -> None:
    shown = {unit: role_for_unit(unit)[0].value for unit in ("kWh", "W", "°C", "bar", "V", "A", "Hz", "", "apples")}
    assert shown == {
        "kWh": "energy_import",
        "W": "power",
        "°C": "temperature",
        "bar": "pressure",
        "V": "voltage",
        "A": "current",
        "Hz": "other",
        "": "other",
        "apples": "other",
    }
