"""What do some registers of a Modbus device hold? Raw, as the values that tile them best, and in every decoding."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from commands.probe_units import place
from commands.terminal import refuse, say, say_json, write_new

if TYPE_CHECKING:
    from config.devices import ModbusDevice
    from connectors.modbus_expected import Expected
    from connectors.modbus_guess import Decoding, Guess
    from connectors.modbus_plan import Table
    from connectors.modbus_probe import Held, Probe

_MOST_NEAR = 20


def probe_registers(
    device: "ModbusDevice",
    table: "Table",
    address: int,
    count: int,
    expect: str | None,
    tags: Path | None,
    as_json: bool,
    best_only: bool,
) -> None:
    """Read, guess, say, and write a tag list where one is wanted."""
    from connectors.modbus_expected import expected
    from connectors.modbus_guess import Asked, guess
    from connectors.modbus_probe import Probe

    asked = Probe(table, _address(table, address), count)
    if fault := asked.fault():
        refuse(f"--{fault}")
    try:
        shown = expected(expect) if expect is not None else None
    except ValueError as error:
        refuse(f"--expect: {error}")
    held = _read(device, asked, with_context=shown is not None)
    wanted = Asked(asked.address, asked.count)
    found = guess(table, held.address, held.words, shown, wanted, held.is_refused)
    hint = _off_by_one(found, asked.address, shown)
    if tags is not None:
        _write(tags, device.unit, found, shown)
    held = held.shown(asked)
    if as_json:
        say_json(_json(table, held, found, hint))
    else:
        _say(table, held, found, shown, hint, best_only)


def _address(table: "Table", written: int) -> int:
    """The address meant: six figures are a manual's notation, which begins with the table's figure."""
    from connectors.modbus_address import zero_based

    if written <= 65535:
        return written
    meant = zero_based(table, written)
    if meant is not None:
        return meant
    others: tuple[Table, ...] = ("input", "holding")
    for other in others:
        if (address := zero_based(other, written)) is not None:
            refuse(f"--address: {written} of a manual is --table {other} --address {address}")
    return written


def _read(device: "ModbusDevice", asked: "Probe", with_context: bool) -> "Held":
    import asyncio

    from connectors.modbus_address import zero_based
    from connectors.modbus_probe import probed_parts
    from connectors.reachability import Obstacle, UnreachableError

    try:
        return asyncio.run(probed_parts(device, asked, with_context))
    except UnreachableError as error:
        hint = ""
        meant = zero_based(asked.table, asked.address)
        if error.obstacle is Obstacle.ADDRESS_REFUSED and meant is not None:
            hint = f"; if {asked.address} is from a manual, try --address {meant}: addresses are counted from 0 here"
        refuse(f"{place(device)}: {error}{hint}")


def _off_by_one(found: "Guess", address: int, shown: "Expected | None") -> str | None:
    """What to say where what is expected was found, but one register beside where it was looked for."""
    if shown is None:
        return None
    if not found.near:
        return (
            f"nothing near to {shown.value:g} there, nor one register beside: try more registers, the other table,"
            " or whether the display shows the same quantity"
        )
    at = found.near[0].address
    match found.beside(address):
        case -1:
            return f"found at {at}, one before {address}: maybe the manual counts from 1; try --address {at}"
        case 1:
            return f"found at {at}, one behind {address}: maybe the manual counts from 0; try --address {at}"
    return None


def _write(file: Path, unit: int, found: "Guess", shown: "Expected | None") -> None:
    from config.tag_row import tag_list
    from connectors.role_proposal import role_for_unit
    from plant.tag import Role

    rows, texts = [], 0
    for one in found.best:
        if one.type == "string":  # a text would have to be an order, a product or an alarm, which nobody has said
            texts += 1
            continue
        proposed = role_for_unit(shown.unit) if shown is not None and one in found.near[:1] else (Role.OTHER, "")
        rows.append(one.as_tag(f"u{unit}.{one.table}{one.address}", "plant", *proposed))
    write_new(file, tag_list(rows, "modbus"))
    left_out = f"; {texts} texts are left out" if texts else ""
    typer.echo(f"give names, work units, roles and units where they are known{left_out}", err=True)


def _given(held: "Held") -> list[tuple[int, int]]:
    """Address and content of each register that the device gives."""
    flags = held.is_refused.tolist()
    return [(held.address + at, int(word)) for at, word in enumerate(held.words) if not flags[at]]


def _number(value: float | str) -> float | str | None:
    return None if value != value else value  # NaN: the device says that it has no value


def _one(one: "Decoding") -> dict[str, Any]:
    from connectors.modbus_address import manual_names

    return {
        "address": one.address,
        "in_manuals": manual_names(one.table, one.address),
        "registers": one.words,
        "type": one.type,
        "order": one.order,
        "value": _number(one.value),
        "scale": one.scale,
        "scaled": _number(one.scaled),
        "plausibility": one.plausibility,
    }


def _json(table: "Table", held: "Held", found: "Guess", hint: str | None) -> dict[str, Any]:
    from connectors.modbus_address import manual_names

    return {
        "table": table,
        "registers": [{"address": at, "in_manuals": manual_names(table, at), "raw": word} for at, word in _given(held)],
        "refused": [{"first": one.first, "last": one.last, "said": one.said} for one in held.refused],
        "orders": [
            {"order": one.letters, "order_of_one_register": one.bytes_of_one, "behind_bits": one.behind}
            for one in found.orders
        ],
        "order_leads_by_bits": found.lead,
        "hint": hint,
        "best": [_one(one) for one in found.best],
        "near": [_one(one) for one in found.near],
        "decodings": [_one(one) for one in found.decodings],
    }


def _say(
    table: "Table", held: "Held", found: "Guess", shown: "Expected | None", hint: str | None, best_only: bool
) -> None:
    """The registers, then every decoding, most plausible first."""
    for at, word in _given(held):
        letters = bytes(divmod(word, 256)).decode("ascii", "replace")
        text = "".join(letter if letter.isprintable() and letter.isascii() else "." for letter in letters)
        raw = f"{word}" if table in ("coil", "discrete") else f"{word:#06x}  {word:>5}  {text}"
        say(f"{table} {at:>5}  {raw}")
    for one in held.refused:
        say(f"{table} {one}")
    if table in ("coil", "discrete"):
        return
    near = found.near[:_MOST_NEAR]
    if shown is not None and near:
        _table(f"nearest to {shown.value:g} {shown.unit}".rstrip(), near)
    best = [one for one in found.best if one not in near]
    _table("the values in line with it" if near else "most plausible", best)
    if hint:
        say(f"\n{hint}")
    if found.orders and not near:
        say(f"\n{_confidence(found)}")
    if not best_only:
        _table("other decodings", [one for one in found.decodings if one not in near and one not in best])


def _table(heading: str, ranked: list["Decoding"]) -> None:
    from connectors.modbus_address import manual_names

    if not ranked:
        return
    say(f"\n{heading}:\naddress  in manuals      type     order     {'value':>18}  plausible by [bit]")
    for one in ranked:
        scaled = f"  x {one.scale:g} = {one.scaled:g}" if one.scale != 1 else ""
        names = ", ".join(manual_names(one.table, one.address))
        where = f"{one.address:>7}  {names:<14}  {one.type:<7}  {one.order:<8}"
        say(f"{where}  {_shown(one):>18}  {one.plausibility:>6.1f}{scaled}")


def _shown(one: "Decoding") -> str:
    if isinstance(one.value, str):
        return one.value
    if one.value != one.value:
        return "no value"
    return f"{one.value:.7g}" if one.type == "float32" else f"{one.value:.10g}"


def _confidence(found: "Guess") -> str:
    """How far the order can be relied on, in words."""
    from connectors.modbus_guess import Confidence

    order = f"order {found.orders[0].letters}, more plausible than the next by {found.lead or 0:g} bit"
    match found.confidence:
        case Confidence.ZEROS:
            return "all of it is 0: nothing can be told; read it again when the device measures something"
        case Confidence.SINGLE:
            return "no value here takes two registers: the order of words cannot be told; read more of them"
        case Confidence.SURE:
            return f"{order}: sure"
        case Confidence.LIKELY:
            return f"{order}: likely; --expect with what the display shows makes it sure"
    return f"{order}: hardly more than a guess; read more registers, or say with --expect what the display shows"
