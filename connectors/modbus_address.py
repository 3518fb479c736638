"""How does a manual write the address of a register? Counted from 1, with the table as its first figure, or from 0.

Ours are those of the wire (MODBUS Application Protocol V1.1b3, 4.4): from 0. There, data of number 1 has address 0,
and the number behind the table's figure (40001, in six figures 400001: holding 0) is a habit beside the standard.
"""

from connectors.modbus_plan import Table

_FIGURES: dict[Table, int] = {"coil": 0, "discrete": 1, "input": 3, "holding": 4}
_MOST_OF_FIVE = 9999


def manual_names(table: Table, address: int) -> tuple[str, ...]:
    """What a manual may call a zero-based address: counted from 1, and with the figure of its table.

    >>> manual_names("input", 72), manual_names("holding", 19000)
    (('73', '30073'), ('19001', '419001'))
    """
    number = address + 1
    width = 4 if number <= _MOST_OF_FIVE else 5
    return str(number), f"{_FIGURES[table]}{number:0{width}d}"


def zero_based(table: Table, written: int) -> int | None:
    """The address that a number in a manual's notation of this table names; None for what is no such number.

    Six figures alone are unmistakable: 40073 may be holding 72 in a manual, and is an address of its own.

    >>> zero_based("holding", 400073), zero_based("holding", 40073), zero_based("input", 400073)
    (72, 72, None)
    """
    figure = _FIGURES[table]
    if figure == 0:
        return None
    for width in (5, 4):
        number = written - figure * 10**width
        if 1 <= number <= (65536 if width == 5 else _MOST_OF_FIVE):
            return number - 1
    return None
