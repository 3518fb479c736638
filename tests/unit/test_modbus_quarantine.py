"""Which requests are left when a device refuses some? A device is played by the addresses that it refuses."""

from hypothesis import given
from hypothesis import strategies as st

from config.tags import ModbusTag
from connectors.modbus_check import Refused
from connectors.modbus_plan import Block, Limits, spans_of
from connectors.modbus_quarantine import RETRY_FIRST_S, RETRY_MOST_S, SILENT_POLLS, Quarantine, place

REFUSED = Refused(2)
LIMITS = Limits()


def tag(address: int, kind: str = "uint16", table: str = "holding") -> ModbusTag:
    keys = {"name": f"{table}-{address}", "work_unit": "w", "role": "other", "table": table, "address": address}
    return ModbusTag.model_validate(keys | ({"type": kind} if table in ("holding", "input") else {}))


def quarantine(*addresses: int, limits: Limits = LIMITS) -> Quarantine:
    return Quarantine(spans_of([tag(at) for at in addresses], limits), limits)


def stretches(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    return [(block.address, block.address + block.count) for block in blocks]


def settle(found: Quarantine, refused: set[int], now_s: float = 0.0) -> None:
    """Cut every block that the device refuses until what is refused stands alone."""

    def cut(block: Block) -> bool:
        if not refused & set(range(block.address, block.address + block.count)):
            return True
        halves = found.halves(block)
        if halves is None:
            found.put_away(block, REFUSED, now_s)
            return False
        answered = [cut(half) for half in halves]
        if all(answered):
            found.part(halves[1], now_s)
        return False

    for _ in range(20):
        before = found.blocks
        for block in found.blocks:
            cut(block)
        found.plan(now_s)
        if found.blocks == before:
            return
    raise AssertionError("the plan does not come to rest")


def test_a_bad_register_is_left_out_and_its_neighbours_are_read_in_as_few_requests_as_go_around_it() -> None:
    found = quarantine(*range(100))
    assert stretches(found.blocks) == [(0, 100)]
    settle(found, {37})
    assert stretches(found.blocks) == [(0, 37), (38, 100)]
    assert stretches(found.bad_blocks) == [(37, 38)]


def test_a_hole_that_the_device_refuses_is_no_longer_read_through() -> None:
    found = quarantine(0, 1, 2, 10, 11, 20)
    settle(found, {5})
    assert stretches(found.blocks) == [(0, 3), (10, 21)]
    assert found.bad == {}


@given(st.sets(st.integers(0, 300), min_size=1, max_size=60), st.sets(st.integers(0, 300), max_size=8))
def test_all_that_is_not_refused_is_read_whatever_is(addresses: set[int], refused: set[int]) -> None:
    found = quarantine(*sorted(addresses))
    settle(found, refused)
    read = {block.address + part.at for block in found.blocks for part in block.parts}
    assert read == addresses - refused
    assert all(not refused & set(range(first, end)) for first, end in stretches(found.blocks))
    assert {first for _, first, _ in found.bad} == addresses & refused


def test_values_of_two_and_four_words_and_bits_are_never_cut() -> None:
    tags = [tag(0, "float64"), tag(4, "float32"), tag(6), *(tag(at, table="coil") for at in range(20))]
    found = Quarantine(spans_of(tags, LIMITS), LIMITS)
    settle(found, {3})
    assert {place(block) for block in found.bad_blocks} == {("holding", 0, 4), ("coil", 3, 4)}
    read = [(block.table, part.at + block.address, part.words) for block in found.blocks for part in block.parts]
    assert ("holding", 4, 2) in read
    assert len(read) == 21


def test_what_is_refused_is_asked_ever_more_rarely_and_a_few_at_a_time() -> None:
    found = quarantine(*range(0, 60, 20))
    waits, now_s = [], 0.0
    first = found.blocks[0]
    for _ in range(12):
        found.put_away(first, REFUSED, now_s)
        found.plan(now_s)
        assert found.due(now_s) == []
        trial = found.bad[place(first)]
        waits.append(trial.wait_s)
        now_s = trial.retry_s
        assert [place(block) for block in found.due(now_s)] == [place(first)]
    assert waits[:3] == [RETRY_FIRST_S, 2 * RETRY_FIRST_S, 4 * RETRY_FIRST_S]
    assert waits[-1] == RETRY_MOST_S
    found.hasten(now_s)
    assert len(found.due(now_s)) == 1


def test_one_that_is_answered_again_brings_the_others_with_it() -> None:
    found = quarantine(*range(0, 100, 20))
    for block in found.blocks[:3]:
        found.put_away(block, REFUSED, 0.0)
    found.put_away(found.blocks[3], Refused(1), 0.0)
    assert found.due(5.0) == []
    found.take_back(found.bad_blocks[0], 5.0)
    assert stretches(tuple(found.due(5.0))) == [(20, 21), (40, 41)]


def test_where_nothing_is_left_to_read_one_is_asked_all_the_same() -> None:
    found = quarantine(0, 50)
    settle(found, {0, 50})
    assert found.blocks == ()
    assert len(found.due(1.0)) == 1


def test_a_boundary_is_tried_again_and_comes_back_for_twice_as_long() -> None:
    found = quarantine(0, 10)
    settle(found, {5})
    assert not found.is_stale(RETRY_FIRST_S - 1)
    assert found.is_stale(RETRY_FIRST_S)
    found.plan(RETRY_FIRST_S)
    assert stretches(found.blocks) == [(0, 11)]
    settle(found, {5}, RETRY_FIRST_S)
    assert stretches(found.blocks) == [(0, 1), (10, 11)]
    assert not found.is_stale(3 * RETRY_FIRST_S - 1)
    assert found.is_stale(3 * RETRY_FIRST_S)


def test_a_block_that_stays_silent_while_others_are_answered_is_cut_down_to_the_register_at_fault() -> None:
    found = quarantine(*range(16), 100)
    polls = 0
    while stretches(found.bad_blocks) != [(5, 6)]:
        silent = [block for block in found.blocks if block.address <= 5 < block.address + block.count]
        if found.heard(silent, 0.0):
            found.plan(0.0)
        polls += 1
        assert polls <= SILENT_POLLS + 5
    read = {block.address + part.at for block in found.blocks for part in block.parts}
    assert read == {*range(16), 100} - {5}


def test_a_silence_that_passes_cuts_nothing() -> None:
    found = quarantine(*range(16), 100)
    for _ in range(5):
        for _ in range(SILENT_POLLS - 1):
            assert not found.heard([found.blocks[0]], 0.0)
        assert not found.heard([], 0.0)
    assert len(found.blocks) == 2


def test_of_the_silent_ones_a_poll_asks_one_alone() -> None:
    found = quarantine(0, 50, 100)
    for block in found.blocks[:2]:
        found.put_away(block, None, 0.0)
    found.plan(0.0)
    assert len(found.due(100.0)) == 1


def test_a_cut_outlasts_its_time_until_it_is_known_which_half_is_silent() -> None:
    """However slow the polls are."""
    found = quarantine(*range(16), 100)
    now_s, polls = 0.0, 0
    while stretches(found.bad_blocks) != [(5, 6)]:
        now_s += 10 * RETRY_MOST_S
        if found.is_stale(now_s):
            found.plan(now_s)
        if found.heard([block for block in found.blocks if block.address <= 5 < block.address + block.count], now_s):
            found.plan(now_s)
        polls += 1
        assert polls <= SILENT_POLLS + 5


def test_what_was_passing_long_ago_is_no_reason_to_wait_longer() -> None:
    found = quarantine(0, 10)
    for now_s in (0.0, 1000.0, 2000.0):
        found.part(found.halves(found.blocks[0])[1], now_s)  # type: ignore[index]
        assert found.is_stale(now_s + RETRY_FIRST_S) is False
        found.plan(now_s)
        assert found.is_stale(now_s + RETRY_FIRST_S)
        found.plan(now_s + RETRY_FIRST_S)


def test_samples_reach_every_part_of_a_device() -> None:
    found = quarantine(*range(0, 70, 10))
    assert {found.sample(turn).address for turn in range(1, 15, 2)} == set(range(0, 70, 10))  # type: ignore[union-attr]
    assert quarantine().sample(1) is None
