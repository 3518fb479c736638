from hypothesis import given
from hypothesis import strategies as st

from config.tags import ModbusTag
from connectors.modbus_plan import HOLE_BITS, HOLE_REGISTERS, MAX_BITS, MAX_REGISTERS, plan_blocks


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
        "coil 5 to 5",
        "discrete 5 to 5",
        "holding 5 to 5",
        "input 5 to 5",
    ]
    assert plan_blocks([]) == ()


def test_a_scale_register_out_of_reach_comes_from_its_own_block():
    (value, scale) = plan_blocks([register(0, scale_from=1000)])
    assert (value.address, scale.address, scale.parts[0].scale) == (0, 1000, True)
