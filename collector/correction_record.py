"""How is a correction shown to whoever asks what was signed off? As JSON, times with the plant's offset."""

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from collector.meter_step import MeterStep
from collector.store import corrections
from plant.correction import Correction, MeterChange, Revocation
from plant.instant import format_instant


def correction_json(
    one: Correction, revoked: Correction | None, zone: ZoneInfo, units: Mapping[str, str]
) -> dict[str, Any]:
    """A correction, and the revocation that ended it. units: of storage, by tag."""
    said = corrections.detail(one.content)
    if "at_us" in said:
        said = {("at" if key == "at_us" else key): value for key, value in said.items()}
        said["at"] = format_instant(said["at"], zone)
    if isinstance(one.content, MeterChange):
        said["unit"] = units.get(one.content.tag, "")
    return {
        "id": one.id,
        "kind": corrections.kind_of(one.content),
        **_signature(one, zone),
        **said,
        "revoked": None if revoked is None else {"id": revoked.id, **_signature(revoked, zone)},
    }


def corrections_json(found: Iterable[Correction], zone: ZoneInfo, units: Mapping[str, str]) -> list[dict[str, Any]]:
    """All corrections and revocations, in the order in which they were saved."""
    found = list(found)
    ended = {one.content.of: one for one in found if isinstance(one.content, Revocation)}
    return [correction_json(one, ended.get(one.id), zone, units) for one in found]


def step_json(step: MeterStep, zone: ZoneInfo) -> dict[str, Any]:
    """The step around a meter change: the readings before and after it, null where there is none, and what it adds."""

    def shown(reading: tuple[int, float] | None) -> dict[str, Any] | None:
        return None if reading is None else {"time": format_instant(reading[0], zone), "value": reading[1]}

    return {"before": shown(step.before), "after": shown(step.after), "adds": step.adds}


def _signature(one: Correction, zone: ZoneInfo) -> dict[str, Any]:
    return {"recorded_at": format_instant(one.recorded_us, zone), "by": one.by, "reason": one.reason}
