"""How does a closed period become a report in the outbox? Found, worked out, signed and chained, saved at once."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Connection

from collector.evaluation import Evaluation
from collector.ledger_line import ledger_line
from collector.report_plan import Due, difference, due_reports, final_from
from collector.store import changes, events, reports
from collector.store.reports import StoredReport
from collector.store.store import reading
from collector.store.writer import Writer
from config.fault import file_fault
from config.mqtt import MqttSettings
from config.secret_file import read_secret
from config.site import Site
from kpi.outcome import Reason
from kpi.report import Event, ReportError, event_sha256, sign, to_payload, unsigned_event
from plant.credible_time import RELEASED_US
from plant.instant import US_PER_S
from plant.kpi_id import REPORTED
from plant.period import Period, PeriodKind, periods

log = logging.getLogger(__name__)

SETTLE_US = 15 * US_PER_S
"""How long after its end a period is left to the readings still on their way."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The plant's key. Raises InputError for a file that others may read, or that holds no Ed25519 key."""
    try:
        key = load_pem_private_key(read_secret(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise file_fault(path, "must hold an Ed25519 private key in PEM, as smartwings init makes it")
    return key


@dataclass(slots=True)
class Reporting:
    """Makes the reports that the site file asks for. failures: reports that could not be made, and why."""

    site: Site
    mqtt: MqttSettings
    store: Path
    site_sha256: str
    key: Ed25519PrivateKey
    failures: dict[str, str] = field(default_factory=dict)

    async def make_due(self, writer: Writer, now_us: int) -> int:
        """Make every report that is due, with its values in one transaction each; returns how many."""
        import asyncio

        made = 0
        while True:
            due, changed_up_to = await asyncio.to_thread(self._due, now_us)
            for one in due:
                values, ledger = await asyncio.to_thread(self._values, one.period, now_us)
                made += await writer.write(lambda connection: self._save(connection, one, values, ledger, now_us))  # noqa: B023
            await writer.write(lambda connection: changes.forget(connection, changed_up_to))  # noqa: B023
            if not any(one.state == "provisional" for one in due):
                return made

    def _due(self, now_us: int) -> tuple[list[Due], int]:
        with reading(self.store) as connection:
            reported = {
                key: (report.revision, report.period_state)
                for key, report in reports.newest_of_periods(connection).items()
            }
            changed, up_to = changes.noted(connection)
            closed = list(self._closed(connection, now_us))
        clock, calendar = self.site.clock(), self.site.shift_calendar()
        waiting = {period: final_from(period, clock, calendar) for period in closed}
        found = due_reports(closed, reported, changed, waiting, now_us)
        return [one for one in found if _name(one) not in self.failures], up_to

    def _closed(self, connection: Connection, now_us: int) -> Iterable[Period]:
        from_us, until_us = reported_from(connection, self.site, self.mqtt, now_us), now_us - SETTLE_US
        for name in self.mqtt.reports:
            found = periods_of(self.site, PeriodKind(name), from_us, max(until_us, from_us))
            yield from (one for one in found if one.start_us >= from_us and one.end_us <= until_us)

    def _values(self, period: Period, now_us: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        with reading(self.store) as connection:
            evaluation = Evaluation(connection, self.site, self.site.clock(), now_us)
            return report_values(evaluation, self.mqtt, period), ledger_line(connection, self.site, period)

    def _save(
        self, connection: Connection, due: Due, values: list[dict[str, Any]], ledger: dict[str, Any], now_us: int
    ) -> int:
        """Save a report; 0 for a restatement that changes nothing, and for one that cannot be a report."""
        period = due.period
        if due.only_if_changed and not difference(_reported_values(connection, period), _with_report(values, due)):
            return 0
        epoch, sequence, previous = reports.last(connection)
        try:
            event = self._signed(due, values, ledger, now_us, epoch, sequence + 1, previous)
        except ReportError as error:  # too large, say: it must not stop the ones after it
            self.failures[_name(due)] = str(error)
            events.save(connection, now_us, "report failed", f"{_name(due)}: {error}")
            log.error("report %s cannot be made: %s", _name(due), error)
            return 0
        stored = StoredReport(
            epoch=epoch,
            sequence=sequence + 1,
            id=event["id"],
            kind=period.kind.value,
            label=period.label,
            revision=due.revision,
            period_state=due.state,
            state="pending",
            sha256=event_sha256(event),
            created_us=now_us,
        )
        reports.save(connection, stored, to_payload(event))
        return 1

    def _signed(
        self,
        due: Due,
        values: list[dict[str, Any]],
        ledger: dict[str, Any],
        now_us: int,
        epoch: int,
        sequence: int,
        previous: str,
    ) -> Event:
        event = unsigned_event(
            plant=self.site.plant.id,
            programme=self.mqtt.programme,
            period=due.period,
            zone=self.site.zone,
            revision=due.revision,
            state=due.state,
            created_us=now_us,
            epoch=epoch,
            sequence=sequence,
            previous=previous,
            values=values,
            ledger=ledger,
            site_sha256=self.site_sha256,
        )
        return sign(event, self.key)


def reported_from(connection: Connection, site: Site, mqtt: MqttSettings, now_us: int) -> int:
    """From when on periods are reported [us]."""
    clock = site.clock()
    first_day = mqtt.reports_from or clock.day_of(events.first(connection, "start", RELEASED_US) or now_us)
    return clock.day_start(first_day)


def periods_of(site: Site, kind: PeriodKind, start_us: int, end_us: int) -> Iterable[Period]:
    """The periods of a kind that reports are about, which overlap [start_us, end_us)."""
    if kind is PeriodKind.SHIFT:
        return site.shift_calendar().periods(start_us, end_us)
    return periods(kind, start_us, end_us, site.clock())


def report_values(evaluation: Evaluation, mqtt: MqttSettings, period: Period) -> list[dict[str, Any]]:
    """The values of a report about a period, as of the evaluation; those without a source are left out."""
    found = evaluation.values([period], mqtt.scopes, REPORTED)
    sourced = (value for value in found if value.outcome.reason is not Reason.NO_SOURCE)
    return [value.as_json(evaluation.site.zone) for value in sourced]


def _name(due: Due) -> str:
    return f"{due.period.kind.value}/{due.period.label}/{due.revision}"


def _with_report(values: list[dict[str, Any]], due: Due) -> list[dict[str, Any]]:
    return [{**value, "revision": due.revision, "state": due.state} for value in values]


def _reported_values(connection: Connection, period: Period) -> list[dict[str, Any]]:
    newest = reports.newest_of_periods(connection)[period.kind.value, period.label]
    payload = reports.event(connection, newest.epoch, newest.sequence)
    return list(json.loads(payload or b"{}")["data"]["values"])
