"""`smartwings probe modbus HOST[:PORT] …`: which units answer, who they are, and what registers hold."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.probe_registers import probe_registers
from commands.probe_units import probe_identity, probe_units
from commands.terminal import Json, quiet_libraries, refuse

if TYPE_CHECKING:
    from config.devices import ModbusDevice
    from connectors.modbus_plan import Table as PlainTable

probe_app = typer.Typer(help="What a device holds at addresses that nobody has named yet.", no_args_is_help=True)


@probe_app.callback()
def of_protocol() -> None:
    """What a device holds at addresses that nobody has named yet."""


class TableName(StrEnum):
    """Tables of a Modbus device."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"


class Parity(StrEnum):
    """Parities of a serial line."""

    EVEN = "even"
    ODD = "odd"
    NONE = "none"


class Framing(StrEnum):
    """How a device behind an address is spoken to."""

    TCP = "tcp"
    RTU_OVER_TCP = "rtu-over-tcp"


Host = Annotated[str | None, typer.Argument(metavar="HOST[:PORT]", help="Device or gateway; port 502.")]
Unit = Annotated[int | None, typer.Option(help="Unit behind the address: 1 unless said.")]
Table = Annotated[TableName | None, typer.Option(help="Table to read. Without it: which units answer.")]
Address = Annotated[int | None, typer.Option(help="First address, from 0; 400073 is a manual's holding 72.")]
Count = Annotated[int | None, typer.Option(help="How many registers or bits.")]
Expect = Annotated[str | None, typer.Option(metavar="V", help="What its display shows now: 230.1, '12.3 kW'.")]
Tags = Annotated[Path | None, typer.Option(metavar="FILE", help="Write a tag list of the best.")]
Units = Annotated[
    str | None, typer.Option(metavar="IDS", help="Which of these answer: 1-20,247. Default: 1-247, over TCP 255 too.")
]
Wait = Annotated[float, typer.Option("--wait", metavar="S", help="Least time a unit is waited for.", min=0.05, max=10)]
Identify = Annotated[bool, typer.Option("--identify", help="Ask the device who it is (function code 43/14).")]
SerialPort = Annotated[str | None, typer.Option(metavar="PORT", help="A serial line in place of HOST: /dev/ttyUSB0.")]
Baudrate = Annotated[int, typer.Option(help="Speed of the serial line.")]
ParityOf = Annotated[Parity, typer.Option(help="Parity of the serial line.")]
Stopbits = Annotated[int, typer.Option(help="Stop bits of the serial line.")]
Line = Annotated[bool, typer.Option("--line", help="Try the usual line settings until a unit answers.")]
BestOnly = Annotated[bool, typer.Option("--best", help="Leave out the other decodings.")]
FramingOf = Annotated[Framing, typer.Option(help="rtu-over-tcp: a gateway that passes serial frames on.")]


@probe_app.command()
def modbus(
    address_of_device: Host = None,
    unit: Unit = None,
    table: Table = None,
    address: Address = None,
    count: Count = None,
    expect: Expect = None,
    tags: Tags = None,
    units: Units = None,
    wait: Wait = 0.3,
    identify: Identify = False,
    serial_port: SerialPort = None,
    baudrate: Baudrate = 9600,
    parity: ParityOf = Parity.EVEN,
    stopbits: Stopbits = 1,
    line: Line = False,
    transport: FramingOf = Framing.TCP,
    best_only: BestOnly = False,
    as_json: Json = False,
) -> None:
    """Registers with every decoding, the most plausible first; without --table the units that answer. Only read."""
    quiet_libraries()
    serial = {"baudrate": baudrate, "parity": parity.value, "stopbits": stopbits}
    device = _device(address_of_device, serial_port, 1 if unit is None else unit, transport, serial)
    scans = table is None or units is not None or line
    if scans:
        _refuse_registers({"--count": count, "--expect": expect, "--tags": tags})
    _refuse_mixed(line and not serial_port, unit is not None and units is not None, identify and not scans)
    if identify and table is None and units is None and not line:
        probe_identity(device, as_json)
    elif scans:
        wanted = units if unit is None else str(unit)
        asked: PlainTable = table.value if table else "holding"
        probe_units(device, wanted, asked, address or 0, wait, line=line, identify=identify, as_json=as_json)
    elif table is None or address is None or count is None:
        refuse("--address, --count: say from where on and how many registers to read, as in --address 0 --count 20")
    else:
        probe_registers(device, table.value, address, count, expect, tags, as_json, best_only)


def _refuse_registers(given: dict[str, Any]) -> None:
    """Options that say what to read say nothing to a scan, which asks each unit for one register."""
    if said := ", ".join(name for name, value in given.items() if value is not None):
        refuse(f"{said}: only with --table, --address and --count, and without --units and --line")


def _refuse_mixed(line_without_port: bool, unit_and_units: bool, identity_of_registers: bool) -> None:
    if line_without_port:
        refuse("--line: only with --serial-port")
    if unit_and_units:
        refuse("--unit, --units: give one of them")
    if identity_of_registers:
        refuse("--identify: not with --table, --address and --count; ask for it in a command of its own")


def _device(
    host: str | None, serial_port: str | None, unit: int, transport: Framing, serial: dict[str, Any]
) -> "ModbusDevice":
    from pydantic import ValidationError

    from commands.site_versions import host_and_port
    from config.devices import ModbusDevice
    from config.model import plain_message

    if host is not None and serial_port is not None:
        refuse("HOST, --serial-port: give one of them")
    if host is None and serial_port is None:
        refuse("say where the device is: HOST[:PORT], or --serial-port PORT for a serial line")
    where: dict[str, Any] = {"transport": "rtu", "serial_port": serial_port, **serial}
    if host is not None:
        if "://" in host or "/" in host:
            refuse(f"{host}: give HOST or HOST:PORT, as in 192.168.10.7:502")
        name, port = host_and_port(host)
        where = {"transport": transport.value, "host": name, "port": port}
    try:
        return ModbusDevice.model_validate({"id": "probed", "protocol": "modbus", "unit": unit, **where})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = str(problem["loc"][-1] if problem["loc"] else "")
        message = plain_message(problem, (key,), ModbusDevice, hint=False)
        refuse(f"{_written(key, host)}: {message}" if key else message)


def _written(key: str, host: str | None) -> str:
    """Where somebody wrote a setting: in an option, or in HOST:PORT."""
    return str(host) if key in ("host", "port") else f"--{key.replace('_', '-')}"
