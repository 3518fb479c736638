"""What is wrong now, in plain words, and what is to be done about it? One kind of trouble, in English and Korean."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

_MOST_NAMED = 3


class Severity(StrEnum):
    """failure: something is not recorded or sent. warning: it will not be, or is not believed, unless seen to."""

    FAILURE = "failure"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Said:
    """The same sentence in both languages."""

    en: str
    ko: str

    def of(self, language: str) -> str:
        """In a language: `ko`, else English."""
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong. subject: the device, report or part that it is about, others: devices that are in it
    alike. since_us: None if not known. tags: those of the subject that it is about; empty: not of single tags."""

    kind: str
    severity: Severity
    subject: str
    since_us: int | None
    what: Said
    remedy: Said
    others: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everything that it is about."""
        return (self.subject, *self.others)

    def as_json(self) -> dict[str, Any]:
        """As it goes over the control socket."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "Trouble":
        """What `as_json` gave."""
        texts = {"what": Said(**said["what"]), "remedy": Said(**said["remedy"])}
        names = {key: tuple(said.get(key, ())) for key in ("others", "tags")}
        return cls(**{**said, **texts, **names, "severity": Severity(said["severity"])})


@dataclass(frozen=True, slots=True)
class Form:
    """The sentences of a kind of trouble, with the facts to be put in as {names}."""

    severity: Severity
    what: Said
    remedy: Said

    def trouble(
        self, kind: str, subject: str, since_us: int | None, others: tuple[str, ...] = (), **facts: object
    ) -> Trouble:
        """The trouble of a subject, and of others that are in it alike."""
        known = {**facts, "subject": named([subject, *others])}
        what, remedy = (Said(said.en.format(**known), said.ko.format(**known)) for said in (self.what, self.remedy))
        return Trouble(kind, self.severity, subject, since_us, what, remedy, others)


def failure(what_en: str, what_ko: str, remedy_en: str, remedy_ko: str) -> Form:
    """The form of a failure."""
    return Form(Severity.FAILURE, Said(what_en, what_ko), Said(remedy_en, remedy_ko))


def warning(what_en: str, what_ko: str, remedy_en: str, remedy_ko: str) -> Form:
    """The form of a warning."""
    return Form(Severity.WARNING, Said(what_en, what_ko), Said(remedy_en, remedy_ko))


def named(names: Collection[str]) -> str:
    """A few names of many.

    >>> named(["a", "b", "c", "d", "e"])
    'a, b, c (+2)'
    """
    first = ", ".join(list(names)[:_MOST_NAMED])
    return first if len(names) <= _MOST_NAMED else f"{first} (+{len(names) - _MOST_NAMED})"


def worst_first(troubles: Iterable[Trouble]) -> list[Trouble]:
    """Failures before warnings, else in the order given."""
    return sorted(troubles, key=lambda one: one.severity is not Severity.FAILURE)
