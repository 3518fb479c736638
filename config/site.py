"""What does a plant's site file say? Every group of settings, and what must agree between them."""

import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, model_validator

from config.calendar import CalendarSettings, ShiftSettings, shift_calendar
from config.devices import Device
from config.model import Day, Name, Number, Settings, Switch, Text, TimeOfDay, Whole
from config.mqtt import MqttSettings, TopicName
from config.order_columns import checked_columns
from config.page import PageSettings
from config.savings import BaselineSettings, SavingsSettings
from plant.period import Clock
from plant.shift import ShiftCalendar
from plant.tag import PLANT, Tag
from plant.tariff import Tariff

SCOPE = re.compile(r"(product|order):.+")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError("must be the IANA name of a zone, as in Asia/Seoul") from None
    return name


class PlantSettings(Settings):
    """The plant itself."""

    id: TopicName
    """Identifies the plant at the programme; part of every topic."""
    name: Text = ""
    """What people call it."""
    time_zone: Annotated[Text, AfterValidator(_zone)]
    """IANA name of its time zone, as in Asia/Seoul."""
    production_day_start: Annotated[TimeOfDay, Field(lt=24 * 60)] = 0
    """When a production day begins; a shift past midnight belongs to the day it starts."""


class StoreSettings(Settings):
    """Where readings and everything made of them are kept."""

    url: Annotated[Text, StringConstraints(pattern=r"^sqlite:///.+$")] = "sqlite:///plant.db"
    """The store's file, relative to the site file."""
    keep_days: Annotated[Whole, Field(ge=1)] | None = None
    """Days for which readings are kept; absent: all."""


class WorkUnitSettings(Settings):
    """What must be said of a work unit beyond its tags."""

    planned_run_time_s: Annotated[Number, Field(gt=0)] | None = None
    """Planned run time per item [s] (ISO 22400: PRI)."""
    output: Switch | None = None
    """Whether its good pieces are the plant's output. Default: all are."""
    opportunities_per_unit: Annotated[Number, Field(gt=0)] | None = None
    """Ways in which one piece can be defective, for defects per million opportunities."""
    trial_in_produced: Switch = False
    """Whether its counters include trial pieces, which are then taken off."""


class ProductSettings(Settings):
    """What must be said of a product."""

    planned_run_time_s: Annotated[Number, Field(gt=0)]
    """Planned run time per item [s]."""
    route: tuple[Name, ...] = ()
    """Work units through which it goes, in order, for rolled throughput yield. Default: the plant's route."""


class EnergyBaselineSettings(Settings):
    """Past periods from which a regression learns how much energy to expect (ISO 50006)."""

    scope: Text = PLANT
    """Scope that it holds for."""
    from_: Annotated[Day, Field(alias="from")]
    """First production day of the past."""
    to: Day
    """Production day after it."""
    period: Literal["day", "week", "month"] = "month"
    """Kind of period that is compared; at least 12 of them."""
    variables: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What the energy depends on: `good_quantity`, `produced_quantity`, or tags whose mean counts."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.from_ >= self.to:
            raise ValueError("to: must be after from")
        return self


class EnergySettings(Settings):
    """What energy means in emissions and money."""

    emission_factor_t_per_mwh: Annotated[Number, Field(ge=0)] | None = None
    """Emissions of a MWh of electricity [t CO2eq]."""
    emission_factor_source: Text | None = None
    """Where the factor is from, and for which year."""
    tariff: Text | None = None
    """[Tariff table](tariffs.md): one that is shipped, or the name of a CSV file of the plant's own."""
    contract_power_kw: Annotated[Number, Field(gt=0)] | None = None
    """Contract power [kW]; the floor of the billing demand is a share of it. Absent: no floor is applied."""
    baselines: tuple[EnergyBaselineSettings, ...] = ()
    """Past periods that energy is compared with by regression."""


def _gives_dates(pattern: str) -> bool:
    """Whether dates written by a strptime pattern are read back as they were."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of patterns without a year, which are refused here
        try:
            return all(datetime.strptime(day.strftime(pattern), pattern) == day for day in _SAMPLES)  # noqa: DTZ007
        except (ValueError, re.error):
            return False


_SAMPLES = (datetime(2024, 12, 31), datetime(2026, 3, 4))  # noqa: DTZ001 (a date has no zone)


class OrderSettings(Settings):
    """How order and delivery files are read, and what counts as on time."""

    watch: Text | None = None
    """Folder from which the daemon takes order files."""
    grace_days: Annotated[Whole, Field(ge=0)] = 0
    """Days after the due date that still count as on time."""
    early_days: Annotated[Whole, Field(ge=0)] | None = None
    """Days before the due date that still count as on time; null: any."""
    in_full_tolerance: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """Share of a line's quantity that may be missing."""
    date_format: Text = "iso"
    """`iso`, or a pattern as in %d/%m/%Y; never guessed. A time of day behind a date is dropped."""
    columns: Annotated[Mapping[Text, Text], AfterValidator(checked_columns)] = Field(default_factory=dict)
    """Our column names and the headings that the files have for them, or the other way round."""

    @model_validator(mode="after")
    def _format_is_a_pattern(self) -> Self:
        if self.date_format != "iso" and not _gives_dates(self.date_format):
            raise ValueError("date_format: must be iso or a pattern, as in %d/%m/%Y")
        return self


class Site(Settings):
    """A plant's settings."""

    plant: PlantSettings
    store: StoreSettings = StoreSettings()
    page: PageSettings | None = None
    mqtt: MqttSettings | None = None
    calendar: CalendarSettings = CalendarSettings()
    route: tuple[Name, ...] = ()
    """Work units through which pieces go, in order, for rolled throughput yield."""
    shifts: tuple[ShiftSettings, ...] = ()
    """Planned working time. None: availability and OEE have no value."""
    devices: tuple[Device, ...] = ()
    work_units: Mapping[Name, WorkUnitSettings] = Field(default_factory=dict)
    products: Mapping[Text, ProductSettings] = Field(default_factory=dict)
    baselines: tuple[BaselineSettings, ...] = ()
    energy: EnergySettings = EnergySettings()
    savings: SavingsSettings = SavingsSettings()
    orders: OrderSettings = OrderSettings()
    _tariff: Tariff | None = PrivateAttr(default=None)

    @property
    def tariff(self) -> Tariff | None:
        """The tariff that `energy.tariff` names, once the site file is loaded; None without one."""
        return self._tariff

    def with_tariff(self, tariff: Tariff | None) -> Self:
        """These settings with the tariff that they name."""
        self._tariff = tariff
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.plant.time_zone)

    def clock(self, calendar: Literal["production", "civil"] = "production") -> Clock:
        """The plant's clock; civil days begin at midnight."""
        return Clock(self.zone, self.plant.production_day_start if calendar == "production" else 0)

    def shift_calendar(self) -> ShiftCalendar:
        """The plant's shifts; keeps what it works out, so one calendar is to be asked often."""
        return shift_calendar(self.zone, self.shifts, self.calendar, frozenset(self.work_unit_names()))

    def tags(self) -> list[Tag]:
        """All tags of all devices, in the file's order."""
        return [settings.tag() for device in self.devices for settings in device.tags]

    def work_unit_names(self) -> list[str]:
        """Every work unit but `plant`: those named by a tag and those with settings, in the file's order."""
        named = [settings.work_unit for device in self.devices for settings in device.tags]
        return [name for name in dict.fromkeys([*named, *self.work_units]) if name != PLANT]
