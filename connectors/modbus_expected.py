"""How near does a register come to what the device's display shows? Rounded there, maybe in another unit. Pure.

Registers hold whole numbers for fractions (2301 for 230.1) and W for kW, so that a value counts as near by a power of
ten too: from 0.001 to 1000 for the fraction, and another thousand for the unit.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal

_WRITTEN = re.compile(r"([+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d*\.?\d+)(?:\s*([^\d\s.,+-].*))?")
_MOST_BITS = 24.0
_NEAR_RATIO = 0.01
_FAR_RATIO = 0.5
_FAR_BITS = -100.0
_MOVED_BITS = 6.0
"""Bits less for what the display does not show exactly: most values stand still between two looks."""
_BEYOND = 1.5
"""Bits less for each doubling of the distance beyond what the display rounds away: some values move."""
_EXACTLY = 1 + 1e-3
"""A float of 32 bits may lie a little beyond half a place where a display of more digits rounds."""
_SCALES_OF_WHOLE = {0: 0.0, -1: 1.0, -2: 2.0, -3: 2.0, 1: 3.0, 2: 4.0, 3: 4.0, -4: 6.0, -5: 7.0, -6: 7.0, 4: 8.0}
_SCALES_OF_FLOAT = {0: 0.0, -3: 3.0, 3: 3.0, -1: 4.0, -2: 5.0, 1: 5.0, 2: 6.0}
"""Powers of ten by which a register may differ from the display, and bits that say them."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a display shows: a number, half of the last place that it shows, the unit if it was said; as written."""

    value: float
    half_place: float
    unit: str
    written: str

    def nearness(self, value: float, kind: str) -> tuple[float, float]:
        """Bits by which a register's nearness is no chance, and the factor that brings it there.

        >>> [round(one, 1) for one in expected("230.1").nearness(2301, "uint16")]
        [11.2, 0.1]
        """
        costs = _SCALES_OF_FLOAT if kind.startswith("float") else _SCALES_OF_WHOLE
        plain = self._bits(value, 0)
        if not value or not self.value or not math.isfinite(value):
            return plain, 1.0
        power = round(math.log10(abs(self.value)) - math.log10(abs(value)))  # any other is far away
        if power == 0 or power not in costs:
            return plain, 1.0
        return max((plain, 1.0), (self._bits(value, power) - costs[power], _factor(power)))

    def is_near(self, scaled: float) -> bool:
        """Whether it is what the display shows, or was a moment ago.

        >>> expected("230.1").is_near(230.14), expected("230").is_near(253)
        (True, False)
        """
        return abs(scaled - self.value) <= max(self.half_place, _NEAR_RATIO * abs(self.value))

    def _bits(self, value: float, power: int) -> float:
        apart_by = abs(value * 10.0**power - self.value)
        size = max(abs(self.value), 2 * self.half_place)
        if not apart_by <= max(_FAR_RATIO * abs(self.value), self.half_place):
            return _FAR_BITS
        exact = min(math.log2(size / self.half_place), _MOST_BITS)
        if apart_by <= _EXACTLY * self.half_place:
            return exact
        return exact - _MOVED_BITS - _BEYOND * math.log2(apart_by / self.half_place)


def expected(text: str) -> Expected:
    """What a display shows, as somebody writes it: `230.1`, `12,345.6 kWh`. Raises ValueError.

    >>> expected("12,345.6 kWh")
    Expected(value=12345.6, half_place=0.05, unit='kWh', written='12,345.6 kWh')
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError("must be a number, with its unit or without: 230.1 or '12,345.6 kWh'")
    written = Decimal(found[1].replace(",", ""))
    exponent = written.as_tuple().exponent
    assert isinstance(exponent, int)
    return Expected(float(written), 0.5 * 10.0**exponent, (found[2] or "").strip(), text.strip())


def _factor(power: int) -> float:
    return 10.0**power if power >= 0 else 1 / 10.0**-power
