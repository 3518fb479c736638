"""SunSpec devices of our own making behind a real server: discovered by command, then read by what it wrote."""

import asyncio
import json
from pathlib import Path

import pytest
from served_registers import ServedRegisters, serving
from sunspec_image import common, image, model_203, model_213, unknown
from typer.testing import CliRunner

from commands.main import app
from config.load import load_site
from connectors.modbus import ModbusConnector
from plant.status_code import status_name

SITE = "plant: {id: abc, time_zone: Etc/UTC}\ndevices: [{id: m, protocol: modbus, host: 127.0.0.1, port: %d, %s}]\n"


def probed(context: ServedRegisters, *arguments: str):
    """What the command says of a device, and every value read by the tag list that it wrote."""

    async def run(folder: Path | None):
        async with serving(context) as port:
            command = ["probe", "sunspec", f"127.0.0.1:{port}", *arguments]
            said = await asyncio.to_thread(CliRunner().invoke, app, command)
            return said, await read(folder, port) if folder else {}

    async def read(folder: Path, port: int):
        site = folder / "site.yaml"
        site.write_text(SITE % (port, f"unit: {context.unit}, tags: found.csv"), encoding="utf-8")
        (device,) = load_site(site).devices
        batch = (await ModbusConnector(device).read_once()).batch
        rows = zip(batch.names, batch.values.tolist(), batch.status.tolist(), strict=True)
        return {name: status_name(status) if status else value for name, value, status in rows}

    file = next((Path(argument) for argument in arguments if argument.endswith("found.csv")), None)
    return asyncio.run(run(file.parent if file else None))


def test_integers_and_their_powers_of_ten_are_found_and_read(tmp_path: Path) -> None:
    device = ServedRegisters({"holding": image(40000, common(), model_203())})
    said, values = probed(device, "--tags", str(tmp_path / "found.csv"))
    assert said.exit_code == 0
    assert "SunSpec marker at holding register 40000\n" in said.stdout
    assert "beside" not in said.stdout
    assert "model 203 (ac_meter_abcn) at 40070, 105 registers\n" in said.stdout
    assert "  40004  Mn                         Acme\n" in said.stdout
    assert "  40088  W                        -12340 W     power\n" in said.stdout
    assert values == {
        "u1.A": 12.34,
        "u1.AphA": 12.34,
        "u1.PhV": 230.1,
        "u1.PhVphA": 230.1,
        "u1.W": -12.34,
        "u1.TotWhExp": "BadNoData",  # 0 says that nothing was accumulated
        "u1.TotWhImp": 12345.678,
    }
    assert {table for table, _, _ in device.asked} == {"holding"}


def test_floats_behind_models_that_nobody_here_knows(tmp_path: Path) -> None:
    models = (common(65), unknown(64001, 10), unknown(701, 0), model_213())
    device = ServedRegisters({"holding": image(50000, *models)}, unit=7)
    said, values = probed(device, "--unit", "7", "--all", "--json", "--tags", str(tmp_path / "found.csv"))
    found = json.loads(said.stdout)
    assert (found["base"], found["identity"]["SN"]) == (50000, "SN-4711")
    assert [(model["id"], model["name"]) for model in found["models"]] == [
        (1, "common"),
        (64001, None),
        (701, None),
        (213, "ac_meter_abcn_float"),
    ]
    assert [tag["name"] for tag in found["tags"]] == list(values)
    assert values == {
        "u7.Hz": pytest.approx(49.98),
        "u7.W": 1.5,
        "u7.TotWhExp": 0.012,
        "u7.TotWhImp": 98.7655,
        "u7.Evt": 0.0,
    }


@pytest.mark.parametrize(("base", "beside"), [(0, False), (40001, True)])
def test_where_the_marker_is_and_whether_it_belongs_there_is_said(base: int, beside: bool) -> None:
    said, _ = probed(ServedRegisters({"holding": image(base, common())}))
    assert said.stdout.startswith(f"SunSpec marker at holding register {base}\n")
    assert ("beside where it belongs" in said.stdout) is beside


def test_a_device_without_meters_gets_no_tag_list(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    said, _ = probed(ServedRegisters({"holding": image(40000, common(), unknown(103, 50))}), "--tags", str(file))
    assert said.exit_code == 2
    assert "has no meter model (201 to 204, 211 to 214) with values; nothing was written\n" in said.stderr
    assert not file.exists()


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (ServedRegisters({"input": image(40000, common())}), "is no SunSpec device"),
        (
            ServedRegisters({"holding": image(40000, common(), end=[])}),
            "break off at register 40070 (behind model 1): holding 40070-40071: exception 2",
        ),
        (ServedRegisters({"holding": image(40000, end=[203, 30000])}), "claims 30000 registers, beyond register 65535"),
        (
            ServedRegisters({"holding": image(40000, common(), model_213())}, silent=[40070]),
            "break off at register 40070 (behind model 1): ",
        ),
    ],
)
def test_a_device_that_does_not_follow_the_specification_is_refused_with_the_place(
    context: ServedRegisters, reason: str
) -> None:
    said, _ = probed(context)
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr.startswith("127.0.0.1:")
    assert reason in said.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("h:70000",), "h:70000: a port is a number from 1 to 65535"),
        (("h", "--unit", "300"), "255"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], reason: str) -> None:
    said = CliRunner().invoke(app, ["probe", "sunspec", *arguments])
    assert said.exit_code == 2
    assert reason in said.stderr
