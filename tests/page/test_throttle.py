"""Can passwords be guessed by trying?"""

from collector.page.throttle import FORGOTTEN_S, FREE_FAILURES, LONGEST_S, MOST_KEPT, Throttle, address_key
from tests.page.guarded import Clock


def test_five_failures_are_free_and_then_the_wait_doubles() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(16):
        waits.append(throttle.wait_s("account kim"))
        clock.now_s += waits[-1]
        throttle.failed("account kim")
    assert waits[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    assert waits[FREE_FAILURES:] == [1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_S, LONGEST_S]


def test_a_wait_gets_shorter_as_time_passes_and_is_forgotten_in_the_end() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(9):
        throttle.failed("account kim")
    clock.now_s += 10
    assert throttle.wait_s("account kim") == 6
    clock.now_s += FORGOTTEN_S
    throttle.failed("account kim")
    assert throttle.wait_s("account kim") == 0


def test_each_key_counts_and_the_longest_wait_holds() -> None:
    throttle = Throttle(Clock())
    for name in "abcdefgh":
        throttle.failed(f"account {name}", "address 192.168.0.9")
    assert throttle.wait_s("account a") == 0
    assert throttle.wait_s("account a", "address 192.168.0.9") == 8
    throttle.succeeded("address 192.168.0.9")
    assert throttle.wait_s("account a", "address 192.168.0.9") == 0


def test_many_names_do_not_push_out_the_one_that_is_guessed_at() -> None:
    throttle = Throttle(Clock())
    for _ in range(6):
        throttle.failed("account admin")
    for number in range(2 * MOST_KEPT):
        throttle.failed(f"account {number}")
    assert len(throttle) == MOST_KEPT
    assert throttle.wait_s("account admin") > 0


def test_addresses_of_one_network_of_ipv6_are_one() -> None:
    assert address_key("fd00:1:2:3::1") == address_key("fd00:1:2:3:ffff::2") != address_key("fd00:1:2:4::1")
    assert address_key("192.168.0.1") != address_key("192.168.0.2")
    assert address_key("nowhere") == "address nowhere"
