"""Where can reading of an OPC UA server go on after a cut or a restart? What of a subscription is to be remembered."""

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from config.devices import OpcUaDevice
from connectors.device_health import SubscriptionHealth


@dataclass(frozen=True, slots=True)
class Position:
    """How far a server was read; nothing in it is secret.

    started: when the server was; after another start the number of a subscription may mean somebody else's.
    settings: digest of what it was asked for (`digest`). uris: its namespaces by index when it was first seen.
    subscription_id: 0 where there is none to go on with. number: of the last notification message taken; 0: none yet.
    complete_us: until when everything had come [UTC us]. granted: what the server had promised. refused: StatusCode by
    row of tags that it did not watch. can_transfer: false once the server refused to know TransferSubscriptions.
    """

    settings: str
    uris: dict[int, str]
    subscription_id: int = 0
    number: int = 0
    complete_us: int = 0
    granted: SubscriptionHealth | None = None
    refused: dict[int, int] | None = None
    can_transfer: bool = True
    started: str = ""

    @property
    def is_resumable(self) -> bool:
        """Whether there is a subscription of which at least the first message came, and that tells what it dropped: a
        queue of one value does not (OPC 10000-4 7.38.1, Overflow)."""
        is_known = bool(self.can_transfer and self.started and self.subscription_id and self.number)
        return is_known and self.granted is not None and self.granted.queue > 1

    def after(self, number: int, complete_us: int) -> "Position":
        """The position once the message with this number was taken as well."""
        return replace(self, number=number, complete_us=complete_us)

    def to_json(self) -> str:
        """As the store keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def position(text: str | None, device: OpcUaDevice) -> Position | None:
    """The position of a device as the store kept it; None where there is none, where it cannot be understood, or where
    the device is now asked for something else: then its namespaces are what the server says, too."""
    try:
        fields: dict[str, Any] = json.loads(text or "null")
        granted, refused = fields.pop("granted"), fields.pop("refused") or {}
        uris = {int(index): str(uri) for index, uri in fields.pop("uris").items()}
        found = Position(
            **fields,
            uris=uris,
            granted=SubscriptionHealth(**granted) if granted else None,
            refused={int(row): int(status) for row, status in refused.items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return found if found.settings == digest(device) else None


def digest(device: OpcUaDevice) -> str:
    """Digest of what a server is asked for: another one means that an old subscription is of no use."""
    asked = (
        device.endpoint,
        device.mode,
        device.sampling_ms,
        device.publishing_ms,
        device.outage_s,
        device.username,
        [(tag.name, tag.node, tag.model_dump_json(exclude_defaults=True)) for tag in device.tags],
    )
    return sha256(repr(asked).encode()).hexdigest()[:32]
