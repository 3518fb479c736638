"""What may be signed off beside the readings, and which reports must be looked at again for it?"""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from collector.control import Answer
from collector.correction_record import correction_json, step_json
from collector.entry import RefusedError, amount, one_line, past, past_day
from collector.meter_step import MeterStep, meter_step
from collector.store import changes, corrections, orders
from collector.store.store import transaction
from collector.store.tags import StoredTag, stored_tags
from config.site import Site
from plant.correction import (
    Content,
    Correction,
    Decision,
    LotDecision,
    MeterChange,
    OrderCancelled,
    Revocation,
    contents,
    in_force,
)
from plant.instant import moment
from plant.order import OrderStatus
from plant.tag import PIECE_ROLES, Kind

KINDS = ("meter", "lot", "order", "revoke")


def signed_off(connection: Connection, site: Site, now_us: int, request: Answer) -> Answer:
    """Save the correction of a request and answer with it, or with why it is refused; then nothing was saved.

    request: kind (one of `KINDS`), by, reason, and said: the arguments of the method of `SignOff` of this name.
    """
    try:
        with transaction(connection):
            by, reason = one_line("--by", request["by"]), one_line("--reason", request["reason"])
            job = SignOff(connection, site, now_us, by, reason)
            saved: Correction = getattr(job, request["kind"])(**request["said"])
            shown = correction_json(saved, None, site.zone, storage_units(connection, site))
            answer = {"ok": True, "correction": shown}
            if isinstance(saved.content, MeterChange):
                answer["step"] = step_json(job.step(saved.content), site.zone)
            return answer
    except RefusedError as error:
        return {"ok": False, "message": str(error)}


def known_tags(connection: Connection, site: Site) -> dict[str, StoredTag]:
    """Tags of the store and of the site file, by name; what the file says of one counts."""
    stored = stored_tags(connection)
    for device in site.devices:
        for settings in device.tags:
            tag = settings.tag()
            stored[tag.name] = replace(stored.get(tag.name, StoredTag(-1, device.id, tag)), tag=tag)
    return stored


def storage_units(connection: Connection, site: Site) -> dict[str, str]:
    """The unit of storage of each known tag."""
    return {name: stored.tag.storage_unit for name, stored in known_tags(connection, site).items()}


@dataclass(frozen=True, slots=True)
class SignOff:
    """Where a correction goes, when, by whom and why; the caller's transaction.

    meter, lot, order and revoke each save one. They raise RefusedError, and then nothing was saved.
    """

    connection: Connection
    site: Site
    now_us: int
    by: str
    reason: str

    def meter(self, tag: str, at_us: int, old_final: float, new_first: float, unit: str | None) -> Correction:
        """The device of a counter was exchanged; what the two showed is in `unit` (None: the tag's)."""
        stored = known_tags(self.connection, self.site).get(tag)
        if stored is None:
            raise RefusedError(f"tag {tag!r}: is neither in the site file nor in the store")
        if stored.tag.kind is not Kind.COUNTER:
            raise RefusedError(f"tag {tag!r}: is a {stored.tag.kind}; only a counter has meter changes")
        try:
            factor = stored.tag.to_storage(unit).factor
        except ValueError as error:
            raise RefusedError(f"--unit: {error}, not {unit!r}") from None
        past(at_us, self.now_us)
        old, new = amount("--old-final", old_final, factor), amount("--new-first", new_first, factor)
        for one in self._in_force():
            if isinstance(one.content, MeterChange) and (one.content.tag, one.content.at_us) == (tag, at_us):
                raise RefusedError(f"doubled: correction {one.id} is of this meter at this time; revoke it first")
        return self._saved(MeterChange(tag, at_us, old, new))

    def lot(self, work_unit: str, at_us: int, quantity: float, decision: str, **ids: str | None) -> Correction:
        """Pieces were judged again; ids: product, order and lot, as far as known."""
        counted = {
            stored.tag.work_unit
            for stored in known_tags(self.connection, self.site).values()
            if stored.tag.role in PIECE_ROLES
        }
        counted |= {row.work_unit for row in orders.all_quantities(self.connection)}
        if work_unit not in counted:
            known = ", ".join(sorted(counted)) or "there is none"
            raise RefusedError(f"work unit {work_unit!r}: must be one whose pieces are counted: {known}")
        past(at_us, self.now_us)
        pieces = amount(f"--{decision}", quantity)
        if not pieces:
            raise RefusedError(f"--{decision}: must be more than 0")
        named = {name: None if text is None else one_line(f"--{name}", text) for name, text in ids.items()}
        said = LotDecision(work_unit, at_us, pieces, Decision(decision), **named)
        for one in self._in_force():
            if one.content == said:
                raise RefusedError(f"doubled: correction {one.id} says the same; --lot tells two lots apart")
        return self._saved(said)

    def order(self, order_id: str, line_id: str | None, cancelled_by: str, on: str | None) -> Correction:
        """A line of an order was given up, or all of it (line_id None)."""
        newest = (versions[-1] for versions in orders.order_lines(self.connection))
        lines = [line.line_id for line in newest if line.order_id == order_id]
        if not lines:
            raise RefusedError(f"order {order_id!r}: is not in the store; import it first")
        if line_id is not None and line_id not in lines:
            raise RefusedError(f"--line: must be a line of order {order_id!r}: {', '.join(lines)}; not {line_id!r}")
        said = OrderCancelled(
            order_id,
            line_id,
            OrderStatus(f"cancelled_by_{cancelled_by}"),
            past_day(on, moment(self.now_us, self.site.zone).date()),
        )
        for one in self._in_force():
            held = one.content
            if isinstance(held, OrderCancelled) and (held.order_id, held.line_id) == (order_id, line_id):
                raise RefusedError(f"doubled: correction {one.id} cancels it; revoke that first")
        return self._saved(said)

    def revoke(self, of: int) -> Correction:
        """A correction holds no longer."""
        known = {one.id: one.content for one in self._all()}
        if of not in known:
            raise RefusedError(f"correction {of}: there is none; smartwings correct SITE list shows them")
        if isinstance(known[of], Revocation):
            raise RefusedError(f"correction {of}: is a revocation; sign off again what it revoked")
        for revocation_id, content in known.items():
            if content == Revocation(of):
                raise RefusedError(f"correction {of}: was revoked already, by correction {revocation_id}")
        saved = self._saved(Revocation(of))
        self._note(known[of])
        return saved

    def step(self, change: MeterChange) -> MeterStep:
        """The counter's step that a meter change lies in, by the corrections in force."""
        stored = known_tags(self.connection, self.site).get(change.tag)
        return meter_step(self.connection, stored, change.at_us, contents(self._in_force(), MeterChange))

    def _saved(self, content: Content) -> Correction:
        self._note(content)
        return corrections.save(self.connection, content, self.now_us, self.by, self.reason)

    def _note(self, content: Content) -> None:
        """Reports about the times that a correction touches are looked at again."""
        match content:
            case MeterChange():
                changes.note(self.connection, *self.step(content).bounds(content.at_us))
            case LotDecision():
                changes.note(self.connection, content.at_us, content.at_us)
            case OrderCancelled():
                days = orders.due_dates(self.connection, {content.order_id})
                changes.note_days(self.connection, days, self.site.clock(), self.now_us)

    def _all(self) -> list[Correction]:
        return corrections.all_corrections(self.connection)

    def _in_force(self) -> list[Correction]:
        return in_force(self._all())
