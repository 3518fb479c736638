"""How does `check` say what will be asked of devices and lines? Sentences from its JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MOST_BUS_RATIO = 0.7
"""Share of a serial line above which `check` warns: units need time to answer, and lost answers are asked again."""
MOST_NAMES = 8


def device_lines(device: Mapping[str, Any]) -> Iterator[str]:
    """A device and the requests of its poll."""
    count, tags = device["requests_per_poll"], device["tags"]
    requests = f"{count} request{'s' * (count != 1)} a poll" if count else "by subscription"
    yield f"device {device['id']}: {tags} tags, {requests if tags else 'nothing to read'}"
    for request in device["requests"]:
        yield f"  {_request(request)}"


def _request(request: Mapping[str, Any]) -> str:
    what = {"coil": "coil", "discrete": "discrete input"}.get(request["table"], "register")
    first, last, count = request["first"], request["last"], request["count"]
    where = f"{request['table']} {_stretch(first, last)}: {count} {what}{'s' * (count != 1)} for"
    unused = ", ".join(_stretch(*stretch) for stretch in request["unused"])
    return f"{where} {_some(request['tags'])}" + (f"; read for nothing: {unused}" if unused else "")


def _stretch(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def line_lines(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The lines that devices share, and serial ones."""
    for line in lines:
        devices, ratio = line["devices"], line["bus_ratio"]
        if len(devices) < 2 and ratio is None:
            continue
        rate = f"{line['requests_per_s']:.4g} requests a second of {_some(devices)}"
        share = "" if ratio is None else f", {ratio:.1%} of the time at {line['baudrate']} bit/s"
        yield f"line {line['line']}: {rate}{share}"


def line_warnings(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Serial lines that polling fills so much that polls will be missed."""
    for line in lines:
        ratio = line["bus_ratio"]
        if ratio is not None and ratio > MOST_BUS_RATIO:
            yield (
                f"line {line['line']}: polling takes {ratio:.0%} of its time at {line['baudrate']} bit/s and more than "
                f"{MOST_BUS_RATIO:.0%} leaves too little to the units' answering; raise poll_s or baudrate, or read "
                "fewer addresses"
            )
