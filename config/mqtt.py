"""What may be said of the way to the programme? The broker, the plant's name there, and what is reported."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from config.devices import is_loopback
from config.model import Day, Settings, Text, Whole

TopicName = Annotated[Text, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{2,62}$")]
"""Name of a plant or programme: a level of every topic."""


class BrokerSettings(Settings):
    """The connection to a broker."""

    host: Text
    """The broker."""
    port: Annotated[Whole, Field(ge=1, le=65535)] = 8883
    """The broker's port."""
    version: Literal[5, "3.1.1"] = 5
    """MQTT version: 5 or 3.1.1; never changed by itself."""
    ca_file: Text | None = None
    """Authority that signed the broker's certificate. Absent: no TLS, which is taken on loopback alone."""
    username: Text | None = None
    """User at the broker."""
    password_file: Text | None = None
    """File with the user's password, readable by its owner alone."""

    @model_validator(mode="after")
    def _encrypted_beyond_loopback(self) -> Self:
        if self.ca_file is None and not is_loopback(self.host):
            raise ValueError("ca_file: is required beyond this machine; reports are never sent in the clear")
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file: needs username")
        return self


class MqttSettings(BrokerSettings):
    """The way to the programme. Absent: nothing is sent, everything else works."""

    programme: TopicName
    """Name of the programme that is reported to."""
    key_file: Text
    """File with the Ed25519 key that signs reports, readable by its owner alone; `smartwings init` makes one."""
    reports: tuple[Literal["hour", "shift", "day", "week", "month", "year"], ...] = ("shift", "day", "month")
    """Kinds of period that are reported."""
    scopes: tuple[Text, ...] = ("plant",)
    """Scopes that are reported."""
    reports_from: Day | None = None
    """First production day to be reported. Default: that of the first run."""
