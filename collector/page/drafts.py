"""What has somebody found out about a device that is not in the site file yet? Kept between steps, in memory alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, get_args

from collector.site_change import Proposal
from config.devices import CertificateException
from connectors.modbus_expected import Expected
from connectors.modbus_probe import Probe
from connectors.reachability import UnreachableError
from plant.kpi_id import KpiId

if TYPE_CHECKING:
    from connectors.opcua_introduction import Introduction

MOST_DRAFTS = 30
MOST_TAGS = 60
KEPT_S = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could become a tag: where it is, its name and type there, what it is worth now.

    tag: the keys it would have. is_likely: it is among those to look at first.
    """

    where: str
    path: str
    type: str
    value: float | int | str | bool | None
    unit: str
    tag: dict[str, Any]
    is_likely: bool = True


@dataclass(frozen=True, slots=True)
class LiveValue:
    """A chosen tag as it is read under its settings, in the unit of storage."""

    value: float | str | None
    unit: str
    status: str
    time_us: int


@dataclass(slots=True)
class Draft:
    """A device on its way into the site file. settings None: it is there, tags are to be added to `device`.

    met: what an OPC UA server offers; obstacle: what stood in the way of the last attempt. gained: KPIs and scopes.
    order: of a Modbus device's bytes, and how far it can be relied on; beside: by how many registers what its display
    shows lies beside where it was looked for.
    """

    owner: str
    device: str
    protocol: str
    settings: dict[str, Any] | None
    address: str
    begun_s: float
    obstacle: UnreachableError | None = None
    reached: bool = False
    met: "Introduction | None" = None
    probe: Probe | None = None
    expect: Expected | None = None
    order: tuple[str, str] | None = None
    beside: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    looked_us: int | None = None
    tags: list[dict[str, Any]] = field(default_factory=list)
    live: dict[str, LiveValue] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    proposal: Proposal | None = None
    gained: list[tuple[KpiId, str]] = field(default_factory=list)

    @property
    def is_in_clear(self) -> bool:
        """Whether the server can only be read without encryption, beyond this machine."""
        return bool(self.settings and self.settings.get("allow_insecure"))

    @property
    def may_be_browsed(self) -> bool:
        """Whether a server's variables can be looked at without anybody saying that it may be believed."""
        return self.met is not None and self.met.policies[0] == "none" and not self.is_in_clear

    @property
    def acceptable(self) -> tuple[str, ...]:
        """Flaws for which the server's certificate was refused, if a pinned one may have all of them."""
        flaws = self.obstacle.flaws if self.obstacle is not None and self.settings is not None else ()
        return flaws if set(flaws) <= set(get_args(CertificateException)) else ()

    def accept_flaws(self) -> None:
        """Have the site file say that the certificate may have the flaws for which it was refused."""
        if self.settings is not None and self.acceptable:
            before = self.settings.get("certificate_exceptions", [])
            self.settings["certificate_exceptions"] = [*before, *self.acceptable]

    def forget_check(self) -> None:
        """What was checked holds no longer."""
        self.proposal, self.faults, self.gained = None, [], []


class Drafts:
    """Drafts by id, each for the session that began it; the oldest give way, and all end with the page's process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_id: dict[str, Draft] = {}

    def begin(self, owner: str, device: str, protocol: str, settings: dict[str, Any] | None, address: str) -> str:
        """Begin a draft; its id."""
        if len(self._by_id) >= MOST_DRAFTS:
            del self._by_id[next(iter(self._by_id))]
        name = token_urlsafe(9)
        self._by_id[name] = Draft(owner, device, protocol, settings, address, self._clock())
        return name

    def find(self, name: str, owner: str | None) -> Draft | None:
        """The draft of an id, if it is this session's and not too old."""
        draft = self._by_id.get(name)
        if draft is None or draft.owner != owner or self._clock() - draft.begun_s > KEPT_S:
            return None
        return draft

    def end(self, name: str) -> None:
        """Forget a draft."""
        self._by_id.pop(name, None)
