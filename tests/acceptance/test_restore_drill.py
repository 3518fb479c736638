"""The drill: a plant that collects and reports loses its store and goes on from a backup of a minute ago."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mosquitto import Broker
from receiving import rows

from collector.store import events
from collector.store.store import reading
from tests.acceptance.plant_files import run, table
from tests.acceptance.reporting_plant import PLANT, ReportingPlant, kill, own_broker
from tests.acceptance.simulated_plant import wait_until

TAGS = ("main.energy", "press2.good", "press1.temperature")


class Plant(ReportingPlant):
    """A plant whose files are imported by a command in this process: starting one takes longer than its work."""

    def import_rows(self, kind: str, name: str, headings: list[str], found: list[list[Any]]) -> dict[str, Any]:
        (self.folder / name).write_text(table(headings, *found), encoding="utf-8")
        done = run("import", kind, str(self.folder / "site.yaml"), str(self.folder / name), "--json")
        assert done.code == 0, done.err
        return dict(done.json["files"][0])


def command(plant: ReportingPlant, name: str, *arguments: str) -> str:
    done = run(name, str(plant.folder / "site.yaml"), *arguments)
    assert done.code == 0, done.out + done.err
    return done.out


def history(plant: ReportingPlant, until: str) -> str:
    return command(plant, "history", *TAGS, "--from", "2020-01-01", "--to", until)


def test_a_plant_that_loses_its_store_goes_on_from_a_backup(tmp_path: Path, own_broker: Broker) -> None:
    with Plant(tmp_path, own_broker, days=5, kinds="day", devices=True) as plant:
        plant.import_quantities("history.csv", 100)
        plant.simulate()
        collector = plant.collect()
        plant.receive()
        plant.wait_until_settled(5 + 1)
        wait_until(lambda: history(plant, "2100-01-01").count("press2.good") > 20, "readings are stored")
        copy = str(tmp_path / "copy.db")
        said = command(plant, "backup", copy)
        assert "no fault" in said
        after_backup = plant.outbox()
        plant.import_quantities("late.csv", 55, last=1)
        wait_until(lambda: len(plant.outbox()) > len(after_backup), "a day is restated after the backup", 40)
        plant.wait_until_settled(len(after_backup) + 1)
        lost = plant.outbox()[len(after_backup) :]
        kill(collector)
        until = instant_of_backup(plant)
        before = history(plant, until)
        assert before.count("\n") > 60
        for file in tmp_path.glob("plant.db*"):
            file.unlink()

        assert "is the store now" in command(plant, "restore", copy)
        assert json.loads(command(plant, "verify", "--json"))["ok"]
        assert history(plant, until) == before

        plant.import_quantities("late.csv", 56, last=1)  # not what it was: the same ids, another content
        plant.collect()
        wait_until(lambda: len(plant.outbox()) > len(after_backup), "reports are made again", 40)
        plant.wait_until_settled(len(after_backup) + 1)
        made = plant.outbox()
        again = made[len(after_backup) :]
        assert {one.epoch for one in again} == {max(one.epoch for one in made)} != {1}
        assert [one.sequence for one in again] == list(range(1, len(again) + 1))
        assert {one.state for one in made} == {"accepted"}
        same_ids = {one.id for one in lost} & {one.id for one in again}
        assert same_ids
        assert plant.received() == sorted(
            ((one.id, one.epoch, one.sequence, one.sha256) for one in [*made, *lost]), key=lambda one: one[1:3]
        )
        assert rows(plant.programme_file, "select * from rejection") == []
        assert rows(plant.programme_file, "select * from chain_break") == []
        assert plant.command("gaps") == {"gaps": []}
        query = f"select max(numerator) from kpi_value where plant = '{PLANT}' and kpi = 'good_quantity'"
        assert [tuple(row) for row in rows(plant.programme_file, query)] == [(24.0 * (100 + 56),)]
        assert json.loads(command(plant, "verify", "--json"))["ok"]


def instant_of_backup(plant: ReportingPlant) -> str:
    with reading(plant.folder / "copy.db") as connection:
        found = events.newest(connection, "backup")
    assert found is not None
    return datetime.fromtimestamp(found[0] / 1e6 - 1, UTC).isoformat()


__all__ = ["own_broker"]
