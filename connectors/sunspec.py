"""Which SunSpec models does a device hold, and which tags are in them? Worked out from registers that somebody reads.

SunSpec Device Information Model Specification: holding registers; the marker `SunS` at 40000, 50000 or 0; behind it
models, each with its id, its length and so many registers; behind the last one the id 0xFFFF.
"""

import math
import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.sunspec_model import Model, Point, sunspec_models
from connectors.reachability import Obstacle, UnreachableError

U16 = NDArray[np.uint16]

MARKER = [0x5375, 0x6E53]
BASES = (40000, 50000, 0)
NEAR_BASES = (39999, 40001, 49999, 50001, 1)
"""Where a device has the marker whose maker counted from 1, or once too often."""
END = 0xFFFF
MOST_MODELS = 64
"""Devices have a dozen; more is a device that answers everything alike."""
_LAST = 65535
_COMMON = 1
_NO_POWER = -0x8000

CODINGS: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "int16": (">h", "int16", (-0x8000,)),
    "uint16": (">H", "uint16", (0xFFFF,)),
    "acc32": (">I", "uint32", (0,)),
    "bitfield32": (">I", "uint32", (0x80000000, 0xFFFFFFFF)),
    "float32": (">f", "float32", ()),
}
"""How a type of a model lies in registers, its type as a tag, and the numbers that say that there is no value."""
_ROLLOVER = 2**32


class SunSpecError(Exception):
    """A device is no SunSpec device, or its models do not follow each other as they must. One line for a person."""


@dataclass(frozen=True, slots=True)
class Value:
    """A point as it is now. value: absent where the device has none; power: that of ten in it, from `scale_at`."""

    point: Point
    address: int
    value: float | str | None
    scale_at: int | None = None
    power: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A model of a device: where its id is, how many registers follow its length, and its points where it is known."""

    id: int
    address: int
    length: int
    model: Model | None
    values: tuple[Value, ...] = ()

    @property
    def is_meter(self) -> bool:
        """Whether it holds what a tag can be of."""
        return self.model is not None and self.id != _COMMON


@dataclass(frozen=True, slots=True)
class SunSpecMap:
    """Where the marker is, and the models behind it in their order."""

    base: int
    models: tuple[Found, ...]

    def identity(self) -> dict[str, str]:
        """What the device says of itself: points of model 1 (Mn maker, Md model, Vr version, SN serial number)."""
        texts = (value for found in self.models if found.id == _COMMON for value in found.values)
        return {value.point.name: value.value for value in texts if isinstance(value.value, str)}


Walk = Generator[tuple[int, int], U16 | UnreachableError, SunSpecMap]


def walk() -> Walk:
    """Ask for holding registers (address, count), to be sent in or the error instead, until the map is known.

    Raises SunSpecError; UnreachableError where a unit does not answer at all. It ends after at most 64 models.
    """
    base = yield from _marker()
    placed = yield from _chain(base + len(MARKER))
    models = []
    for found in placed:
        if found.model is None:
            models.append(found)
            continue
        count = min(found.model.size, found.length + 2)
        words = yield found.address, count
        if isinstance(words, UnreachableError):
            raise SunSpecError(f"model {found.id} at register {found.address} cannot be read: {_why(words)}")
        values = tuple(_values(found.model, found.address, words))
        models.append(Found(found.id, found.address, found.length, found.model, values))
    return SunSpecMap(base, tuple(models))


def _marker() -> Generator[tuple[int, int], U16 | UnreachableError, int]:
    silence: list[UnreachableError] = []
    for asked, base in enumerate((*BASES, *NEAR_BASES)):
        if asked == len(BASES) == len(silence):
            raise silence[0]
        words = yield base, len(MARKER)
        if not isinstance(words, UnreachableError):
            if words.tolist() == MARKER:
                return base
        elif words.obstacle is Obstacle.UNIT_SILENT:  # so some devices say that they do not have an address
            silence.append(words)
        elif words.obstacle is not Obstacle.ADDRESS_REFUSED:
            raise words
    places = ", ".join(map(str, BASES))
    raise SunSpecError(
        f"is no SunSpec device: holding registers {places} do not begin with `SunS`, nor do those beside"
    )


def _chain(at: int) -> Generator[tuple[int, int], U16 | UnreachableError, list[Found]]:
    models: list[Found] = []
    while True:
        behind = f"behind model {models[-1].id}" if models else "behind the marker"
        words = (yield at, min(2, _LAST + 1 - at)) if at <= _LAST else np.empty(0, np.uint16)
        if isinstance(words, UnreachableError):
            if words.obstacle is Obstacle.ADDRESS_REFUSED:
                last = yield at, 1  # an end without a length may be the last register that there is
                if not isinstance(last, UnreachableError) and int(last[0]) == END:
                    return models
            raise SunSpecError(f"its models break off at register {at} ({behind}): {_why(words)}")
        if len(words) and int(words[0]) == END:
            return models
        if len(words) < 2:
            raise SunSpecError(f"its models run beyond register {_LAST} without an end ({behind})")
        number, length = words.tolist()
        if number == 0:
            raise SunSpecError(f"its models break off at register {at} ({behind}): there is no model 0")
        if at + 1 + length > _LAST:
            raise SunSpecError(f"model {number} at register {at} claims {length} registers, beyond register {_LAST}")
        if len(models) == MOST_MODELS:
            raise SunSpecError(f"has more than {MOST_MODELS} models, so it is no SunSpec device that can be believed")
        models.append(Found(number, at, length, sunspec_models().get(number)))
        at += 2 + length


def _why(error: UnreachableError) -> str:
    return error.detail or str(error)


def _values(model: Model, address: int, words: U16) -> Iterator[Value]:
    """The points of a model that the device has registers for."""
    data = words.astype(">u2").tobytes()
    held = [point for point in model.points if point.offset + point.size <= len(words)]
    powers = {
        point.name: (address + point.offset, struct.unpack_from(">h", data, 2 * point.offset)[0])
        for point in held
        if point.type == "sunssf"
    }
    for point in held:
        at = address + point.offset
        if point.type == "string":
            raw = data[2 * point.offset : 2 * (point.offset + point.size)].split(b"\0", 1)[0]
            yield Value(point, at, raw.decode("utf-8", "replace").strip())
        elif point.type in CODINGS and point.offset >= 2:
            scale_at, power = powers.get(point.scale_from, (None, _NO_POWER if point.scale_from else 0))
            number = _number(point, data) if -10 <= power <= 10 else None  # what a sunssf may be
            scaled = None if number is None else number / 10**-power if power < 0 else number * 10**power
            yield Value(point, at, scaled, scale_at, power)


def _number(point: Point, data: bytes) -> float | None:
    form, _, none = CODINGS[point.type]
    (number,) = struct.unpack_from(form, data, 2 * point.offset)
    if point.type == "acc32" and point.mandatory:
        return float(number)  # a total that has not moved yet is worth a tag
    return None if number in none or not math.isfinite(number) else float(number)


def meter_tags(found: SunSpecMap, prefix: str, every_point: bool = False) -> list[dict[str, Any]]:
    """Tags of the meter models, as a tag list has them: of points that have a value and a role, or any value.

    Their numbers of no value are bad values; accumulators return to 0 behind 2³² counts. Several meters have work
    units of their own, since what they count must not be added up unseen.
    """
    meters = [one for one in found.models if one.is_meter]
    tags = []
    for number, meter in enumerate(meters, 1):
        several = len(meters) > 1
        name, work_unit = (f"{prefix}.meter{number}", f"meter{number}") if several else (prefix, "plant")
        wanted = (one for one in meter.values if one.value is not None and (one.point.role or every_point))
        tags += [_tag(one, name, work_unit) for one in wanted]
    return tags


def _tag(value: Value, prefix: str, work_unit: str) -> dict[str, Any]:
    point = value.point
    _, kind, none = CODINGS[point.type]
    tag: dict[str, Any] = {
        "name": f"{prefix}.{point.name}",
        "work_unit": work_unit,
        "role": point.role or "other",
        "unit": point.unit,
        "table": "holding",
        "address": value.address,
        "type": kind,
    }
    if value.scale_at is not None:
        tag["scale_from"] = value.scale_at
    if none:
        tag["bad_values"] = list(none)
    if point.type == "acc32" and point.role:
        tag["modulus"] = _ROLLOVER * 10**value.power if value.power >= 0 else _ROLLOVER / 10**-value.power
    return tag
