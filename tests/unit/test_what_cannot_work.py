"""Is what newcomers write into a site file, and cannot work, a fault or a warning that says what is meant?"""

from pathlib import Path

import pytest
from site_files import PLANT, faults, loaded

from collector.read_plan import beyond_one_request
from config.fault import InputError
from config.load import Secrets, load_site
from config.remarks import device_remarks
from simulators.certificate import key_pair

TAG = "{name: %s, work_unit: u, role: %s, table: input, address: %d, type: %s}"


def devices(*keys: str) -> str:
    rows = (f"- {{id: d{at}, protocol: modbus, {one}}}\n" for at, one in enumerate(keys))
    return f"{PLANT}devices:\n{''.join(rows)}"


def messages(folder: Path, *keys: str) -> list[str]:
    return [fault.split(": ", 1)[1].removeprefix("devices[0].") for fault in faults(folder, devices(*keys))]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("host: '127.0.0.1:5020'", "host: must be the address alone; the port goes in port"),
        ("host: '[::1]:502'", "host: must be the address alone; the port goes in port"),
        ("host: tcp://10.0.0.7", "host: must be the address alone; the port goes in port"),
        ("serial_port: /dev/ttyUSB0", "transport: is tcp, and serial_port stands there; did you mean rtu?"),
        ("host: h, slave: 3", "slave: unknown key; did you mean unit?"),
        ("host: h, slave_id: 3", "slave_id: unknown key; did you mean unit?"),
        ("host: h, device_id: 3", "device_id: unknown key; did you mean unit?"),
        ("host: h, ip: 10.0.0.7", "ip: unknown key; did you mean host?"),
        ("host: h, address: 10.0.0.7", "address: unknown key; did you mean host?"),
        ("host: h, timeout: 3", "timeout: unknown key; did you mean answer_timeout_s?"),
        (
            "host: h, tags: [{name: v, work_unit: u, role: other, table: input, address: 0, type: int16, addr: 5}]",
            "tags[0].addr: unknown key; did you mean address?",
        ),
        (
            "host: h, profile: eastron-sdm630, tags: [{name: f, work_unit: u, register: frequency}]",
            "tags[0].register: frequency has no role in eastron-sdm630; say role: other",
        ),
    ],
)
def test_what_cannot_work_is_one_fault_that_says_what_is_meant(tmp_path: Path, keys: str, said: str) -> None:
    assert messages(tmp_path, keys) == [said]


@pytest.mark.parametrize("host", ["10.0.0.7", "meter.local", "::1", "fe80::1:502", "[::1]"])
def test_a_host_without_a_port_is_sound(tmp_path: Path, host: str) -> None:
    assert loaded(tmp_path, devices(f"host: '{host}'")).devices


@pytest.mark.parametrize("tag", ["register: import", "role: energy_import"])
def test_a_profile_that_is_almost_one_is_the_one_fault(tmp_path: Path, tag: str) -> None:
    (fault,) = messages(tmp_path, f"host: h, profile: eastron-sdm360, tags: [{{name: e, work_unit: u, {tag}}}]")
    assert fault.startswith("profile: is not known; did you mean eastron-sdm630? It must be one of ")


def test_a_misspelt_role_is_told_the_one_that_is_meant_first(tmp_path: Path) -> None:
    (fault,) = messages(tmp_path, f"host: h, tags: [{TAG % ('v', 'voltag', 0, 'int16')}]")
    assert fault.startswith("tags[0].role: did you mean voltage? It must be produced_count, ")


def test_faults_are_said_in_the_order_of_lines(tmp_path: Path) -> None:
    text = devices("host: h, profile: no-such", "host: h, slave: 1, profile: neither") + "plants: {}\n"
    assert [fault.split(":")[1] for fault in faults(tmp_path, text)] == ["3", "4", "4", "5"]


@pytest.mark.parametrize("key", ["ca_file", "certificate_file", "key_file"])
@pytest.mark.parametrize("broken", ["garbage", "absent"])
def test_a_certificate_that_cannot_be_used_is_a_fault_of_its_key(tmp_path: Path, key: str, broken: str) -> None:
    certificate, own = key_pair(tmp_path, "own", "urn:own")
    names = {"ca_file": "ca.pem", "certificate_file": "our.pem", "key_file": "our.key"}
    for name, content in zip(names.values(), (certificate, certificate, own), strict=True):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "site.yaml"
    path.write_text(devices("host: h, transport: tls, " + ", ".join(f"{k}: {name}" for k, name in names.items())))
    assert load_site(path, Secrets.PRESENT).devices
    if broken == "garbage":
        (tmp_path / names[key]).write_bytes(b"nothing")
    else:
        (tmp_path / names[key]).unlink()
    with pytest.raises(InputError) as caught:
        load_site(path, Secrets.PRESENT)
    (fault,) = caught.value.faults
    assert (fault.key, names[key] in fault.message) == (f"devices[0].{key}", True)
    if key != "key_file":
        assert fault.message.endswith("is not there" if broken == "absent" else "holds no certificate (PEM)")
        with pytest.raises(InputError):
            load_site(path, Secrets.PRIVATE)


def test_what_is_hardly_meant_is_a_warning(tmp_path: Path) -> None:
    site = loaded(
        tmp_path,
        devices(
            f"host: h, unit: 3, tags: [{TAG % ('e', 'energy_import', 72, 'float32')}]",
            f"host: H, unit: 3, tags: [{TAG % ('p', 'power', 73, 'int16')}, {TAG % ('n', 'fuel', 90, 'int16')}]",
            "host: h",
            f"host: h, unit: 4, tags: [{TAG % ('f', 'energy_import', 72, 'float32')}, "
            f"{TAG % ('g', 'energy_export', 72, 'float32')}, {TAG % ('c', 'current', 72, 'float32')}]",
        ),
    )
    assert list(device_remarks(site.devices)) == [
        "d2: has no tags; nothing of it is read or stored",
        "d0 and d1: both read unit 3 of h:502, and e and p overlap there",
        "f and g: both count what stands at input 72",
    ]


def test_tags_that_no_request_from_zero_reaches_are_named(tmp_path: Path) -> None:
    tags = ", ".join(TAG % (f"t{at}", "other", at, "int16") for at in (0, 100, 125, 200))
    (start,) = loaded(tmp_path, devices(f"host: h, start_at_zero: true, tags: [{tags}]")).devices
    (free,) = loaded(tmp_path, devices(f"host: h, tags: [{tags}]")).devices
    assert beyond_one_request(start) == ["t125", "t200"]
    assert beyond_one_request(free) == []
