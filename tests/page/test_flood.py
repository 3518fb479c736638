"""Does collecting notice that somebody floods the page?"""

import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.acceptance.simulated_plant import SimulatedPlant, free_port, wait_until
from tests.page.served import accepts

FLOOD_S = 8.0
TAGS = ("press1.good", "main.energy", "press2.good")


def flood(port: int, until_s: float, first: bytes, then: bytes) -> None:
    """Connections that send something to begin with, then something else now and then, each anew when it is closed."""
    while time.monotonic() < until_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(first)
            while time.monotonic() < until_s:
                link.sendall(then)
                time.sleep(0.05 if len(then) < 100 else 0.005)


def test_a_flooded_page_delays_no_reading(tmp_path: Path) -> None:
    port = free_port()
    with SimulatedPlant(tmp_path, more=f"page: {{listen: 127.0.0.1:{port}}}\n") as plant:
        plant.simulate()
        plant.collect()
        plant.wait_for_new(*TAGS)
        wait_until(lambda: accepts(f"127.0.0.1:{port}"), "the page answers")
        before = {device["id"]: device for device in plant.status()["devices"]}
        head = b"POST /preferences HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
        body = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99999999\r\n\r\n"
        page = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        kinds = [(b"GET / HTTP/1.1\r\nX: ", b"x")] * 40 + [(head + body, b"x" * 65536)] * 4 + [(page, page)] * 4
        until_s = time.monotonic() + FLOOD_S
        threads = [threading.Thread(target=flood, args=(port, until_s, *kind)) for kind in kinds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = {device["id"]: device for device in plant.status()["devices"]}
        polls = after["press2"]["polls"] - before["press2"]["polls"]
        late = after["press2"]["polls_late"] - before["press2"]["polls_late"]
        assert polls >= 0.6 * FLOOD_S / 0.1
        assert late <= 0.2 * polls  # a busy machine lets some slip
        assert {name: device["reconnects"] for name, device in after.items()} == {
            name: device["reconnects"] for name, device in before.items()
        }
        plant.wait_for_new(*TAGS)
        verdict = plant.judge()
        assert (verdict.lost, verdict.doubled_or_wrong) == ([], [])
        assert [gap for gap in verdict.gaps if "polls skipped" not in gap.cause] == []
