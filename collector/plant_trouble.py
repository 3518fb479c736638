"""What is wrong with collecting, keeping and reporting? What the daemon knows, and what store and files show."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from collector import plant_trouble_text as text
from collector.buffer import Buffer
from collector.certificate_trouble_text import EXCEPTIONS, TOLD_DAYS, ending
from collector.device_trouble import device_troubles
from collector.disk import Level
from collector.health import LEAST_FREE_SHARE, Snapshot
from collector.loop_lag import LATE_S
from collector.store.reports import StoredReport
from collector.store.wal import TOLD_BYTES
from collector.tag_trouble_text import OF_STATUS
from collector.trouble import Trouble, named, worst_first
from config.site import Site
from plant.instant import US_PER_S
from plant.status_code import status_name

if TYPE_CHECKING:
    from connectors.certificate_state import CertificateState

_HOUR_US = 3600 * US_PER_S
_DAY_US = 24 * _HOUR_US
_FIRST_CONNECTION_US = 30 * US_PER_S
DISK_HOURS = 14 * 24

Exceptions = tuple[tuple[str, tuple[str, ...]], ...]
"""Devices, and what is accepted of each that is less than secure."""


@dataclass(frozen=True, slots=True)
class BadTag:
    """A tag whose newest reading is Bad, and since when [us]. address: of its device."""

    device: str
    name: str
    status: int
    since_us: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What store and files show, whether or not the daemon runs.

    certificates: by device. exceptions: what is accepted of each device that is less than secure. unanswered: reports
    that were sent and wait for their ack.
    """

    started_us: int | None = None
    started_sha256: str = ""
    site_sha256: str = ""
    unanswered: tuple[StoredReport, ...] = ()
    rejected: tuple[StoredReport, ...] = ()
    bad_tags: tuple[BadTag, ...] = ()
    certificates: "tuple[tuple[str, CertificateState], ...]" = field(default=())
    exceptions: Exceptions = ()
    buffer: Buffer | None = None


def collecting_troubles(site: Site, now: Snapshot) -> list[Trouble]:
    """What the running daemon knows to be wrong, worst first."""
    return worst_first([*_storing(now), *_devices(site, now), *_reporting(now), *_tasks(now)])


def _devices(site: Site, now: Snapshot) -> Iterator[Trouble]:
    known = [(device, now.devices[device.id]) for device in site.devices if device.id in now.devices]
    yield from device_troubles(known, now.started_us, now.at_us)


def _storing(now: Snapshot) -> Iterator[Trouble]:
    if now.clock_doubt:
        count = now.readings_undated
        yield text.CLOCK_WRONG.trouble("clock_not_trusted", "clock", None, why=now.clock_doubt, count=count)
    if now.store_fault:
        yield text.STORE_FAULT.trouble("store_fault", "store", now.last_commit_us, why=now.store_fault.rstrip("."))
    if now.disk_level is Level.FULL:
        yield text.DISK_FULL.trouble("disk_full", "disk", None, free=now.free_share)
    elif now.free_share < LEAST_FREE_SHARE or now.disk_level > Level.OK:
        yield text.DISK_LOW.trouble("disk_low", "disk", None, free=now.free_share)
    if now.wal_bytes > TOLD_BYTES:
        yield text.LOG_LONG.trouble("log_long", "store", None, size=now.wal_bytes >> 20)
    if now.renewed:
        yield text.FILE_DAMAGED.trouble("file_damaged", "store", None, name=now.renewed)
    if now.damaged_rows:
        yield text.ROWS_DAMAGED.trouble(
            "rows_damaged", "store", None, rows=now.damaged_rows, readings=now.damaged_readings
        )
    if now.clock_stepped_us is not None and now.at_us - now.clock_stepped_us < _DAY_US:
        yield text.CLOCK_STEPPED.trouble("clock_stepped", "clock", now.clock_stepped_us, step_s=now.clock_offset_s)


def _reporting(now: Snapshot) -> Iterator[Trouble]:
    if now.report_fault and now.at_us - now.started_us > _FIRST_CONNECTION_US:
        yield text.BROKER.trouble("broker", "reports", now.report_fault_us, why=now.report_fault.rstrip("."))
    for name, why in now.failed_reports.items():
        yield text.IMPOSSIBLE.trouble("report_impossible", name, None, why=why.rstrip("."))


def _tasks(now: Snapshot) -> Iterator[Trouble]:
    if now.loop_late_s[0] > LATE_S:
        yield text.LOOP_LATE.trouble("loop_late", "collector", None, late_s=now.loop_late_s[0])
    for name, why in now.recent_faults.items():
        yield text.TASK.trouble("task", name, None, why=why)


def not_running(stopped_us: int | None) -> Trouble:
    """That the collector does not run. stopped_us: until when it is known to have run."""
    return text.NOT_RUNNING.trouble("not_running", "collector", stopped_us)


def not_answering() -> Trouble:
    """That the collector runs, but says nothing."""
    return text.NOT_ANSWERING.trouble("not_answering", "collector", None)


def kept_troubles(kept: Kept, running: list[Trouble], now_us: int) -> list[Trouble]:
    """What store and files show to be wrong beside what the daemon said, worst first."""
    return worst_first(
        [
            *_refused_reports(kept, running, now_us),
            *_bad_tags(kept, running),
            *certificate_troubles(kept.certificates, kept.exceptions, now_us),
            *_exceptions(kept),
            *_rest(kept),
        ]
    )


def _refused_reports(kept: Kept, running: list[Trouble], now_us: int) -> Iterator[Trouble]:
    for report in kept.rejected:
        why = (report.reason or "no reason given").rstrip(".")
        yield text.REJECTED.trouble("report_rejected", report.id, report.sent_us, why=why, sequence=report.sequence)
    oldest_us = min((report.created_us for report in kept.unanswered), default=now_us)
    if now_us - oldest_us > _HOUR_US and not any(one.kind in ("broker", "not_running") for one in running):
        hours = (now_us - oldest_us) / _HOUR_US
        yield text.UNANSWERED.trouble("unanswered", "reports", oldest_us, count=len(kept.unanswered), hours=hours)


def _bad_tags(kept: Kept, running: list[Trouble]) -> Iterator[Trouble]:
    """Those of devices that answer; where one does not, or does not give a tag, that is said already."""
    kinds = ("not_connected", "block_refused", "block_silent")
    away = {name for one in running if one.kind in kinds for name in one.subjects}
    said = {name for one in running for name in one.tags}
    if any(one.kind == "not_running" for one in running):
        return
    left = [one for one in kept.bad_tags if one.device not in away and one.name not in said]
    bad = sorted(left, key=lambda one: (one.device, one.status, one.name))
    for (device, code), group in groupby(bad, key=lambda one: (one.device, one.status)):
        tags, status = list(group), status_name(code)
        since_us = min(tag.since_us for tag in tags)
        names, form = named([tag.name for tag in tags]), OF_STATUS.get(status, text.TAGS_BAD)
        yield form.trouble("tags_bad", device, since_us, tags=names, status=status, address=tags[0].address)


def certificate_troubles(
    certificates: "Iterable[tuple[str, CertificateState]]", exceptions: Exceptions, now_us: int
) -> Iterator[Trouble]:
    """Which certificates end soon or have ended, but for a server's that is accepted so."""
    accepted = dict(exceptions)
    for device, certificate in certificates:
        days = (certificate.until_us - now_us) // _DAY_US
        if days >= TOLD_DAYS or (certificate.whose == "server" and "expired" in accepted.get(device, ())):
            continue
        ended_us = certificate.until_us if days < 0 else None
        form = ending(certificate.whose, days)
        yield form.trouble("certificate", device, ended_us, name=certificate.file, days=abs(days))


def _exceptions(kept: Kept) -> Iterator[Trouble]:
    for device, names in kept.exceptions:
        yield EXCEPTIONS.trouble("security_exception", device, None, names=", ".join(names))


def _rest(kept: Kept) -> Iterator[Trouble]:
    if kept.started_sha256 and kept.started_sha256 != kept.site_sha256:
        yield text.SETTINGS_CHANGED.trouble("settings_changed", "site file", kept.started_us)
    if kept.buffer is not None and kept.buffer.hours_left is not None and kept.buffer.hours_left < DISK_HOURS:
        yield text.DISK_FILLS.trouble("disk_fills", "disk", None, days=kept.buffer.hours_left / 24)
