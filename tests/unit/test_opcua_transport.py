"""Where a frame ends, and which frames are none."""

import pytest

from connectors.opcua_transport import LARGEST_FRAME, FrameError, frame_end


def test_a_frame_ends_where_its_head_says_once_it_is_whole() -> None:
    frame = b"MSGF" + (20).to_bytes(4, "little") + bytes(12)
    assert [frame_end(frame[:length], 0) for length in range(20)] == [None] * 20
    assert frame_end(frame + frame, 0) == 20
    assert frame_end(frame + frame, 20) == 40
    assert frame_end(frame, 20) is None


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HT",
        b"MSGX" + (20).to_bytes(4, "little"),
        b"HELF" + (32).to_bytes(4, "little"),
        b"MSGF" + (11).to_bytes(4, "little"),
        b"ACKF" + (27).to_bytes(4, "little"),
        b"MSGC" + (LARGEST_FRAME + 1).to_bytes(4, "little"),
        b"MSGF" + b"\xff" * 4,
    ],
)
def test_a_frame_that_is_none_is_refused_by_its_head_alone(head: bytes) -> None:
    with pytest.raises(FrameError):
        frame_end(head, 0)
