"""Under which versions of definition, settings and prices was a value worked out, and what was reported before?"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class RevisionShown:
    """What a report said of the value: revision, state (provisional, final, restated), when it was made [us], value,
    numerator, denominator, coverage (0 to 1); None where the report has none."""

    revision: int
    state: str
    reported_us: int
    value: float | None
    numerator: float | None
    denominator: float | None
    coverage: float | None


@dataclass(frozen=True, slots=True)
class PriceSource:
    """A table or factor that went into the value: its name, from when it holds (None: not dated), where it is from."""

    name: str
    valid_from: date | None
    source: str


@dataclass(frozen=True, slots=True)
class VersionEvidence:
    """What a value rests on beside readings.

    definition: version of the KPI's meaning. site_sha256: of the site file, as reports carry it. software: version of
    the program. as_of_us: what was known then. revision, state: of the newest report of the period, 0 and open without
    one. reported: all its revisions, the oldest first. prices: tariff versions and factors.
    """

    definition: int
    site_sha256: str
    software: str
    as_of_us: int
    revision: int
    state: str
    reported: tuple[RevisionShown, ...] = ()
    prices: tuple[PriceSource, ...] = ()
