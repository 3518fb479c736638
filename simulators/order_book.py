"""What did customers order, and when was it delivered? An order book as rows for order files.

A pure function of seed and dates: an order is the same in whatever range of dates one asks for it.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from plant.reading import I64
from simulators.chance import between, key_of, share

PRODUCTS = ("P-100", "P-200", "P-300")
HEADINGS = (
    "order_id",
    "line_id",
    "product",
    "quantity",
    "due_date",
    "request_date",
    "customer",
    "value",
    "status",
    "delivered_quantity",
    "delivered_date",
    "recorded_date",
)
Row = dict[str, str]
"""A row of an order file by its headings; dates as ISO, empty where there is nothing to say."""

_CUSTOMERS = ("Daehan Motors", "Seojin Tech", "Hanul Electronics", "Borim Machinery")
_MOST_A_DAY = 6
_LATE_SHARE, _SHORT_SHARE, _CANCELLED_SHARE = 0.08, 0.03, 0.015


def order_rows(seed: int, start: date, end: date, as_of: date, products: Sequence[str] = PRODUCTS) -> Iterator[Row]:
    """The lines due in [start, end), as the ERP knows them on the day `as_of`.

    What is delivered after that day is still open. Lines are due from Monday to Friday; most are delivered on time.
    """
    key = key_of(seed, "orders")
    for ordinal in range(start.toordinal(), end.toordinal()):
        due = date.fromordinal(ordinal)
        if due.weekday() >= 5:
            continue
        orders = int(between(key, _at(ordinal), 2, _MOST_A_DAY)[0])
        for number in range(orders):
            order = ordinal * 10 + number
            lines = int(between(key_of(seed, "lines"), _at(order), 1, 3)[0])
            for line in range(1, lines + 1):
                row = _row(seed, order, line, due, as_of, products)
                if row is not None:
                    yield row


def _row(seed: int, order: int, line: int, due: date, as_of: date, products: Sequence[str]) -> Row | None:
    index = _at(order * 10 + line)

    def pick(name: str, low: int, high: int) -> int:
        return int(between(key_of(seed, name), index, low, high)[0])

    requested = due - timedelta(days=pick("lead", 14, 35))
    if requested > as_of:
        return None  # not ordered yet
    quantity = pick("quantity", 2, 40) * 50
    fate = float(share(key_of(seed, "fate"), index)[0])
    late = fate < _LATE_SHARE
    delivered = due + timedelta(days=pick("late", 1, 9) if late else -pick("early", 0, 3))
    cancelled_on = requested + timedelta(days=5)
    cancelled = fate > 1 - _CANCELLED_SHARE and cancelled_on <= as_of
    short = _LATE_SHARE <= fate < _LATE_SHARE + _SHORT_SHARE
    sent = delivered <= as_of and not cancelled
    recorded = cancelled_on if cancelled else delivered if sent else requested
    return {
        "order_id": f"SO-{order}",
        "line_id": str(line),
        "product": products[pick("product", 0, len(products) - 1)],
        "quantity": str(quantity),
        "due_date": due.isoformat(),
        "request_date": requested.isoformat(),
        "customer": _CUSTOMERS[int(between(key_of(seed, "customer"), _at(order), 0, len(_CUSTOMERS) - 1)[0])],
        "value": str(quantity * pick("price", 8, 30) * 100),
        "status": "cancelled_by_customer" if cancelled else "open",
        "delivered_quantity": str(quantity - (quantity // 10 if short else 0)) if sent else "",
        "delivered_date": delivered.isoformat() if sent else "",
        "recorded_date": recorded.isoformat(),
    }


def _at(index: int) -> I64:
    return np.array([index], dtype=np.int64)
