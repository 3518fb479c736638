from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from plant.tag import Restarts, Tag

MODBUS = PLANT + "devices: [{id: a, protocol: modbus, host: h, tags: [{name: x, work_unit: u, %s}]}]\n"
OPCUA = (
    PLANT
    + "devices: [{id: a, protocol: opcua, endpoint: 'opc.tcp://127.0.0.1', tags: [{name: x, work_unit: u, %s}]}]\n"
)
REGISTER = "table: holding, address: 0, type: uint16"


def _tag(folder: Path, keys: str) -> Tag:
    return loaded(folder, MODBUS % keys).tags()[0]


def test_counter_rules_are_in_the_unit_of_storage(tmp_path: Path) -> None:
    keys = f"role: energy_import, unit: Wh, scale: 100, modulus: 1e6, max_rate: 5000, swap_tolerance: 10, {REGISTER}"
    counter = _tag(tmp_path, keys).counter
    assert counter is not None
    assert (counter.modulus, counter.max_rate_per_h, counter.swap_tolerance) == (1000, 5, 0.01)
    assert counter.one_count == pytest.approx(0.1)
    assert counter.restarts is Restarts.NEVER


@pytest.mark.parametrize("role", ["good_count", "scrap_count", "trial_count"])
def test_pieces_may_restart_at_any_time_unless_said_otherwise(tmp_path: Path, role: str) -> None:
    assert _tag(tmp_path, f"role: {role}, {REGISTER}").counter.restarts is Restarts.ANY  # type: ignore[union-attr]
    said = _tag(tmp_path, f"role: {role}, restarts: job, {REGISTER}").counter
    assert said is not None
    assert said.restarts is Restarts.JOB


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("role: power, modulus: 5", "modulus: only for counters, and power is a gauge"),
        ("role: power, max_rate: 5, swap_tolerance: 1", "max_rate, swap_tolerance: only for counters"),
        ("role: power, states: {0: Executing}", ".states: only for role state"),
        ("role: power, scale: 0", ".scale: must not be 0"),
        ("role: power, unit: kWh", ".unit: must be one of kW, W, MW"),
        ("role: good_count, unit: kg", ".unit: must be one of 1, pcs, ea"),
        ("role: beauty", ".role: must be"),
        ("role: power, max_hold_s: 0", ".max_hold_s: must be more than 0"),
        ("role: state, states: {one: Executing}", "must be a whole number"),
        ("role: state, states: 0=A;0=B", ".states: must name every number once"),
        ("role: state, states: '--5=A'", ".states: must look like 0=NotExecuting;1=Executing"),
        ("role: state, states: '²=A'", ".states: must look like 0=NotExecuting;1=Executing"),
        ("role: state, states: ';'", ".states: must look like 0=NotExecuting;1=Executing"),
        ("role: order_id", ".type: string goes with the roles order_id, product_id and alarm"),
    ],
)
def test_keys_must_fit_the_role(tmp_path: Path, keys: str, fault: str) -> None:
    (found,) = faults(tmp_path, MODBUS % f"{keys}, {REGISTER}")
    assert found.startswith("site.yaml:2:")
    assert fault in found


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("table: holding, address: 0", ".type: is required for a register"),
        ("table: coil, address: 0, type: uint16", ".type: must be bool for a coil"),
        ("table: holding, address: 0, type: bool", ".bit: is required for a bool in a register"),
        ("table: coil, address: 0, bit: 1", ".bit: only for a register of type bool or uint16"),
        ("table: holding, address: 0, type: int32, bit: 1", ".bit: only for a register of type bool or uint16"),
        ("table: holding, address: 0, type: uint16, bit: 16", ".bit: must be at most 15"),
        ("table: holding, address: 65535, type: uint32", ".address: the value's 2 registers must end at 65535"),
        ("table: holding, address: -1, type: uint32", ".address: must be at least 0"),
        ("table: holding, address: 0, type: int24", ".type: must be"),
        ("table: holding, address: 0, type: uint32, order: ACBD", ".order: must be ABCD, CDAB, BADC or DCBA"),
        ("table: holding, address: 0, type: int64, order: ABCD", ".order: must have the eight letters A to H"),
        ("table: holding, address: 0, type: int64, order: ABCDEFGG", ".order: must have the eight letters A to H"),
        ("table: holding, address: 0, type: uint16, length: 4", ".length: is required for a string, and only there"),
        ("table: coil, address: 0, scale_from: 1", ".scale_from: only for a number in a register"),
        ("table: holding, address: 0, type: uint16, bit: 1, scale_from: 1", ".scale_from: only for a number in a reg"),
        ("table: holding, address: 0, type: string, length: 2, scale_from: 1", ".scale_from: only for a number in a"),
        ("table: holding, address: 0, type: uint16, node: i=1", ".node: unknown key"),
    ],
)
def test_a_modbus_tag_is_coded_as_modbus_can(tmp_path: Path, keys: str, fault: str) -> None:
    (found,) = faults(tmp_path, MODBUS % f"role: power, {keys}")
    assert fault in found


def test_words_follow_from_type_and_length(tmp_path: Path) -> None:
    device = loaded(tmp_path, MODBUS % "role: alarm, table: input, address: 3, type: string, length: 7").devices[0]
    assert device.tags[0].words == 4  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "node", ["ns=2;s=Press1.Good", "nsu=urn:press;s=Good", "i=2258", "ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a"]
)
def test_a_node_is_a_node_id(tmp_path: Path, node: str) -> None:
    device = loaded(tmp_path, OPCUA % f"role: power, node: '{node}'").devices[0]
    assert device.tags[0].node == node  # type: ignore[union-attr]


@pytest.mark.parametrize("node", ["Press1.Good", "ns=2;Press1", "ns=x;s=a", "", "ns=2"])
def test_what_is_no_node_id_is_a_fault(tmp_path: Path, node: str) -> None:
    assert "tags[0].node: must be a NodeId" in faults(tmp_path, OPCUA % f"role: power, node: '{node}'")[0]


@pytest.mark.parametrize("name", ["-x", ".x", "", "a b", "x" * 81, "프레스", "a/b", "a\\n"])
def test_a_name_is_made_of_plain_letters(tmp_path: Path, name: str) -> None:
    text = MODBUS.replace("name: x", f'name: "{name}"') % f"role: power, {REGISTER}"
    assert faults(tmp_path, text)[0].startswith(
        "site.yaml:2:54: devices[0].tags[0].name: must start with a letter or digit"
    )


def test_a_tag_without_name_unit_or_role_says_what_is_missing(tmp_path: Path) -> None:
    text = PLANT + "devices: [{id: a, protocol: opcua, endpoint: 'opc.tcp://127.0.0.1', tags: [{}]}]"
    assert [found.split(": ", 1)[1] for found in faults(tmp_path, text)] == [
        f"devices[0].tags[0].{key}: is required" for key in ("name", "work_unit", "role", "node")
    ]


@pytest.mark.parametrize("keys", ["protocol: mqtt", "protocol: [1]", "protocol: {a: b}", "x: 1"])
def test_a_device_of_no_known_protocol_is_one_fault(tmp_path: Path, keys: str) -> None:
    (found,) = faults(tmp_path, f"{PLANT}devices: [{{id: a, {keys}}}]")
    assert "modbus" in found
    assert "opcua" in found


@pytest.mark.parametrize(("scale", "count"), [(1.0, 1.0), (12.0, 12.0), (0.5, 1.0)])
def test_one_count_of_a_counter_of_dozens_is_a_dozen(tmp_path: Path, scale: float, count: float) -> None:
    counter = _tag(tmp_path, f"role: good_count, scale: {scale}, {REGISTER}").counter
    assert counter is not None
    assert counter.one_count == count
