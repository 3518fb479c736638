from hypothesis import given, settings
from hypothesis import strategies as st

from config.devices import ModbusDevice
from config.tags import ModbusTag
from connectors.modbus_plan import (
    HOLE_BITS,
    HOLE_REGISTERS,
    MAX_BITS,
    MAX_REGISTERS,
    Limits,
    Part,
    Span,
    blocks_of,
    limits_of,
    plan_blocks,
    spans_of,
)


def register(address, kind="uint16", table="holding", **keys):
    return ModbusTag(name="t", work_unit="w", role="other", table=table, address=address, type=kind, **keys)


def bit(address, table="coil"):
    return ModbusTag(name="t", work_unit="w", role="other", table=table, address=address)


def text(address, length):
    return ModbusTag(
        name="t", work_unit="w", role="alarm", table="holding", address=address, type="string", length=length
    )


KINDS = ["int16", "uint32", "float32", "int64", "float64", "bcd32"]
registers = st.builds(
    register,
    st.integers(0, 65532) | st.integers(0, 400),
    st.sampled_from(KINDS),
    st.sampled_from(["holding", "input"]),
    scale_from=st.none() | st.integers(0, 500),
)
bits = st.builds(bit, st.integers(0, 65535) | st.integers(0, 5000), st.sampled_from(["coil", "discrete"]))
texts = st.builds(text, st.integers(0, 300), st.integers(1, 250))
anything = st.lists(registers | bits | texts, max_size=60)


@given(anything)
def test_every_value_and_scale_register_is_brought_by_exactly_one_block(tags):
    places = {}
    for block in plan_blocks(tags):
        for part in block.parts:
            assert (part.tag, part.scale) not in places
            places[part.tag, part.scale] = (block.table, block.address + part.at, part.words)
    expected = {(row, False): (tag.table, tag.address, tag.words) for row, tag in enumerate(tags)}
    expected |= {(r, True): (t.table, t.scale_from, 1) for r, t in enumerate(tags) if t.scale_from is not None}
    assert places == expected


@given(anything)
def test_no_request_crosses_a_limit_and_every_part_lies_within_its_block(tags):
    for block in plan_blocks(tags):
        assert 1 <= block.count <= (MAX_BITS if block.is_bits else MAX_REGISTERS)
        assert block.address + block.count <= 65536
        assert all(part.at >= 0 and part.at + part.words <= block.count for part in block.parts)


@given(anything)
def test_a_block_begins_and_ends_with_something_asked_for(tags):
    for block in plan_blocks(tags):
        assert min(part.at for part in block.parts) == 0
        assert max(part.at + part.words for part in block.parts) == block.count


@given(anything)
def test_value_and_scale_register_share_a_request_where_one_can_hold_both(tags):
    block_of = {(p.tag, p.scale): row for row, block in enumerate(plan_blocks(tags)) for p in block.parts}
    for row, tag in enumerate(tags):
        if tag.scale_from is not None:
            reach = max(tag.address + tag.words, tag.scale_from + 1) - min(tag.address, tag.scale_from)
            if reach <= MAX_REGISTERS:
                assert block_of[row, True] == block_of[row, False]


def test_holes_are_read_through_up_to_a_size_that_pays():
    near = plan_blocks([register(0), register(1 + HOLE_REGISTERS)])
    assert [(block.address, block.count) for block in near] == [(0, 2 + HOLE_REGISTERS)]
    far = plan_blocks([register(0), register(2 + HOLE_REGISTERS)])
    assert [(block.address, block.count) for block in far] == [(0, 1), (2 + HOLE_REGISTERS, 1)]
    bits = plan_blocks([bit(0), bit(1 + HOLE_BITS), bit(3 + 2 * HOLE_BITS)])
    assert [(block.address, block.count) for block in bits] == [(0, 2 + HOLE_BITS), (3 + 2 * HOLE_BITS, 1)]


def test_a_value_at_the_limit_is_never_split():
    blocks = plan_blocks([register(address, "float32") for address in range(0, 130, 2)])
    assert [(block.address, block.count) for block in blocks] == [(0, 124), (124, 6)]


def test_tables_are_never_mixed_and_no_tags_take_no_requests():
    blocks = plan_blocks([register(5), register(5, table="input"), bit(5), bit(5, "discrete")])
    assert [str(block) for block in blocks] == [
        "coil 5",
        "discrete 5",
        "holding 5",
        "input 5",
    ]
    assert plan_blocks([]) == ()


def test_a_scale_register_out_of_reach_comes_from_its_own_block():
    (value, scale) = plan_blocks([register(0, scale_from=1000)])
    assert (value.address, scale.address, scale.parts[0].scale) == (0, 1000, True)


def ranges(blocks):
    return [(block.address, block.address + block.count - 1) for block in blocks]


# Few addresses, so that spans overlap, touch, leave holes and lie on forbidden addresses.
TABLES = ["holding", "coil"]


def span_at(table, start, count):
    return Span(table, start, start + count, (Part(0, start, count),))


near_spans = st.lists(
    st.builds(span_at, st.sampled_from(["holding", *TABLES]), st.integers(0, 24), st.sampled_from([1, 1, 2, 4, 8])),
    min_size=1,
    max_size=6,
)
barriers = st.lists(
    st.tuples(st.sampled_from(TABLES), st.integers(0, 38), st.integers(0, 3)).map(lambda t: (t[0], t[1], t[1] + t[2])),
    max_size=3,
).map(tuple)
small_limits = st.builds(
    Limits,
    max_registers=st.integers(8, 20),
    max_bits=st.integers(8, 24),
    hole_registers=st.integers(0, 6),
    hole_bits=st.integers(0, 8),
    forbidden=barriers,
)
odd_limits = st.builds(
    Limits,
    max_registers=st.integers(8, 20),
    max_bits=st.integers(8, 24),
    hole_registers=st.integers(0, 6),
    hole_bits=st.integers(0, 8),
    forbidden=barriers,
    start_at_zero=st.booleans(),
    one_request_per_tag=st.booleans(),
)


def forbidden_in(limits, table, start, end):
    return {a for where, first, last in limits.forbidden for a in range(first, last + 1) if where == table} & set(
        range(start, end)
    )


def most(limits, table):
    return limits.max_bits if table == "coil" else limits.max_registers


def in_request(limits, spans):
    """Whether one request may bring these spans, said address by address."""
    (table,), wanted = {span.table for span in spans}, set()
    for span in spans:
        wanted |= set(range(span.start, span.end))
    if max(wanted) + 1 - min(wanted) > most(limits, table):
        return False
    if len({(span.start, span.end) for span in spans}) > 1 and any(
        forbidden_in(limits, table, span.start, span.end) for span in spans
    ):
        return False
    hole = 0
    for address in range(min(wanted), max(wanted)):
        hole = 0 if address in wanted else hole + 1
        if hole > (limits.hole_bits if table == "coil" else limits.hole_registers):
            return False
        if address not in wanted and forbidden_in(limits, table, address, address + 1):
            return False
    return True


def fewest(limits, spans):
    """The least number of requests of all ways to share spans out, by trying each."""
    best = len(spans)

    def share_out(rest, groups):
        nonlocal best
        if not rest:
            if all(in_request(limits, group) for group in groups):
                best = min(best, len(groups))
            return
        for group in groups:
            if group[0].table == rest[0].table:
                group.append(rest[0])
                share_out(rest[1:], groups)
                group.pop()
        if len(groups) + 1 < best:
            share_out(rest[1:], [*groups, [rest[0]]])

    share_out(spans, [])
    return best


@given(near_spans, odd_limits)
def test_every_span_is_brought_whole_by_exactly_one_block(spans, limits):
    blocks = blocks_of(spans, limits)
    brought = sorted((b.table, b.address + p.at, p.words) for b in blocks for p in b.parts)
    assert brought == sorted((span.table, span.start, span.end - span.start) for span in spans)
    for block in blocks:
        assert all(part.at >= 0 and part.at + part.words <= block.count for part in block.parts)
        assert block.count <= most(limits, block.table)


@given(near_spans, odd_limits)
def test_what_no_tag_asks_for_is_read_only_within_the_limits(spans, limits):
    for block in blocks_of(spans, limits):
        asked = {a for p in block.parts for a in range(block.address + p.at, block.address + p.at + p.words)}
        through = [set(range(first, last + 1)) for first, last in block.unused]
        assert set().union(*through) == set(range(block.address, block.address + block.count)) - asked
        hole = limits.hole_bits if block.is_bits else limits.hole_registers
        for addresses in through:
            assert not forbidden_in(limits, block.table, min(addresses), max(addresses) + 1)
            assert len(addresses) <= hole or (limits.start_at_zero and block.address == 0)


@settings(max_examples=1000)
@given(near_spans, small_limits)
def test_no_other_plan_takes_fewer_requests(spans, limits):
    different = list({(span.table, span.start, span.end): span for span in spans}.values())
    assert len(blocks_of(different, limits)) == fewest(limits, different)


@given(anything, st.randoms(use_true_random=False), st.booleans(), st.booleans())
def test_the_order_of_tags_does_not_matter(tags, random, start_at_zero, one_request_per_tag):
    limits = Limits(60, 500, 5, 40, (("holding", 200, 210),), start_at_zero, one_request_per_tag)
    rows = list(range(len(tags)))
    random.shuffle(rows)

    def plan(order):
        return [
            (b.table, b.address, b.count, sorted((order[p.tag], p.at, p.words, p.scale) for p in b.parts))
            for b in plan_blocks([tags[row] for row in order], limits)
        ]

    assert plan(rows) == plan(sorted(rows))


@given(near_spans, odd_limits)
def test_a_span_on_forbidden_addresses_harms_no_other(spans, limits):
    for block in blocks_of(spans, limits):
        if forbidden_in(limits, block.table, block.address, block.address + block.count):
            assert {(part.at, part.words) for part in block.parts} == {(0, block.count)}


@given(near_spans, odd_limits)
def test_devices_that_begin_at_zero_are_asked_so_wherever_a_request_reaches(spans, limits):
    for block in blocks_of(spans, limits):
        end = block.address + block.count
        reaches = end <= most(limits, block.table) and not forbidden_in(limits, block.table, 0, end)
        if limits.start_at_zero and reaches:
            assert block.address == 0
        else:
            assert min(part.at for part in block.parts) == 0


def test_all_that_one_request_from_zero_reaches_comes_with_it():
    limits = Limits(max_registers=20, start_at_zero=True)
    tags = [register(19), register(2), register(20), register(18, "uint32"), register(40), register(19, "uint32")]
    assert ranges(plan_blocks(tags, limits)) == [(0, 19), (19, 20), (40, 40)]
    barred = Limits(max_registers=20, start_at_zero=True, forbidden=(("holding", 10, 10), ("input", 0, 9)))
    assert ranges(plan_blocks(tags, barred)) == [(0, 2), (18, 20), (40, 40)]
    single = Limits(max_registers=20, start_at_zero=True, one_request_per_tag=True)
    assert ranges(plan_blocks(tags, single)) == [(0, 2), (0, 19), (0, 19), (19, 20), (20, 20), (40, 40)]


def test_one_request_a_tag_is_shared_by_tags_of_the_same_registers():
    limits = Limits(one_request_per_tag=True)
    tags = [register(4, bit=3), register(4, bit=0), register(5), register(6, scale_from=8), register(6)]
    assert ranges(plan_blocks(tags, limits)) == [(4, 4), (5, 5), (6, 6), (6, 8)]


def test_no_hole_means_that_nothing_unasked_is_read_not_even_before_a_scale_register():
    tags = [register(0), register(1), register(3), register(10, scale_from=12), register(20, scale_from=21)]
    assert ranges(plan_blocks(tags, Limits(hole_registers=0, hole_bits=0))) == [
        (0, 1),
        (3, 3),
        (10, 10),
        (12, 12),
        (20, 21),
    ]
    filled = [register(10, scale_from=12), register(11)]
    assert ranges(plan_blocks(filled, Limits(hole_registers=0))) == [(10, 12)]


def test_a_scale_register_behind_forbidden_addresses_comes_from_its_own_block():
    (tag,) = tags = [register(12, scale_from=10)]
    assert [span.parts for span in spans_of(tags, Limits())] == [(Part(0, 12, 1), Part(0, 10, 1, scale=True))]
    assert tag.scale_from == 10
    assert ranges(plan_blocks(tags, Limits(forbidden=(("holding", 11, 11),)))) == [(10, 10), (12, 12)]
    assert ranges(plan_blocks(tags, Limits(forbidden=(("input", 11, 11),)))) == [(10, 12)]
    assert ranges(plan_blocks(tags, Limits(max_registers=2))) == [(10, 10), (12, 12)]
    assert len(spans_of(tags, Limits(max_registers=3))) == 1
    beside = [register(12, scale_from=11), register(20, "float64", scale_from=21), register(30, scale_from=31)]
    assert len(spans_of(beside, Limits(max_registers=4, hole_registers=0))) == 3


def test_a_plan_can_be_made_again_from_some_spans_alone():
    limits = Limits(max_registers=10)
    spans = spans_of([register(at) for at in range(0, 20, 2)], limits)
    assert ranges(blocks_of(spans, limits)) == [(0, 8), (10, 18)]
    assert ranges(blocks_of(spans[1:5], limits)) == [(2, 8)]
    bad = Limits(max_registers=10, forbidden=(("holding", 4, 4),))
    assert ranges(blocks_of(spans, bad)) == [(0, 2), (4, 4), (6, 14), (16, 18)]


def test_what_is_read_for_nothing_lies_between_values_however_they_overlap():
    (block,) = plan_blocks([register(4, "float64"), register(5), register(10), register(13, scale_from=10)])
    assert block.unused == ((8, 9), (11, 12))
    (block,) = plan_blocks([register(4)], Limits(start_at_zero=True))
    assert block.unused == ((0, 3),)


def test_a_short_value_within_a_long_one_opens_no_hole_behind_it():
    tags = [register(0, "float64"), register(1), register(6)]
    assert ranges(plan_blocks(tags, Limits(hole_registers=2))) == [(0, 6)]


def test_limits_are_those_of_the_settings():
    bare = {"id": "d", "protocol": "modbus", "host": "h"}
    assert limits_of(ModbusDevice.model_validate(bare)) == Limits()
    full = {
        "max_registers": 64,
        "max_bits": 100,
        "max_hole": 3,
        "forbidden": ["holding 7-9", "coil 1"],
        "start_at_zero": True,
        "one_request_per_tag": True,
    }
    found = limits_of(ModbusDevice.model_validate(bare | full))
    assert found == Limits(64, 100, 3, 24, (("holding", 7, 9), ("coil", 1, 1)), True, True)
