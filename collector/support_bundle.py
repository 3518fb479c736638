"""What do those who help need to see, and nothing that is secret? One zip file, made of what is known at a moment."""

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from collector.control import ask
from collector.device_trouble import device_address
from collector.redaction import redacted, secrets_of
from collector.store import events, gaps, reports
from collector.store.devices import received
from collector.store.growth import growth
from collector.store.store import reading, store_path
from collector.versions import versions
from config.devices import OpcUaDevice
from config.fault import InputError, read_bytes
from config.load import load_site
from config.site import Site
from config.table_file import read_table
from connectors.certificate_state import certificate_states
from plant.instant import US_PER_S, moment

MOST_ROWS = 500
_PATIENCE_S = 10.0
_MOST_BYTES = 16 * 2**20
_DAY_US = 86400 * US_PER_S
_TAG_LIST = re.compile(r"^\s*(?:-\s*)?tags:\s*[\"']?([^\s\"'\[{#]+\.(?:csv|xlsx))", re.MULTILINE | re.IGNORECASE)
_COUNTED = ("tag", "gap", "event", "element", "report", "order_line", "delivery", "quantity", "correction")
README = """Support bundle of Smart Wings, made {at} for plant {plant}.

It holds what tells how the collector is doing: settings, health, versions, sizes, and the last events, gaps, reports
(not their values) and lines of the log. It holds no readings, no KPI values, no orders, no passwords and no keys:
values of settings that are named like secrets, user names, and whatever the files of passwords and keys say, were
replaced by [removed]. Names of files and addresses of devices are in it. Look through it before you hand it on.

{files}
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What the running daemon said: its answer to `status`, and the last lines of its log; None where none runs."""

    status: dict[str, Any] | None
    log: list[str]


def told_by(site_file: Path) -> Told:
    """What the daemon of a site file says; nothing where none runs, or the site file cannot be used."""
    try:
        store = store_path(load_site(site_file).store.url, site_file.parent)
        status = ask(store, {"command": "status"}, _PATIENCE_S)
        log = ask(store, {"command": "log"}, _PATIENCE_S) or {}
    except (InputError, OSError):
        return Told(None, [])
    return Told(status, list(log.get("lines", ())))


def support_bundle(site_file: Path, told: Told, now_us: int) -> bytes:
    """The zip file. A site file or a store that cannot be read is said in it, and the rest is there all the same.

    Raises InputError for a site file that is not there.
    """
    try:
        site, fault = load_site(site_file), ""
    except InputError as error:
        site, fault = None, str(error)
    secrets = secrets_of(site, site_file.parent)
    files = dict(_files(site, site_file, told, fault, now_us))
    plant = site.plant.id if site else "(the site file has faults)"
    at = moment(now_us, site.zone).isoformat(timespec="seconds") if site else f"{now_us} us"
    files = {"README.txt": README.format(at=at, plant=plant, files="\n".join(sorted(files))), **files}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            bundle.writestr(f"smartwings-support/{name}", redacted(text, secrets))
    return packed.getvalue()


def _files(site: Site | None, site_file: Path, told: Told, fault: str, now_us: int) -> Iterator[tuple[str, str]]:
    settings = read_bytes(site_file, _MOST_BYTES).decode("utf-8", errors="replace")
    yield "site.yaml", settings
    if fault:
        yield "site-faults.txt", fault
    yield from _tag_lists(settings, site_file.parent)
    yield "versions.json", _json(versions())
    yield "health.json", _json(told.status or {"running": False})
    yield "log.txt", "\n".join(told.log) or "The collector does not run, or has logged nothing.\n"
    if site is not None:
        yield "devices.json", _json([_device(device, site_file.parent) for device in site.devices])
        yield from _of_store(store_path(site.store.url, site_file.parent), now_us)


def _tag_lists(settings: str, folder: Path) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(_TAG_LIST.findall(settings)):
        try:
            table = read_table(folder / name)
        except InputError as error:
            yield f"tags/{Path(name).name}.txt", str(error)
            continue
        rows = [[row.text(heading) for heading in table.headings] for row in table.rows]
        yield f"tags/{Path(name).stem}.csv", _csv(table.headings, rows)


def _device(device: Any, folder: Path) -> dict[str, Any]:
    states = certificate_states(device, folder) if isinstance(device, OpcUaDevice) else None
    return {
        "id": device.id,
        "protocol": device.protocol,
        "address": device_address(device)[0],
        "tags": len(device.tags),
        "certificates": asdict(states) if states else None,
    }


def _of_store(store: Path, now_us: int) -> Iterator[tuple[str, str]]:
    try:
        with reading(store) as connection:
            yield from _rows(connection, store, now_us)
    except Exception as error:  # a damaged store is just what help is asked for
        yield "store-fault.txt", f"{type(error).__name__}: {error}"


def _rows(connection: Connection, store: Path, now_us: int) -> Iterator[tuple[str, str]]:
    yield "events.csv", _csv(("time_us", "kind", "detail"), events.last(connection, MOST_ROWS))
    found = gaps.newest(connection, MOST_ROWS)
    yield "gaps.csv", _csv(("device", "tag", "start_us", "end_us", "cause"), [tuple(_values(gap)) for gap in found])
    made = reports.last_made(connection, MOST_ROWS)
    yield "reports.csv", _csv(list(reports.StoredReport.__slots__), [tuple(_values(report)) for report in made])
    disk = shutil.disk_usage(store.parent)
    beside = sorted(store.parent.glob(f"{store.name}*"))
    yield (
        "store.json",
        _json(
            {
                "files": {file.name: file.stat().st_size for file in beside if file.is_file()},
                "disk": {"free_bytes": disk.free, "total_bytes": disk.total},
                "growth": asdict(growth(connection, now_us)),
                "readings_received_in_a_day": received(connection, now_us - _DAY_US, now_us),
                "rows": {
                    name: connection.exec_driver_sql(f"select count(*) from {name}").scalar_one() for name in _COUNTED
                },
            }
        ),
    )


def _values(row: Any) -> Iterator[Any]:
    return (getattr(row, name) for name in row.__slots__)


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False, default=str)


def _csv(headings: Any, rows: Any) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
