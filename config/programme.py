"""What does a programme's file say? Who it is, where reports are kept, the broker, and the list of its plants."""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from config.devices import is_loopback
from config.document import load_document
from config.enrolment import EnrolledPlant, load_plants
from config.fault import InputError, file_fault
from config.model import Settings, Text, Whole, validated
from config.mqtt import TopicName


class ProgrammeIdentity(Settings):
    """The programme itself."""

    id: TopicName
    """Identifies the programme; part of every topic."""
    name: Text = ""
    """What people call it."""


class ProgrammeStoreSettings(Settings):
    """Where reports are kept."""

    url: Annotated[Text, StringConstraints(pattern=r"^(sqlite:///|postgresql://).+$")] = "sqlite:///programme.db"
    """An SQLite file, relative to the programme file, or a PostgreSQL database."""

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        try:
            secret = urlsplit(self.url).password
        except ValueError:
            raise ValueError("url: is not a URL") from None
        if secret:
            raise ValueError("url: must not hold a password; PostgreSQL reads it from its own password file")
        return self


class ProgrammeMqttSettings(Settings):
    """The connection to the broker that plants send to."""

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


class Programme(Settings):
    """Everything a programme's file says."""

    programme: ProgrammeIdentity
    """The programme itself."""
    store: ProgrammeStoreSettings = ProgrammeStoreSettings()
    """Where reports are kept."""
    mqtt: ProgrammeMqttSettings
    """The broker."""
    plants: Text = "plants.csv"
    """List of its plants, relative to this file."""


def load_programme(path: Path) -> Programme:
    """The settings of a programme file. Raises InputError with every fault found, each with its place."""
    document = load_document(path)
    if not isinstance(document.data, dict):
        raise file_fault(path, "must hold settings: programme, store, mqtt, plants")
    programme = validated(Programme, document)
    needed = {"ca_file": programme.mqtt.ca_file, "password_file": programme.mqtt.password_file}
    faults = [
        document.fault(("mqtt", key), f"{name} is not there")
        for key, name in needed.items()
        if name is not None and not (path.parent / name).is_file()
    ]
    if faults:
        raise InputError(faults)
    return programme


def plants_of(programme: Programme, path: Path) -> tuple[EnrolledPlant, ...]:
    """The plants of a programme whose file is at `path`. Raises InputError with every fault of the list."""
    return load_plants(path.parent / programme.plants)
