"""The programme's receiver for tests: its files, and the receiver in this process or in one that can be killed."""

import base64
import csv
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mosquitto import PLANTS, PROGRAMME, Broker, until
from sample_reports import key_of
from sqlalchemy import Row, text

from config.programme import load_programme
from programme.intake import Intake
from programme.store import reading, writing

ROOT = Path(__file__).resolve().parents[2]


def programme_file(folder: Path, broker: Broker, store: str = "sqlite:///programme.db", version: str = "5") -> Path:
    """A programme file and its list of plants: the first plant's key is of seed 1, the second's of seed 2."""
    file = folder / "programme.yaml"
    file.write_text(
        f"programme: {{id: {PROGRAMME}}}\nstore: {{url: '{store}'}}\n"
        f"mqtt: {{host: {broker.host}, port: {broker.port}, version: {version}, ca_file: {broker.ca_file},\n"
        f"  username: programme, password_file: {broker.password_file('programme')}}}\nplants: plants.csv\n"
    )
    with (folder / "plants.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            ("plant", "name", "stage", "lead_company", "consultant", "level", "grant", "public_key", "joined")
        )
        for seed, plant in enumerate(PLANTS, 1):
            key = base64.b64encode(key_of(seed).public_key().public_bytes_raw()).decode()
            rows.writerow((plant, "", "", "", "", "", 0, key, "2026-01-01"))
    return file


@contextmanager
def receiving(file: Path) -> Iterator[Intake]:
    """A receiver in this process, from a programme file; it has ended in order when the block is left."""
    settings = load_programme(file)
    with writing(settings.store.url, file.parent) as connection:
        intake = Intake(settings, file.parent, connection)
        thread = threading.Thread(target=intake.run)
        thread.start()
        try:
            yield intake
            assert thread.is_alive(), "the receiver has died"
        finally:
            intake.stop()
            thread.join(20)
            assert not thread.is_alive(), "the receiver does not end"


def rows(file: Path, query: str) -> Sequence[Row[tuple[object, ...]]]:
    """Rows of the programme's store."""
    with reading(load_programme(file).store.url, file.parent) as connection:
        return [] if connection is None else connection.execute(text(query)).all()


class ReceiverProcess:
    """`smartwings programme run` in a process of its own."""

    def __init__(self, file: Path) -> None:
        self._log = file.with_name("receiver.log")
        said = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            program = "from commands.main import main; main()"
            command = [sys.executable, "-c", program, "programme", "run", str(file)]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            self._process = subprocess.Popen(command, stderr=log, stdout=log, env=environment, cwd=ROOT)
        until(lambda: b"receiving from" in self._log.read_bytes()[said:], "the receiver receives", 30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait(10)

    def end(self) -> int:
        """End it in order; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(20)
