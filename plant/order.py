"""What was promised to customers, and what was delivered? Schedule lines and deliveries (SCOR RL.2.1, RL.2.2)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class OrderStatus(StrEnum):
    """Whether a line is still wanted, and who gave it up."""

    OPEN = "open"
    CANCELLED_BY_CUSTOMER = "cancelled_by_customer"
    CANCELLED_BY_US = "cancelled_by_us"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One version of one line of an order, as recorded at recorded_us (UTC us).

    quantity and delivered_quantity [1]; dates are the plant's calendar dates; value [currency]. due_date None: not
    usable for delivery KPIs. delivered_date without delivered_quantity means the full quantity.
    """

    order_id: str
    line_id: str
    product: str | None
    quantity: float
    due_date: date | None
    recorded_us: int
    status: OrderStatus = OrderStatus.OPEN
    request_date: date | None = None
    first_promise_date: date | None = None
    customer: str | None = None
    value: float | None = None
    delivered_quantity: float | None = None
    delivered_date: date | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One shipment towards a line. delivery_id None: identified by order, line and date."""

    order_id: str
    line_id: str
    quantity: float
    delivered_date: date
    recorded_us: int
    delivery_id: str | None = None
