"""Everything is killed, again and again, while reports are made and sent; then nothing may be missing or doubled."""

import itertools
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence

from collector.ledger_line import ledger_line
from collector.store import gaps
from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags
from config.load import load_site
from plant.period import Period, PeriodKind
from tests.acceptance.reporting_plant import ReportingPlant
from tests.acceptance.simulated_plant import ALWAYS, kill, wait_until

ALL = ("press1.temperature", "main.energy", "press2.good")
QUARTER_US = 900_000_000


class Storm:
    """A plant with everything running, of which parts are killed and started again at once."""

    def __init__(self, plant: ReportingPlant, seed: int = 1, devices: bool = True) -> None:
        self.plant = plant
        self.chance = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.caught: Counter[str] = Counter()
        self.started_us = time.time_ns() // 1000
        plant.import_history()
        self.devices: subprocess.Popen[bytes] | None = plant.simulate() if devices else None
        self.receiver = plant.receive()
        self.collector = plant.collect()

    def kill_each(self, victims: Sequence[str]) -> None:
        """Kill in this order, each time in the midst of some work."""
        for victim in victims:
            self._give_work()
            self._wait_for_progress()
            self.caught[victim] += bool(self.plant.outbox(pending=True))
            getattr(self, f"_kill_{victim}")()
            self.kills[victim] += 1

    def _give_work(self) -> None:
        """Late data, which leads to restated reports, once nearly all that were made have arrived."""
        past = 26 * (2 * len(self.plant.days) - 3)  # with their finals, which are due after three days
        if len(self.plant.outbox()) >= past and len(self.plant.outbox(pending=True)) < 30:
            wait_until(self.plant.is_collecting, "the collector runs", 60)
            self.plant.import_quantities(f"late-{self.kills.total()}.csv", self.chance.randint(1, 50), last=1)

    def _wait_for_progress(self) -> None:
        before, enough = self._progress(), self.chance.randint(1, 25)
        wait_until(lambda: self._progress() >= before + enough, "reports are made and taken", 90)

    def _progress(self) -> int:
        made = self.plant.outbox()
        return len(made) + sum(report.state == "accepted" for report in made)

    def _kill_collector(self) -> None:
        kill(self.collector)
        self.collector = self.plant.collect()

    def _kill_broker(self) -> None:
        self.plant.broker.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.plant.broker.start()

    def _kill_receiver(self) -> None:
        self.receiver.kill()
        self.receiver = self.plant.receive()

    def _kill_devices(self) -> None:
        assert self.devices is not None
        kill(self.devices)
        self.devices = self.plant.simulate()

    def end(self) -> int:
        """Let everything come to rest and stop the collector; how many reports there are, all of them accounted for."""
        self.plant.wait_until_settled(longest_s=240, quiet_s=7)
        if self.devices is not None:
            self.plant.wait_for_new(*ALL)
            self.plant.wait_for_contact()
        self.collector.send_signal(signal.SIGTERM)
        assert self.collector.wait(25) == 0
        assert not self.plant.outbox(pending=True)
        return self.plant.check_ledgers()

    def check_readings(self) -> int:
        """Truth log against store, and the ledger of a report against both; how many readings there are."""
        found = self.plant.judge(self.started_us)
        assert found.lost == []
        assert found.doubled_or_wrong == []
        assert [gap for gap in found.gaps if gap.end_us is None] == []
        start_us = self.started_us // QUARTER_US * QUARTER_US
        end_us = time.time_ns() // 1000 // QUARTER_US * QUARTER_US + QUARTER_US
        with reading(self.plant.store) as connection:
            line = ledger_line(
                connection,
                load_site(self.plant.folder / "site.yaml"),
                Period(PeriodKind.HOUR, "now", start_us, end_us),
            )
            stored = [series(connection, tag.id, start_us, end_us) for tag in stored_tags(connection).values()]
            missing_us = _missing_us([gap for gap in gaps.overlapping(connection, 0, ALWAYS)], start_us, end_us)
        bad = sum(int((readings.values != readings.values).sum()) for readings in stored)
        assert line["stored"] == found.matched + bad
        assert line["received"] >= line["stored"]
        assert line["expected"] is None
        assert abs(line["gap_s"] - missing_us / 1e6) < 0.001
        return found.matched


def _missing_us(found: Sequence[gaps.Gap], start_us: int, end_us: int) -> int:
    """Time that is missing of each device, worked out the plain way: the instants at which something changes."""
    total = 0
    for device in {gap.device for gap in found}:
        own = [(gap.start_us, gap.end_us or end_us) for gap in found if gap.device == device]
        edges = sorted({start_us, end_us, *(min(max(at, start_us), end_us) for gap in own for at in gap)})
        for first, last in itertools.pairwise(edges):
            total += (last - first) * any(start <= first and last <= end for start, end in own)
    return total
