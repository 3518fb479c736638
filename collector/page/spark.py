"""How is a short line of values drawn in a tile, without script?"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 120.0, 32.0


@dataclass(frozen=True, slots=True)
class Spark:
    """A line in a box of 120 by 32: the pieces between its holes as points of SVG, and the heights of the lines it is
    compared with."""

    pieces: tuple[str, ...]
    levels: tuple[float | None, ...]


def spark(values: Sequence[float | None], levels: Sequence[float | None] = ()) -> Spark:
    """The line of values, left to right; lone values between holes are drawn as short dashes. Empty for no values.

    >>> spark([0.0, 1.0, None, 0.5]).pieces
    ('0.0,32.0 40.0,0.0', '119.0,16.0 121.0,16.0')
    """
    known = [one for one in [*values, *levels] if one is not None]
    if not any(one is not None for one in values):
        return Spark((), ())
    low, high = min(known), max(known)
    size = high - low

    def height(value: float) -> float:
        return round(HEIGHT / 2 if size == 0 else HEIGHT * (high - value) / size, 1)

    step = WIDTH / max(1, len(values) - 1)
    points = [(round(at * step, 1), height(one)) if one is not None else None for at, one in enumerate(values)]
    pieces: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            pieces[-1].append(point)
        elif pieces[-1]:
            pieces.append([])
    return Spark(
        tuple(_drawn(piece) for piece in pieces if piece),
        tuple(None if one is None else height(one) for one in levels),
    )


def _drawn(piece: Sequence[tuple[float, float]]) -> str:
    if len(piece) == 1:
        x, y = piece[0]
        piece = [(x - 1, y), (x + 1, y)]
    return " ".join(f"{x},{y}" for x, y in piece)
