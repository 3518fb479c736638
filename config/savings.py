"""Where is improvement measured from, and what is it worth? Baselines, dated prices, and what was spent for it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.model import Day, Number, Settings, Text, Whole
from plant.kpi_id import KpiId
from plant.tag import PLANT

PRICES = ("cost_per_defect", "cost_per_late_line", "price_per_kwh")
"""Keys of `savings`, and of each of its `prices`, that are prices."""

Price = Annotated[Number, Field(ge=0)]


class BaselineSettings(Settings):
    """Where improvement of one KPI is measured from: a value, or a past period of the store. One that is not fit is not
    used, and `smartwings check` says why. Of several for one KPI and scope, the first that is fit is used."""

    kpi: KpiId
    """The KPI."""
    scope: Text = PLANT
    """Scope that it holds for."""
    value: Number | None = None
    """The KPI's value before."""
    from_: Annotated[Day | None, Field(alias="from")] = None
    """First production day of the past period."""
    to: Day | None = None
    """Production day after the past period."""
    least_days: Annotated[Whole, Field(ge=1, le=3660)] = 28
    """Least length of the past period [production days]. 28 have every weekday equally often; 3 months or more are
    better."""
    definition: Annotated[Whole, Field(ge=1)] | None = None
    """Version of the KPI's definition that it was agreed under; another one today needs a new baseline. Absent:
    today's."""
    target: Number | None = None
    """The value to be reached."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        period = (self.from_ is not None, self.to is not None)
        if (self.value is None) == (period == (False, False)) or period[0] != period[1]:
            raise ValueError("needs either value, or both from and to")
        if self.from_ and self.to and self.from_ >= self.to:
            raise ValueError("to: must be after from")
        return self


class PriceSettings(Settings):
    """Prices from a day on. One that is not named here stays as it was."""

    valid_from: Day
    """First production day of these prices; a period has those of its first day."""
    cost_per_defect: Price | None = None
    """Cost of one defective piece."""
    cost_per_late_line: Price | None = None
    """Cost of one late order line."""
    price_per_kwh: Price | None = None
    """Price of a kWh."""
    source: Text = ""
    """Where they are from, or who set them."""

    @model_validator(mode="after")
    def _names_a_price(self) -> Self:
        if all(getattr(self, name) is None for name in PRICES):
            raise ValueError(f"must name a price: {', '.join(PRICES)}")
        return self


class SavingsSettings(Settings):
    """Prices by which improvements become money, and what the improvements cost."""

    currency: Text = "KRW"
    """Currency of all prices."""
    cost_per_defect: Price | None = None
    """Cost of one defective piece, until the first of `prices` that names it."""
    cost_per_late_line: Price | None = None
    """Cost of one late order line, until the first of `prices` that names it."""
    price_per_kwh: Price | None = None
    """Price of a kWh, until the first of `prices` that names it."""
    prices: tuple[PriceSettings, ...] = ()
    """Prices that changed, in any order."""
    running_cost_a_year: Price = 0.0
    """What it costs a year to keep up the improvements, such as licences and maintenance."""
    investment: Price | None = None
    """What was spent on them once, for the payback."""
    working_days_a_year: Annotated[Whole, Field(ge=1, le=366)] | None = None
    """Working days by which savings become those of a year. Absent: those of the last 365 days, by the shifts."""
