"""How does the plant stand by what store and files show, whether or not the daemon runs?"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from collector.buffer import Buffer
from collector.device_trouble import device_address
from collector.plant_trouble import BadTag, Kept
from collector.store import events, reports
from collector.store.latest import latest
from config.devices import OpcUaDevice
from config.site import Site
from connectors.certificate_state import CertificateState, certificate_states
from plant.status_code import BAD

MOST_REPORTS = 1000


def standing(connection: Connection, site: Site, site_file: Path, outlook: Buffer | None) -> Kept:
    """What is kept that trouble shows in; at most so many reports of each state."""
    start = events.newest(connection, "start")
    return Kept(
        started_us=start[0] if start else None,
        started_sha256=start[1] if start else "",
        site_sha256=sha256(site_file.read_bytes()).hexdigest(),
        unanswered=tuple(one for one in reports.of_state(connection, "pending", MOST_REPORTS) if one.sent_us),
        rejected=tuple(reports.of_state(connection, "rejected", 20)),
        bad_tags=tuple(bad_tags(connection, site)),
        certificates=tuple(certificates(site, site_file.parent)),
        exceptions=tuple(_exceptions(site)),
        buffer=outlook,
    )


def bad_tags(connection: Connection, site: Site) -> list[BadTag]:
    """Tags of the site file whose newest reading is Bad."""
    device_of = {settings.name: device for device in site.devices for settings in device.tags}
    named = {row.id: row.name for row in connection.exec_driver_sql("select id, name from tag")}
    return [
        BadTag(device.id, named[tag_id], found.status, found.time_us, device_address(device)[0])
        for tag_id, found in latest(connection).items()
        if found.status & BAD and (device := device_of.get(named[tag_id])) is not None
    ]


def known_until(connection: Connection) -> int | None:
    """When the collector last heard of any device [us]; None if it never did."""
    found = connection.exec_driver_sql("select max(known_until_us) from device").scalar()
    return None if found is None else int(found)


def certificates(site: Site, folder: Path) -> Iterator[tuple[str, CertificateState]]:
    """The certificates that connections rest on, each with a device that needs it; our own once."""
    own_told = False
    for device in site.devices:
        states = certificate_states(device, folder) if isinstance(device, OpcUaDevice) else None
        for one in states.every if states is not None else ():
            if one.whose != "own" or not own_told:
                yield device.id, one
            own_told = own_told or one.whose == "own"


def _exceptions(site: Site) -> Iterator[tuple[str, tuple[str, ...]]]:
    for device in site.devices:
        if isinstance(device, OpcUaDevice) and device.security_exceptions:
            yield device.id, device.security_exceptions
