from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from config.address_range import AddressRange
from config.devices import ModbusDevice
from config.fault import InputError
from config.load import Secrets, load_site
from simulators.certificate import key_pair

TLS = "transport: tls, ca_file: ca.pem"
RTU = "transport: rtu, serial_port: /dev/ttyUSB0"
TAG = "{name: x, work_unit: u, role: other, table: holding, address: 100, type: float64, scale_from: 110}"


def _site(*devices: str) -> str:
    return (
        PLANT
        + "devices:\n"
        + "".join(f"- {{id: d{at}, protocol: modbus, {keys}}}\n" for at, keys in enumerate(devices))
    )


def _device(folder: Path, keys: str) -> ModbusDevice:
    (device,) = loaded(folder, _site(keys)).devices
    assert isinstance(device, ModbusDevice)
    return device


def _messages(folder: Path, *devices: str) -> list[str]:
    return [fault.split(": ", 1)[1] for fault in faults(folder, _site(*devices))]


def test_defaults_are_those_of_the_protocol(tmp_path: Path) -> None:
    device = _device(tmp_path, "host: h")
    assert (device.max_registers, device.max_bits, device.max_hole, device.in_flight) == (125, 2000, 16, 1)
    assert (device.answer_timeout_s, device.connect_pause_s, device.request_pause_s) == (1, 0, 0)
    assert (device.forbidden, device.start_at_zero, device.one_request_per_tag) == ((), False, False)


@pytest.mark.parametrize(
    "keys",
    [
        "answer_timeout_s: 0",
        "answer_timeout_s: 61",
        "max_registers: 0",
        "max_registers: 126",
        "max_bits: 0",
        "max_bits: 2001",
        "max_hole: -1",
        "max_hole: 124",
        "connect_pause_s: -0.1",
        "connect_pause_s: 61",
        "request_pause_s: -0.1",
        "request_pause_s: 61",
        "in_flight: 0",
        "in_flight: 17",
        "start_at_zero: 1",
        "one_request_per_tag: often",
    ],
)
def test_keys_have_bounds(tmp_path: Path, keys: str) -> None:
    (message,) = _messages(tmp_path, f"host: h, {keys}")
    assert message.startswith(f"devices[0].{keys.split(':')[0]}: must be ")


def test_forbidden_addresses_are_a_table_and_one_address_or_two(tmp_path: Path) -> None:
    device = _device(tmp_path, "host: h, forbidden: [holding 100-199, input 5, 'coil  0 - 65535']")
    assert device.forbidden == (
        AddressRange("holding", 100, 199),
        AddressRange("input", 5, 5),
        AddressRange("coil", 0, 65535),
    )
    assert [str(one) for one in device.forbidden] == ["holding 100-199", "input 5", "coil 0-65535"]
    shape = "must look like holding 100-199 or input 5: a table and zero-based addresses"
    order = "must name its first address before its last, and none above 65535"
    wrong = {"100-199": shape, "holdings 5": shape, "holding": shape, "holding 9-1": order, "input 65536": order}
    found = _messages(tmp_path, f"host: h, forbidden: [5, {', '.join(wrong)}]")
    assert found == [f"devices[0].forbidden[{at}]: {why}" for at, why in enumerate([shape, *wrong.values()])]
    assert _messages(tmp_path, "host: h, forbidden: holding 5") == ["devices[0].forbidden: must be a list"]


@pytest.mark.parametrize(
    ("forbidden", "holds"),
    [
        ("holding 100", "tag x"),
        ("holding 103-109", "tag x"),
        ("holding 0-65535", "tag x"),
        ("holding 104-110", "scale_from of tag x"),
    ],
)
def test_a_tag_at_a_forbidden_address_is_a_fault(tmp_path: Path, forbidden: str, holds: str) -> None:
    expected = f"devices[0].forbidden: {forbidden} holds {holds}; leave out one of the two"
    assert _messages(tmp_path, f"host: h, tags: [{TAG}], forbidden: [input 0-65535, {forbidden}]") == [expected]


def test_addresses_beside_a_tag_may_be_forbidden(tmp_path: Path) -> None:
    around = "holding 0-99, holding 104-109, holding 111-65535, input 100, coil 100"
    assert _device(tmp_path, f"host: h, tags: [{TAG}], forbidden: [{around}]").tags


def test_a_value_that_is_longer_than_an_answer_is_a_fault(tmp_path: Path) -> None:
    assert _device(tmp_path, f"host: h, tags: [{TAG}], max_registers: 4").tags
    assert _messages(tmp_path, f"host: h, tags: [{TAG}], max_registers: 3") == [
        "devices[0].max_registers: must be at least 4; x takes as many at once"
    ]


def test_tls_needs_an_authority_and_both_certificate_and_key(tmp_path: Path) -> None:
    whole = f"host: h, {TLS}, certificate_file: our.pem, key_file: our.key, server_name: meter"
    device = _device(tmp_path, whole)
    assert (device.line, device.server_name) == ("h:802", "meter")
    found = _messages(tmp_path, "host: h, transport: tls")
    assert found == [
        "devices[0].ca_file: is required for transport tls; the device's own certificate where none signed it"
    ]
    found = _messages(tmp_path, f"host: h, {TLS}, key_file: our.key", f"host: i, {TLS}, certificate_file: our.pem")
    assert found == [
        "devices[0].certificate_file: is required beside key_file",
        "devices[1].key_file: is required beside certificate_file",
    ]
    assert _messages(tmp_path, f"host: h, {TLS}, server_name: ''") == ["devices[0].server_name: must not be empty"]


@pytest.mark.parametrize("transport", ["tcp", "rtu-over-tcp", "rtu"])
@pytest.mark.parametrize("key", ["ca_file", "certificate_file", "key_file", "server_name"])
def test_keys_of_tls_promise_nothing_where_nothing_is_encrypted(tmp_path: Path, transport: str, key: str) -> None:
    (found,) = _messages(tmp_path, f"host: h, serial_port: p, transport: {transport}, {key}: f")
    assert found == f"devices[0].{key}: only for transport tls; with {transport} nothing is encrypted"


@pytest.mark.parametrize("unit", [0, 248, 255])
def test_units_of_a_serial_line_are_1_to_247(tmp_path: Path, unit: int) -> None:
    for keys in ("host: h", f"host: h, {TLS}"):
        assert _device(tmp_path, f"{keys}, unit: {unit}").unit == unit
    for transport, keys in (("rtu", RTU), ("rtu-over-tcp", "host: h, transport: rtu-over-tcp")):
        assert _device(tmp_path, f"{keys}, unit: 1").unit == 1
        assert _device(tmp_path, f"{keys}, unit: 247").unit == 247
        assert _messages(tmp_path, f"{keys}, unit: {unit}") == [
            f"devices[0].unit: must be 1 to 247 for transport {transport}; 0 is for broadcasts"
        ]


def test_only_answers_with_a_number_may_be_several_in_flight(tmp_path: Path) -> None:
    assert _device(tmp_path, f"host: h, {TLS}, in_flight: 16").in_flight == 16
    assert _messages(tmp_path, f"{RTU}, in_flight: 2", "host: h, transport: rtu-over-tcp, in_flight: 2") == [
        f"devices[{at}].in_flight: must be 1 for transport {transport}: answers there have no number"
        for at, transport in enumerate(["rtu", "rtu-over-tcp"])
    ]


def test_devices_on_one_line_speak_alike(tmp_path: Path) -> None:
    found = _messages(
        tmp_path,
        f"{RTU}, baudrate: 19200",
        f"{RTU}, unit: 2",
        f"{RTU}, unit: 3, baudrate: 19200, parity: none, stopbits: 2",
        "host: H",
        "host: h, port: 502, transport: rtu-over-tcp",
        f"host: h, {TLS}",
        f"host: h, port: 802, {TLS}, server_name: b",
        "host: h, port: 802",
    )
    serial, plain, secure = (f"both are on line {line}" for line in ("/dev/ttyUSB0", "h:502", "h:802"))
    assert found == [
        f"devices[1].baudrate: must be 19200 as for d0: {serial}",
        f"devices[2].parity: must be even as for d0: {serial}",
        f"devices[2].stopbits: must be 1 as for d0: {serial}",
        f"devices[4].transport: must be tcp as for d3: {plain}",
        f"devices[6].server_name: must be absent as for d5: {secure}",
        f"devices[7].transport: must be tls as for d5: {secure}",
    ]


def test_a_unit_may_stand_twice_with_tags_read_often_and_rarely(tmp_path: Path) -> None:
    site = loaded(tmp_path, _site("host: h, unit: 3, poll_s: 0.1", "host: h, unit: 3, poll_s: 60", "host: h, unit: 4"))
    assert [device.id for device in site.devices] == ["d0", "d1", "d2"]


def test_a_key_of_ours_is_for_its_owner_alone(tmp_path: Path) -> None:
    certificate, own = key_pair(tmp_path, "own", "urn:own")
    for name in ("ca.pem", "our.pem"):
        (tmp_path / name).write_bytes(certificate)
    key = tmp_path / "our.key"
    key.write_bytes(own)
    key.chmod(0o644)
    (tmp_path / "site.yaml").write_text(_site(f"host: h, {TLS}, certificate_file: our.pem, key_file: our.key"))
    with pytest.raises(InputError, match=r"devices\[0\].key_file: .* must be readable by its owner alone: chmod 600"):
        load_site(tmp_path / "site.yaml", Secrets.PRIVATE)
    key.chmod(0o600)
    assert load_site(tmp_path / "site.yaml", Secrets.PRIVATE).devices
