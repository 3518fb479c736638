"""What did the simulated plant do before the demo? Its readings and orders, put into the store before the start."""

import csv
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from plant.instant import US_PER_S

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from config.site import Site

SEED = 1
STEP_S = 60
_AHEAD = timedelta(days=21)


def import_history(site: "Site", store: Path, began: date, order_file: Path) -> int:
    """Import readings and orders from the start of a production day until now, all or nothing; returns how many.

    A store that has readings is left as it is. What the devices show afterwards goes on from here.
    """
    from collector.file_import import FileImport
    from collector.store.store import reading, transaction, writing
    from collector.store.tags import stored_tags

    with reading(store) as connection:
        if any(stored.first_us is not None for stored in stored_tags(connection).values()):
            return 0
    clock, now_us = site.clock(), time.time_ns() // 1000
    with writing(store) as connection:
        write_orders(site, order_file, began, clock.day_of(now_us))
        FileImport(connection, site, now_us).orders([order_file])
        with transaction(connection):
            return _readings(connection, site, clock.day_start(began), now_us)


def _readings(connection: "Connection", site: "Site", start_us: int, now_us: int) -> int:
    from collector.store import readings
    from collector.store.tags import register, text_ids
    from plant.reading import Readings
    from plant.tag import Kind, kind_of
    from simulators.history import history

    stored = register(connection, [(device.id, tag.tag()) for device in site.devices for tag in device.tags])
    step_us = STEP_S * US_PER_S
    first_us = now_us - (now_us - start_us + step_us - 1) // step_us * step_us  # so that the last is that of now
    count = 0
    for found in history(site, SEED, first_us, now_us + 1, STEP_S):
        values = found.values
        if kind_of(found.tag.role) is Kind.TEXT:
            texts, rows = np.unique(values, return_inverse=True)
            ids = text_ids(connection, texts.tolist())
            values = np.array([float(ids[text]) for text in texts.tolist()])[rows]
        size = len(values)
        received = np.full(size, now_us, dtype=np.int64)
        rest = (np.zeros(size, dtype=np.uint32), received, np.zeros(size, dtype=np.int64))
        tag_id = stored[found.tag.name].id
        count += readings.merge(connection, tag_id, Readings(found.times_us, values, *rest)).new
    return count


def write_orders(site: "Site", file: Path, began: date, today: date) -> None:
    """Write the order book as the ERP knows it today, as an order file."""
    from simulators.order_book import HEADINGS, order_rows

    part = file.with_name(f".{file.name}.part")  # the collector takes what ends in .csv
    with part.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, HEADINGS)
        rows.writeheader()
        rows.writerows(order_rows(SEED, began, today + _AHEAD, today, list(site.products)))
    part.replace(file)
