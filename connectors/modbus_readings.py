"""Which readings does a poll give? From the answers of its blocks to a batch, less what is known to be Bad already."""

from collections.abc import Sequence

import numpy as np

from config.tags import ModbusTag
from connectors.device_health import now_us
from connectors.modbus_coding import U8, Rows
from connectors.modbus_words import Decoded, Decoder
from plant.reading import I64, U32, Batch
from plant.status_code import BAD, BAD_NO_DATA, GOOD


class PollReadings:
    """The readings of one device, poll after poll.

    Which tags are Bad is remembered by row of the tag, so that a decoder for other blocks of the same tags may follow.
    """

    def __init__(self, device: str, tags: Sequence[ModbusTag]) -> None:
        self._device = device
        self._names = tuple(tag.name for tag in tags)
        self._bad = np.zeros(len(tags), dtype=np.bool_)
        self._any_bad = False
        # Every batch has these same ones; nobody may write into them.
        self._every_tag = np.arange(len(tags), dtype=np.uint32)
        self._no_offset = np.zeros(len(tags), dtype=np.int64)
        self._every_tag.flags.writeable = self._no_offset.flags.writeable = False

    def batch(self, decoder: Decoder, wire: U8, block_status: U32, received_us: I64) -> Batch | None:
        """What a poll brought; None where that is nothing. A Bad reading comes when its tag turns Bad, then no more.

        wire, block_status: as `Decoder.decode` takes them. received_us: when each block was answered or refused [UTC
        us], 0 for one that was not: its tags give no reading, for silence is a gap.
        """
        decoded = decoder.decode(wire, block_status)
        all_came = np.count_nonzero(received_us) == len(received_us)
        if all_came and not self._any_bad and not np.count_nonzero(decoded[1]):
            return self._batch(decoder, decoded, received_us) if self._names else None
        received = received_us > 0
        came = received[decoder.value_block] & received[decoder.scale_block]
        bad = (decoded[1] & np.uint32(BAD)) != 0
        rows = np.flatnonzero(came & ~(bad & self._bad))
        self._bad = np.where(came, bad, self._bad)
        self._any_bad = bool(self._bad.any())
        return self._batch(decoder, decoded, received_us, rows) if len(rows) else None

    def all(self, decoder: Decoder, wire: U8, block_status: U32, received_us: I64) -> Batch:
        """A reading of every tag, whatever was handed over before and will be.

        Those of a block that was not answered (received_us 0) are Bad, as of now.
        """
        silent = received_us == 0
        status = np.where(silent & (block_status == GOOD), np.uint32(BAD_NO_DATA), block_status)
        instants_us = np.where(silent, now_us(), received_us)
        return self._batch(decoder, decoder.decode(wire, status), instants_us)

    def _batch(self, decoder: Decoder, decoded: Decoded, received_us: I64, rows: Rows | None = None) -> Batch:
        """A batch of some rows of tags; of all where none are given."""
        values, status, texts = decoded
        tags, times_us = self._every_tag, received_us[decoder.value_block]
        if rows is not None:
            tags, times_us, values, status = rows.astype(np.uint32), times_us[rows], values[rows], status[rows]
            if texts:
                texts = {at: texts[row] for at, row in enumerate(rows.tolist()) if row in texts}
        return Batch(
            device=self._device,
            names=self._names,
            tags=tags,
            times_us=times_us,
            values=values,
            status=status,
            received_us=int(received_us.max(initial=0)),
            source_offset_us=self._no_offset[: len(tags)],
            texts=texts,
        )
