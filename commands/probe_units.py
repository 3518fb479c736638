"""Which units answer behind an address or on a serial line, and who are they? What was found when Ctrl-C comes, too."""

import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import typer

from commands.terminal import refuse, say, say_json

if TYPE_CHECKING:
    from config.devices import ModbusDevice
    from connectors.modbus_plan import Block, Table
    from connectors.modbus_unit_scan import UnitAnswer

_MOST_OF_A_LINE = 32
"""Units that are asked under each line setting where none are named: there are a dozen settings to try."""


def place(device: "ModbusDevice") -> str:
    """Where a device is, for a message: host and port, or the serial port."""
    return device.serial_port or f"{device.host}:{device.tcp_port}"


def probe_identity(device: "ModbusDevice", as_json: bool) -> None:
    """Say who the device is, as it says itself."""
    import asyncio

    from connectors.modbus_identity import IdentityError, identity

    try:
        found = asyncio.run(identity(device))
    except (IdentityError, OSError) as error:
        refuse(f"{place(device)}: {error}")
    if as_json:
        say_json({"identity": found})
    for name, text in () if as_json else found.items():
        say(f"{name:<12}  {text}")


def probe_units(
    device: "ModbusDevice",
    units: str | None,
    table: "Table",
    address: int,
    wait_s: float,
    *,
    line: bool,
    identify: bool,
    as_json: bool,
) -> None:
    """Ask one unit after the other for a register and say which are there."""
    import asyncio

    from connectors.modbus_plan import Block
    from connectors.modbus_unit_scan import units_of, usual_units

    try:
        wanted = units_of(units) if units is not None else usual_units(device.transport)
        if line and units is None:
            wanted = wanted[:_MOST_OF_A_LINE]
    except ValueError as error:
        refuse(f"--units: {error}")
    if not 0 <= address <= 65535:
        refuse("--address: must be 0 to 65535")
    found = _Found(device)
    try:
        asyncio.run(_scan(found, wanted, Block(table, address, 1, ()), wait_s, line, identify))
    except KeyboardInterrupt:
        found.ended = False
        typer.echo("stopped; found so far:", err=True)
    found.say(as_json)


class _Found:
    """What a scan has found so far; whom: who the units say they are; ended: whether all were asked."""

    def __init__(self, device: "ModbusDevice") -> None:
        self.device, self.ended, self.speaks_modbus = device, True, True
        self.answers: list[UnitAnswer] = []
        self.whom: dict[int, dict[str, str]] = {}

    @property
    def there(self) -> list["UnitAnswer"]:
        return [one for one in self.answers if one.is_there]

    def say(self, as_json: bool) -> None:
        """Print it."""
        from connectors.modbus_unit_scan import looks_at_no_unit

        every = looks_at_no_unit(self.answers)
        device = self.device
        line = {"baudrate": device.baudrate, "parity": device.parity, "stopbits": device.stopbits}
        if as_json:
            rows = [_row(one, self.whom.get(one.unit)) for one in self.there]
            serial = line if device.transport == "rtu" and self.there else None
            said = {"units": rows, "asked": len(self.answers), "answers_to_every_unit": every, "complete": self.ended}
            say_json({**said, "line": serial})
            return
        if every:
            say("this device answers to every unit id: any will do, 1 or 255 is usual")
        for one in self.there[:1] if every else self.there:
            who = ", ".join(text for text in self.whom.get(one.unit, {}).values() if text)
            say(f"unit {one.unit:>3}  {one.said}{'  ' + who if who else ''}")
        if not self.there and not self.speaks_modbus:
            refuse(f"{place(device)}: something answers, but it does not speak Modbus: check the port, 502 is usual")
        if not self.there:
            say(_nobody(self.answers))
        elif device.transport == "rtu":
            say(f"line: {device.baudrate} bit/s, parity {device.parity}, {device.stopbits} stop bit")


def _row(one: "UnitAnswer", whom: dict[str, str] | None) -> dict[str, Any]:
    return {"unit": one.unit, "said": one.said, **({"identity": whom} if whom else {})}


def _nobody(answers: Sequence["UnitAnswer"]) -> str:
    heard = next((f" (unit {one.unit}: {one.said})" for one in answers if one.said != "silent"), "")
    return (
        f"no unit answered, {len(answers)} asked{heard}: check wiring, speed and parity of the bus, try --wait 2,"
        " or --table input where a device has no holding registers"
    )


async def _scan(found: _Found, units: Sequence[int], block: "Block", wait_s: float, line: bool, identify: bool) -> None:
    from connectors.modbus_probe import speaks_modbus
    from connectors.modbus_unit_scan import line_settings
    from connectors.reachability import UnreachableError

    refused: Exception | None = None
    could_ask = False
    for device in line_settings(found.device) if line else (found.device,):
        found.device, found.answers = device, []
        try:
            await _ask(found, units, block, wait_s, line)
        except UnreachableError as error:  # maybe of this setting alone: a port need not have all
            refused = error
        else:
            could_ask = True
        if found.there:
            break
    if refused is not None and not could_ask:
        refuse(f"{place(found.device)}: {refused}")
    if not found.there and any(one.said != "silent" for one in found.answers):
        found.speaks_modbus = await speaks_modbus(found.device) is not False
    if identify:
        await _identify(found)


async def _ask(found: _Found, units: Sequence[int], block: "Block", wait_s: float, line: bool) -> None:
    from connectors.modbus_unit_scan import scanned

    async with aclosing(scanned(found.device, units, block, wait_s)) as scan:
        async for answer in scan:
            found.answers.append(answer)
            _progress(found.device, answer, len(found.answers), len(units), line)


async def _identify(found: _Found) -> None:
    from connectors.modbus_identity import IdentityError, identity

    for one in found.there:
        try:
            found.whom[one.unit] = await identity(found.device.model_copy(update={"unit": one.unit}))
        except (IdentityError, OSError) as error:
            found.whom[one.unit] = {"said": str(error)}


def _progress(device: "ModbusDevice", answer: "UnitAnswer", at: int, of: int, line: bool) -> None:
    """One line on standard error that is written over, where somebody watches."""
    if sys.stderr.isatty():
        settings = f"{device.baudrate} {device.parity}, " if line else ""
        found = f"unit {answer.unit} {answer.said}" if answer.is_there else f"unit {answer.unit}"
        typer.echo(f"\r{settings}{found} ({at} of {of})".ljust(60), err=True, nl=answer.is_there)
