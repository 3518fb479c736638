"""What is recorded while power is lost? A plant's steps, one after another, each acknowledged when it is done."""

import os
import random
import sys
from pathlib import Path

from guards import take_out_asked_guard

take_out_asked_guard()

from model import TAGS, Plant, outside_transactions, perform  # noqa: E402
from stored import with_tags  # noqa: E402

from collector.store.store import writing  # noqa: E402


def _run(store: str, record: str, seed: str, steps: str, *pragmas: str) -> None:
    out = os.open(record, os.O_WRONLY | os.O_APPEND)
    with writing(Path(store)) as connection:
        for pragma in ("wal_autocheckpoint = 40", *pragmas):  # often: a checkpoint is what can go wrong
            outside_transactions(connection, f"pragma {pragma}")
        with_tags(connection, TAGS)
        os.write(out, b"A - 0 0\n")
        for at, step in enumerate(Plant(random.Random(int(seed))).steps(int(steps)), start=1):
            perform(connection, step)
            os.write(out, b"A - %d 0\n" % at)


if __name__ == "__main__":
    _run(*sys.argv[1:])
