"""Which columns do order and delivery files have, and what are they called in the files of a plant?"""

from collections.abc import Mapping

ORDER_COLUMNS = (
    "order_id",
    "line_id",
    "product",
    "quantity",
    "due_date",
    "request_date",
    "first_promise_date",
    "customer",
    "value",
    "status",
    "delivered_quantity",
    "delivered_date",
    "recorded_date",
)
DELIVERY_COLUMNS = ("order_id", "line_id", "quantity", "delivered_date", "recorded_date", "delivery_id")

_OURS = dict.fromkeys((*ORDER_COLUMNS, *DELIVERY_COLUMNS))


def renamed(columns: Mapping[str, str]) -> dict[str, str]:
    """Headings of files to our column names; `orders.columns` may be written either way round.

    >>> renamed({"due_date": "Promised", "PO": "order_id"})
    {'Promised': 'due_date', 'PO': 'order_id'}
    """
    return dict(_pair(name, other) for name, other in columns.items())


def checked_columns(columns: Mapping[str, str]) -> Mapping[str, str]:
    """The same columns. Raises ValueError for a pair that names none of ours, and for a heading that stands for two."""
    seen: dict[str, str] = {}
    for name, other in columns.items():
        theirs, ours = _pair(name, other)
        if ours not in _OURS:
            raise ValueError(f"{name}: {other}: one of the two must be {', '.join(_OURS)}")
        if seen.setdefault(theirs, ours) != ours:
            raise ValueError(f"{theirs}: stands for {seen[theirs]} and for {ours}")
    return columns


def _pair(name: str, other: str) -> tuple[str, str]:
    return (other, name) if name in _OURS else (name, other)
