"""What does a programme's file say? Who it is, where reports are kept, the broker, and the list of its plants."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import StringConstraints, model_validator

from config.document import load_document
from config.enrolment import EnrolledPlant, load_plants
from config.fault import InputError, file_fault
from config.model import Settings, Text, validated
from config.mqtt import BrokerSettings, TopicName


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


class Programme(Settings):
    """Everything a programme's file says."""

    programme: ProgrammeIdentity
    """The programme itself."""
    store: ProgrammeStoreSettings = ProgrammeStoreSettings()
    """Where reports are kept."""
    mqtt: BrokerSettings
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
