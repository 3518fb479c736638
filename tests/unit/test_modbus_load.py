from typing import Any

import pytest

from config.devices import ModbusDevice, OpcUaDevice
from connectors.modbus_load import exchange_s, line_loads
from connectors.modbus_plan import Block


def meter(**keys: Any) -> ModbusDevice:
    """A device with two registers far apart, so that a poll takes two requests."""
    tags = [
        {"name": f"t{at}", "work_unit": "u", "role": "other", "table": "holding", "address": at, "type": "int16"}
        for at in (0, 100)
    ]
    return ModbusDevice.model_validate({"id": "m", "protocol": "modbus", "tags": tags, **keys})


def serial(**keys: Any) -> ModbusDevice:
    return meter(transport="rtu", serial_port="p", **keys)


def test_an_exchange_takes_its_characters_and_two_silences() -> None:
    even = serial(baudrate=9600, parity="even", stopbits=1)  # 11 bits a character
    block = Block("holding", 0, 10, ())
    assert exchange_s(even, block) == pytest.approx((8 + 3.5 + 5 + 20 + 3.5) * 11 / 9600)
    bits = Block("coil", 0, 9, ())
    assert exchange_s(even, bits) == pytest.approx((8 + 3.5 + 5 + 2 + 3.5) * 11 / 9600)
    assert exchange_s(serial(parity="none"), block) == pytest.approx(40 * 10 / 9600)
    assert exchange_s(serial(parity="odd", stopbits=2), block) == pytest.approx(40 * 12 / 9600)
    assert exchange_s(serial(baudrate=38400), block) == pytest.approx(33 * 11 / 38400 + 2 * 0.00175)


def test_a_pause_longer_than_the_silence_is_time_of_the_line_too() -> None:
    block = Block("holding", 0, 1, ())
    plain = exchange_s(serial(), block)
    assert exchange_s(serial(), block, 0.001) == plain
    assert exchange_s(serial(), block, 0.1) == pytest.approx(plain + 0.1 - 3.5 * 11 / 9600)


def test_a_line_bears_the_requests_of_all_its_units() -> None:
    devices = [
        serial(id="a", poll_s=1.0),
        meter(id="b", host="h", poll_s=0.5),
        OpcUaDevice(id="o", protocol="opcua", endpoint="opc.tcp://h:4840"),
        serial(id="c", unit=2, poll_s=0.1, request_pause_s=0.02),
        meter(id="d", host="H", port=502, unit=2, poll_s=2.0),
    ]
    bus, address = line_loads(devices)
    assert (bus.line, [device.id for device in bus.devices]) == ("p", ["a", "c"])
    assert bus.requests_per_s == pytest.approx(2 + 20)
    each_s = (8 + 5 + 2 + 3.5) * 11 / 9600 + 0.02  # the longest pause of any unit holds for all
    assert bus.bus_ratio == pytest.approx(22 * each_s)
    assert (address.line, [device.id for device in address.devices]) == ("h:502", ["b", "d"])
    assert (address.requests_per_s, address.bus_ratio) == (pytest.approx(4 + 1), None)


def test_a_line_without_tags_is_idle() -> None:
    (load,) = line_loads([serial(tags=[])])
    assert (load.requests_per_s, load.bus_ratio) == (0, 0)
    assert line_loads([]) == []
