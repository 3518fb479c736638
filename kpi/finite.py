"""Is a result a number? What is too large for a float, or undefined, is absent rather than infinite or NaN."""

from math import isfinite


def finite(number: float) -> float | None:
    """The number, or None for infinity and NaN.

    >>> finite(1.5), finite(float("inf"))
    (1.5, None)
    """
    return number if isfinite(number) else None
