"""Reports as a plant and its programme see them: real processes, a real broker with TLS, passwords and rights."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mosquitto import BREACH, PLANTS, Broker, broker
from sending_plant import SendingPlant

from plant.topic import Channel, topic
from tests.acceptance.kill_storm import Storm
from tests.acceptance.reporting_plant import PLANT, ReportingPlant, own_broker, periods_of
from tests.acceptance.simulated_plant import kill, smartwings, wait_until

__all__ = ["broker", "own_broker"]

pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time

OTHER = PLANTS[1]


def test_past_days_are_reported_and_late_data_is_restated(tmp_path: Path, own_broker: Broker) -> None:
    with ReportingPlant(tmp_path, own_broker, days=4, kinds="shift, day") as plant:
        plant.import_history()
        plant.receive()
        plant.collect()
        plant.wait_until_settled(4 * 2 + 2, quiet_s=6)
        made = plant.outbox()
        plant.check_ledgers()

        days = [day.isoformat() for day in plant.days]
        final, provisional = ["provisional", "final"], ["provisional"]
        by_day = dict(zip(days, [final, provisional, provisional, provisional], strict=True))
        assert periods_of("day", made) == by_day
        shifts = periods_of("shift", made)
        assert {label: shifts[label] for label in (f"{day}/day" for day in days)} == {
            f"{day}/day": states for day, states in by_day.items()
        }
        shown = json.loads(smartwings("reports", "site.yaml", "--json", folder=tmp_path).stdout)["reports"]
        assert [row["sequence"] for row in shown] == list(range(1, len(made) + 1))
        assert {row["state"] for row in shown} == {"accepted"}
        assert json.loads(smartwings("reports", "site.yaml", "--pending", "--json", folder=tmp_path).stdout) == {
            "reports": []
        }
        row = next(row for row in plant.command("plants")["plants"] if row["plant"] == PLANT)
        assert (row["received_to"], row["missing"], row["late"]) == (len(made), [], False)
        headline = plant.command("summary")["headline"]
        assert (headline["joined"], headline["reporting"]) == (2, 1)

        plant.import_quantities("late.csv", 7, last=1)
        plant.wait_for_reports(len(made) + 2)
        plant.import_quantities("late.csv", 7, last=1)
        orders = ["order_id", "quantity", "due_date", "delivered_quantity", "delivered_date"]
        late = [["A0", 10, days[0], 10, days[3]]]
        plant.import_rows("orders", "late-order.csv", orders, late)
        restated = by_day | {days[0]: [*final, "restated", "restated"]}
        wait_until(lambda: periods_of("day", plant.outbox()) == restated, "the order leads to a restatement")
        made = plant.outbox()
        assert sum(report.period_state == "restated" for report in made) == 2 + 1
        assert plant.import_rows("orders", "late-order.csv", orders, late)["new"] == 0
        time.sleep(6)
        assert [report.id for report in plant.outbox()] == [report.id for report in made]
        plant.wait_until_settled()
        plant.check_ledgers()


def test_reports_wait_for_the_programme_however_often_it_is_away(tmp_path: Path, own_broker: Broker) -> None:
    with ReportingPlant(tmp_path, own_broker, days=4, kinds="hour, day") as plant:
        plant.import_history()
        collector = plant.collect()
        plant.wait_for_reports(50)
        wait_until(lambda: sum(report.sent_us is not None for report in plant.outbox()) >= 20, "reports are sent")
        time.sleep(2)  # the broker has confirmed them by now
        assert {report.state for report in plant.outbox()} == {"pending"}
        kill(collector)
        before = plant.outbox()
        assert {report.state for report in before} == {"pending"}

        collector = plant.collect()
        receiver = plant.receive()
        plant.wait_until_settled(5 * 25, quiet_s=6)
        assert [(report.id, report.sha256) for report in plant.outbox()[: len(before)]] == [
            (report.id, report.sha256) for report in before
        ]
        assert receiver.end() == 0
        made = len(plant.outbox())
        plant.import_quantities("late.csv", 7, last=1)
        plant.wait_for_reports(made + 25)
        assert len(plant.outbox(pending=True)) >= 25
        plant.receive()
        plant.wait_until_settled()
        total = plant.check_ledgers()
        hours = periods_of("hour", plant.outbox())
        restated = ["provisional", "final", "restated"]
        assert [hours[f"{plant.days[0]}T{hour:02}+09:00"] for hour in range(8, 24)] == [restated] * 16

        last_sent = {report.sequence: report.sent_us for report in plant.outbox()}
        assert smartwings("reports", "site.yaml", "--resend", "2-4", folder=tmp_path).returncode == 0
        plant.wait_until_settled()
        again = [r.sequence for r in plant.outbox() if r.sent_us != last_sent[r.sequence]]
        assert again == [2, 3, 4]
        collector.send_signal(signal.SIGTERM)
        assert collector.wait(25) == 0
        assert smartwings("reports", "site.yaml", "--resend", "7", folder=tmp_path).returncode == 0
        assert [report.sequence for report in plant.outbox(pending=True)] == [7]
        plant.collect()
        wait_until(lambda: not plant.outbox(pending=True), "it is accepted again")
        assert plant.check_ledgers() == total
        for wrong in ("4-2", "x", "-1"):
            assert smartwings("reports", "site.yaml", f"--resend={wrong}", folder=tmp_path).returncode == 2


def test_kills_of_everything_lose_and_double_nothing(tmp_path: Path, own_broker: Broker) -> None:
    with ReportingPlant(tmp_path, own_broker, devices=True) as plant:
        storm = Storm(plant)
        storm.kill_each(["collector", "receiver", "devices", "broker"])  # fifty of each in tests/soak
        assert storm.end() >= 150
        assert storm.check_readings() > 100


words = st.sampled_from(
    ["id", "sha256", "result", "reason", "received_to", "missing", "accepted", "rejected", PLANT, OTHER, ""]
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), words, st.text(max_size=20), st.integers(2**31 - 2, 2**63)
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=6)),
    max_leaves=12,
)


def test_hostile_messages_settle_nothing_and_stop_nobody(tmp_path: Path, broker: Broker) -> None:
    with ReportingPlant(tmp_path, broker, days=1, kinds="hour, day") as plant:
        plant.import_history()
        plant.collect()
        plant.wait_for_reports(25)
        wait_until(lambda: sum(report.sent_us is not None for report in plant.outbox()) >= 20, "reports are sent")
        made = plant.outbox()
        ours = [report.sha256 for report in made]
        good = {"sha256": ours[0], "result": "accepted", "reason": None, "received_to": 1, "missing": []}
        of_ack = st.fixed_dictionaries(
            {
                "id": st.one_of(
                    words, leaves, st.sampled_from([f"{OTHER}/day/2026-01-01/1", f"{PLANT}/day/2026-01-01/1"])
                ),
                "sha256": st.sampled_from([*ours, "0" * 64, ours[0].upper(), ""]),
                "result": st.sampled_from(["accepted", "rejected", "ok", True]),
                "reason": leaves,
                "received_to": leaves,
                "missing": st.one_of(leaves, st.lists(st.lists(st.integers(-1, 2**31), max_size=3), max_size=3)),
            }
        )
        to_plant, to_programme = topic("iim", PLANT, Channel.ACK), topic("iim", PLANT, Channel.REPORT)

        def is_ours(hostile: Any) -> bool:  # a true ack is not hostile
            return isinstance(hostile, dict) and hostile.get("id") in [report.id for report in made]

        with SendingPlant(broker, PLANT, BREACH) as enemy:

            @settings(
                max_examples=200,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(st.one_of(st.binary(max_size=200), trees, of_ack))
            def send_hostile(hostile: Any) -> None:
                if not is_ours(hostile):
                    payload = hostile if isinstance(hostile, bytes) else json.dumps(hostile).encode()
                    enemy.send(payload, to_plant)
                    enemy.send(payload, to_programme)

            enemy._client.on_message = None  # it does not judge what it sends
            send_hostile()
            deep, long_number = b"[" * 100_000, b'{"a":' + b"9" * 6000 + b"}"
            twice = json.dumps(good | {"id": made[0].id}).replace('"result"', '"result": "rejected", "result"').encode()
            stolen = json.dumps(good | {"id": f"{OTHER}/day/2026-01-01/1"}).encode()
            nameless = json.dumps(good | {"id": None}).encode()
            huge = json.dumps(good | {"id": made[0].id, "reason": "x" * 20_000}).encode()
            everything = json.dumps(good | {"id": "x", "missing": [[0, 2**31 - 1]]}).encode()
            for payload in (
                deep,
                long_number,
                everything,
                twice,
                stolen,
                nameless,
                huge,
                b"x" * 1_000_000,
                b"",
                b"\xff",
            ):
                enemy.send(payload, to_plant)
                enemy.send(payload, to_programme)
            status, health = plant.health()
            assert (status, health["task_faults"]) == (503, {})
            # What is sent in order arrives in order: this is seen after all of the above.
            last = made[-1]
            enemy.send(json.dumps(good | {"id": last.id, "sha256": last.sha256}).encode(), to_plant)
            wait_until(lambda: len(plant.outbox(pending=True)) < len(plant.outbox()), "the last one is taken")
            assert [report.id for report in plant.outbox() if report.state != "pending"] == [last.id]
            assert smartwings("reports", "site.yaml", f"--resend={last.sequence}", folder=tmp_path).returncode == 0

            plant.receive()
            send_hostile()
            plant.wait_until_settled(len(made))
        plant.check_ledgers()
        assert plant.health()[1]["task_faults"] == {}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_broker_that_refuses_is_named_in_health_and_status(tmp_path: Path, broker: Broker, version: str) -> None:
    with ReportingPlant(tmp_path, broker, days=1, kinds="day") as plant:
        wrong = tmp_path / "wrong"
        wrong.touch(0o600)
        wrong.write_text("not it")
        text = plant.text.replace(str(broker.password_file(PLANT)), "wrong").replace(
            "mqtt:", f"mqtt:\n  version: {version}"
        )
        (tmp_path / "site.yaml").write_text(text)
        plant.collect()
        wait_until(plant.is_collecting, "it runs")
        said = "reports cannot be sent: the broker refused the connection: "
        wait_until(lambda: any(said in reason for reason in plant.health()[1]["reasons"]), "the refusal shows")
        assert said in smartwings("status", "site.yaml", folder=tmp_path).stdout
        wrong.write_text(broker.password(PLANT))
        wait_until(
            lambda: not any("reports" in reason for reason in plant.health()[1]["reasons"]), "it connects by itself"
        )


def test_a_broker_that_refuses_a_report_is_named_in_health(tmp_path: Path, broker: Broker) -> None:
    with ReportingPlant(tmp_path, broker, days=1, kinds="day", user=OTHER) as plant:
        plant.import_history()
        plant.collect()
        plant.wait_for_reports(1)
        said = "reports cannot be sent: the broker refused a message: Not authorized"
        wait_until(lambda: said in plant.health()[1].get("reasons", []), "the refusal shows")
        assert {report.state for report in plant.outbox()} == {"pending"}


def test_a_key_that_others_may_read_is_refused_at_start(tmp_path: Path, broker: Broker) -> None:
    with ReportingPlant(tmp_path, broker) as plant:
        for mode, content, said in (
            (0o640, None, "signing.pem must be readable by its owner alone: chmod 600"),
            (0o600, b"nonsense", "signing.pem: must hold an Ed25519 private key in PEM"),
        ):
            os.chmod(plant.key_file, mode)
            if content is not None:
                plant.key_file.write_bytes(content)
            done = smartwings("run", "site.yaml", folder=tmp_path)
            assert done.returncode == 2
            assert said in done.stderr
            assert len(done.stderr.splitlines()) == 1
            assert not plant.store.exists()
        plant.key_file.unlink()
        done = smartwings("run", "site.yaml", folder=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
