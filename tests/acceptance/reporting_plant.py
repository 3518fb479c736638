"""A plant that reports to a programme, all of it real: simulated devices, collector, mosquitto, receiver; and the
comparison of the plant's outbox with the programme's ledger."""

import csv
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mosquitto import PLANTS, PROGRAMME, Broker, mosquitto
from receiving import ReceiverProcess, programme_file, rows
from sample_reports import CLOCK, key_of

from collector.store.reports import StoredReport, all_reports, event
from collector.store.store import reading
from kpi.report import public_key, verify
from plant.instant import format_instant
from plant.period import Period
from tests.acceptance.simulated_plant import SITE, SimulatedPlant, free_port, kill, smartwings, wait_until

PLANT = PLANTS[0]
HOUR_US = 3_600_000_000

DEVICES = SITE[SITE.index("devices:") :]
NO_DEVICE = """
devices:
  - id: meter
    protocol: modbus
    host: 127.0.0.1
    port: {meter}
    outage_s: 86400
    tags:
      - {{name: main.energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}}
"""
HEAD = f"""
plant: {{{{id: {PLANT}, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}}}}
page: {{{{listen: "127.0.0.1:{{page}}"}}}}
shifts:
  - {{{{name: day, start: 08:00, end: 20:00}}}}
work_units: {{{{bench: {{{{output: true}}}}}}}}
mqtt:
  programme: {PROGRAMME}
  host: 127.0.0.1
  port: {{broker}}
  ca_file: {{ca_file}}
  username: {{user}}
  password_file: {{password_file}}
  key_file: signing.pem
  reports: [{{kinds}}]
  reports_from: {{reports_from}}
"""


def today() -> date:
    """The production day of now."""
    return CLOCK.day_of(time.time_ns() // 1000)


class ReportingPlant(SimulatedPlant):
    """A simulated plant with a broker and a programme of its own. days: how many past days it reports."""

    def __init__(
        self, folder: Path, broker: Broker, *, days: int = 5, kinds: str = "hour, shift, day", devices: bool = False,
        user: str = PLANT,
    ) -> None:  # fmt: skip
        super().__init__(folder)
        self.broker = broker
        self.receiver: ReceiverProcess | None = None
        self.days = [today() - timedelta(days=back) for back in range(days, 0, -1)]
        self.page = free_port()
        self.programme = folder / "programme"
        self.programme.mkdir()
        self.programme_file = programme_file(self.programme, broker)
        ports = {name: free_port() for name in ("line", "meter", "press2")}
        more = {
            "broker": broker.port,
            "ca_file": broker.ca_file,
            "user": user,
            "password_file": broker.password_file(user),
            "kinds": kinds,
            "reports_from": self.days[0],
            "page": self.page,
        }
        self.text = (HEAD + (DEVICES if devices else NO_DEVICE)).format(security="none", **ports, **more)
        (folder / "site.yaml").write_text(self.text)
        private = key_of(1).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key_file = folder / "signing.pem"
        self.key_file.touch(0o600)
        self.key_file.write_bytes(private)

    def __exit__(self, *_: object) -> None:
        if self.receiver is not None:
            self.receiver.kill()
        super().__exit__(*_)

    def receive(self) -> ReceiverProcess:
        """Start the programme's receiver; the one before has been ended or killed."""
        self.receiver = ReceiverProcess(self.programme_file)
        return self.receiver

    def import_history(self, name: str = "history.csv", good: int = 100) -> None:
        """Hand counts and orders of every past day, and the readings of a meter (not where the truth log judges)."""
        self.import_quantities(name, good)
        orders = [[f"A{at}", 10, day, 10, day] for at, day in enumerate(self.days)]
        self.import_rows(
            "orders", "orders.csv", ["order_id", "quantity", "due_date", "delivered_quantity", "delivered_date"], orders
        )
        if "press2" not in self.text:
            start_us = CLOCK.day_start(self.days[0])
            times = [start_us + at * HOUR_US // 4 for at in range(len(self.days) * 96 + 1)]
            readings = [[format_instant(us, CLOCK.zone), "main.energy", at * 25.0] for at, us in enumerate(times)]
            self.import_rows("readings", "readings.csv", ["time", "tag", "value"], readings)

    def import_quantities(self, name: str, good: int, last: int | None = None) -> None:
        """Hand counts at the middle of each hour of the past days (at most `last` days, the oldest ones)."""
        found = []
        for day in self.days[:last]:
            for hour in range(24):
                at = CLOCK.day_start(day) + hour * HOUR_US + HOUR_US // 2
                row = [format_instant(at, CLOCK.zone), "bench", good + 2, good, 2, f"{name}/{day}/{hour}"]
                found.append(row)
        self.import_rows("quantities", name, ["time", "work_unit", "produced", "good", "scrap", "id"], found)

    def import_rows(self, kind: str, name: str, headings: list[str], found: list[list[Any]]) -> dict[str, Any]:
        with (self.folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([headings, *found])
        done = smartwings("import", kind, "site.yaml", name, "--json", folder=self.folder)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout)["files"][0])

    def outbox(self, pending: bool = False) -> list[StoredReport]:
        if not self.store.exists():
            return []
        with reading(self.store) as connection:
            return all_reports(connection, pending)

    def wait_for_reports(self, count: int) -> None:
        wait_until(lambda: len(self.outbox()) >= count, f"{count} reports are made", 90)

    def wait_until_settled(self, least: int = 1, longest_s: float = 90, quiet_s: float = 0) -> None:
        """Until nothing waits, and nothing new has been made for so long (the collector looks every 5 s)."""
        quiet: list[float] = [0, time.monotonic()]

        def settled() -> bool:
            found = self.outbox()
            if len(found) != quiet[0]:
                quiet[:] = [len(found), time.monotonic()]
            waiting = any(report.state == "pending" for report in found)
            return len(found) >= least and not waiting and time.monotonic() - quiet[1] >= quiet_s

        wait_until(settled, "every report has its ack", longest_s)

    def received(self) -> list[Any]:
        query = f"select id, epoch, sequence, sha256 from report where plant = '{PLANT}' order by epoch, sequence"
        return [tuple(row) for row in rows(self.programme_file, query)]

    def command(self, *arguments: str) -> dict[str, Any]:
        """What a command of the programme says in JSON."""
        done = smartwings(
            "programme", arguments[0], str(self.programme_file), *arguments[1:], "--json", folder=self.folder
        )
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status code and content of /health; (0, {}) while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/health", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def is_collecting(self) -> bool:
        return self.health()[0] != 0

    def check_ledgers(self) -> int:
        """The programme has exactly what the plant made: each once, without holes, one chain; returns how many."""
        made = self.outbox()
        assert [report.sequence for report in made] == list(range(1, len(made) + 1))
        assert len({report.id for report in made}) == len(made)
        assert {report.state for report in made} <= {"accepted"}
        assert self.received() == [(report.id, report.epoch, report.sequence, report.sha256) for report in made]
        assert rows(self.programme_file, "select * from chain_break") == []
        assert self.command("gaps") == {"gaps": []}
        key = public_key_of_plant()
        previous = ""
        with reading(self.store) as connection:
            for report in made:
                sent = json.loads(event(connection, report.epoch, report.sequence) or b"")
                assert sent["previous"] == previous, report.id
                assert verify(sent, key), report.id
                previous = report.sha256
        return len(made)


def public_key_of_plant() -> Any:
    import base64

    return public_key(base64.b64encode(key_of(1).public_key().public_bytes_raw()).decode())


def periods_of(kind: str, made: list[StoredReport]) -> dict[str, list[str]]:
    """States of a kind's reports by label, in the order of their revisions."""
    found: dict[str, list[str]] = {}
    for report in made:
        if report.kind == kind:
            states = found.setdefault(report.label, [])
            states.append(report.period_state)
            assert len(states) == report.revision
    return found


@pytest.fixture
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that the test may kill."""
    started = Broker(mosquitto(), tmp_path_factory.mktemp("broker"))
    started.start()
    yield started
    started.stop()


__all__ = ["HOUR_US", "PLANT", "Period", "ReportingPlant", "kill", "own_broker", "periods_of", "wait_until"]
