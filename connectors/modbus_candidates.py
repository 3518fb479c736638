"""As what may registers be read, and how many bits does it take to say each reading? Pure.

A reading costs the bits that say its value: small numbers, floats of everyday size and floats with few decimals are
short; what no device would hold is long. The type is paid for where it changes (`connectors/modbus_tiling.py`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.tags import WORDS
from connectors.modbus_coding import U16
from plant.reading import F64

TYPE_BITS = {
    "uint16": 0.0,
    "int16": 2.0,
    "uint32": 1.0,
    "float32": 1.0,
    "int32": 2.0,
    "float64": 4.0,
    "bcd16": 7.0,
    "bcd32": 8.0,
    "uint64": 6.0,
    "int64": 6.0,
    "string": 18.0,
}
"""Bits that say the type: the more unusual, the more."""

_DTYPES = {
    "int16": ">i2",
    "int32": ">i4",
    "int64": ">i8",
    "uint16": ">u2",
    "uint32": ">u4",
    "uint64": ">u8",
    "float32": ">f4",
    "float64": ">f8",
}
_LARGEST_WHOLE = 2.0**53
_LARGEST_EVERYDAY = 1e12
_ZERO_BITS = 4.0
"""A word of zeros: no shorter as a part of a long value than alone."""
_NO_VALUE_BITS = 8.0
"""A number by which devices say that they have none: NaN, the lowest int, the highest uint."""
_RARE_BITS = 4.0
"""Each whole number of four registers: else two of two, the first 0, would pass for one."""
_DECIMALS = 4
_DECIMAL_BITS = 2.5
_SIGN_BITS = {False: 0.2, True: 2.8}
_STRANGE_BITS = 8.0
_LETTER_BITS, _SIGN_OF_TEXT_BITS = 5.5, 7.0


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """All readings of one type in one order: value and bits by first register; bits are inf where it is no number."""

    values: F64
    bits: F64


def read_as(words: U16, kind: str, positions: tuple[int, ...]) -> Candidates:
    """Every reading of registers as one type. positions: where each byte lies, the most significant first."""
    if len(words) < WORDS[kind]:
        return Candidates(np.empty(0), np.empty(0))
    wire = np.lib.stride_tricks.sliding_window_view(words.astype(">u2").view(np.uint8), 2 * WORDS[kind])[::2]
    stored = np.ascontiguousarray(wire[:, positions])
    if kind.startswith("bcd"):
        return _as_decimals(stored)
    numbers: NDArray[Any] = stored.view(_DTYPES[kind])[:, 0]
    with np.errstate(invalid="ignore"):  # a signalling NaN is data here
        values = numbers.astype(np.float64)
    if kind.startswith("float"):
        bits = _bits_of_float(values, numbers, 16 * WORDS[kind])
    else:
        bits = _bits_of_whole(values, 16 * WORDS[kind])
        limits = np.iinfo(numbers.dtype)
        bits = np.where(numbers == (limits.min if limits.min else limits.max), _NO_VALUE_BITS, bits)
        bits[np.abs(values) > _LARGEST_WHOLE] = np.inf
    return Candidates(values, np.where(values == 0, _ZERO_BITS * WORDS[kind], bits))


def text_bits(words: U16, swapped: bool) -> F64:
    """Bits that say each register as two characters of a text: letters and figures, NUL behind them; else inf."""
    letters = (words.byteswap() if swapped else words).astype(">u2").view(np.uint8)
    bits = np.full(256, np.inf)
    bits[32:127] = _SIGN_OF_TEXT_BITS
    bits[[ord(one) for one in " -./_:"] + [*range(48, 58), *range(65, 91), *range(97, 123)]] = _LETTER_BITS
    bits[0] = _ZERO_BITS / 2
    first, second = bits[letters[0::2]], bits[letters[1::2]]
    found: F64 = np.where((letters[0::2] == 0) & (letters[1::2] != 0), np.inf, first + second)
    return found


def _bits_of_whole(values: F64, size: int) -> F64:
    """Bits that say a whole number, if every length of a number is as likely; no device counts to 10^12."""
    bits = np.log2(size + 1) + np.log2(np.abs(values) + 1) + (_RARE_BITS if size == 64 else 0.0)
    counted: F64 = np.where(np.abs(values) < _LARGEST_EVERYDAY, bits, bits + _STRANGE_BITS)
    return counted


def _bits_of_float(values: F64, numbers: NDArray[Any], size: int) -> F64:
    """Bits that say a float: sign, everyday exponent and mantissa, or the digits of one with few decimals."""
    mantissa = 23 if size == 32 else 52
    size_of = np.abs(values)
    with np.errstate(all="ignore"):
        near = (size_of >= 1e-2) & (size_of < 1e7)
        everyday = (size_of >= 1e-4) & (size_of < 1e10)
        bits = np.where(near, 5.0, 8.0) + mantissa
        for places in range(_DECIMALS + 1):
            digits = np.rint(size_of * 10.0**places)
            is_short = (digits / 10.0**places).astype(numbers.dtype) == np.abs(numbers)
            length = np.log2(mantissa + 2) + np.log2(digits + 1) + _DECIMAL_BITS
            bits = np.where(is_short, np.minimum(bits, length), bits)
        bits = bits + np.where(values < 0, _SIGN_BITS[True], _SIGN_BITS[False])
    bits = np.where(everyday, bits, size + _STRANGE_BITS)
    quiet = np.isnan(values)  # 7FC0 0000, FFC0 0000 and all ones are what devices answer for "no value"
    plain = {0x7FC00000, 0xFFC00000, 0xFFFFFFFF} if size == 32 else {0x7FF8 << 48, 0xFFF8 << 48, 2**64 - 1}
    raw = numbers.view(f">u{size // 8}")
    missing = quiet & np.isin(raw, np.array(sorted(plain), dtype=raw.dtype))
    return np.where(missing, _NO_VALUE_BITS, np.where(np.isfinite(values), bits, np.inf))


def _as_decimals(stored: NDArray[np.uint8]) -> Candidates:
    """Binary coded decimals: a decimal digit in each half byte, the most significant first."""
    digits = np.empty((len(stored), 2 * stored.shape[1]), dtype=np.uint8)
    digits[:, 0::2], digits[:, 1::2] = stored >> 4, stored & 0x0F
    values = digits @ 10.0 ** np.arange(digits.shape[1] - 1, -1, -1)
    bits = np.where(values == 0, 2 * stored.shape[1], _bits_of_whole(values, 8 * stored.shape[1]))
    bits[(digits > 9).any(axis=1)] = np.inf
    return Candidates(values, bits)
