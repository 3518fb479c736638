"""How does the evidence of tags read: readings, times without them, decisions about counter steps?"""

from collections.abc import Iterator, Sequence

from kpi.counter_decision import Decision
from kpi.numerals import duration, numeral
from kpi.plain_text import LocalTimes, columns, labelled
from kpi.reading_evidence import ReadingShown
from kpi.tag_evidence import TagEvidence
from plant.tag import CounterRules

MOST_TAGS = 12
"""Tags that the text shows; JSON has all."""
MOST_SHOWN = 40
"""Decisions that the text shows, of all tags."""


def tags_text(tags: Sequence[TagEvidence], times: LocalTimes, span_us: tuple[int, int]) -> Iterator[str]:
    """Each tag with its readings, the times without, and the rules of a counter; of too many, those with a remark
    first. span_us: the period, for the command that lists every reading."""
    remarkable = sorted(tags, key=lambda tag: not (tag.coverage < 1 or tag.decisions or tag.count.bad))[:MOST_TAGS]
    for tag in (tag for tag in tags if tag in remarkable):
        count = tag.count
        unit = "" if tag.unit in ("", "1") else f", {tag.unit}"
        yield f"  {tag.tag}: {tag.role} of {tag.work_unit}, device {tag.device}{unit}"
        said = [f"{count.readings}: {count.used} used"]
        said += [f"{number} {name}" for number, name in _unused(tag) if number]
        yield from labelled("readings", ", ".join(said), 10, 4)
        for label, reading in (("before", tag.before), ("first", count.first), ("last", count.last)):
            if reading is not None:
                yield from labelled(label, _reading(reading, times), 10, 4)
        adds = "" if tag.adds is None else f"; adds {numeral(tag.adds)}"
        bridged = f"; {tag.coverage:.3f} with gaps that steps bridge" if tag.coverage > tag.known_share else ""
        yield from labelled("known", f"{tag.known_share:.3f} of {duration(tag.expected_s)}{bridged}{adds}", 10, 4)
        if tag.rules is not None:
            yield from labelled("rules", _rules(tag.rules), 10, 4)
        yield from unknown_text(tag, times, 4, len(tag.unknown))

    if len(tags) > len(remarkable):
        yield f"  and {len(tags) - len(remarkable)} more tags"
    if tags:
        first, last = (times.iso(us) for us in span_us)
        yield from labelled("", f"every reading: smartwings history SITE TAG --from {first} --to {last}", 0)


def _unused(tag: TagEvidence) -> tuple[tuple[int, str], ...]:
    count = tag.count
    return (count.bad, "bad"), (count.uncertain, "uncertain, not used"), (count.wrong_clock, "with a wrong clock")


def _reading(one: ReadingShown, times: LocalTimes) -> str:
    means = f" ({one.means})" if one.means else ""
    late = "" if one.received_us == one.time_us else f", received {times.time(one.received_us)}"
    return f"{times.time(one.time_us)}  {numeral(one.value)}{means}  {one.status}{late}"


def _rules(rules: CounterRules) -> str:
    said = [f"restarts: {rules.restarts.value}"]
    if rules.max_rate_per_h is not None:
        said.append(f"max_rate {numeral(rules.max_rate_per_h)} an hour")
    if rules.modulus is not None:
        said.append(f"modulus {numeral(rules.modulus)}")
    if rules.swap_tolerance:
        said.append(f"swap_tolerance {numeral(rules.swap_tolerance)}")
    return ", ".join(said)


def unknown_text(tag: TagEvidence, times: LocalTimes, indent: int, most: int) -> Iterator[str]:
    """The times over which a tag is not known, the longest of them if there are too many."""
    longest = sorted(tag.unknown, key=lambda one: -one.lost_s)[:most]
    for one in (one for one in tag.unknown if one in longest):
        span = times.span(one.start_us, one.end_us)
        yield from labelled("unknown", f"{span}: {one.cause} ({duration(one.lost_s)} lost)", 10, indent)
    more = tag.unknown_left_out + len(tag.unknown) - len(longest)
    if more:
        yield " " * (indent + 10) + f"and {more} shorter ones"


def decisions_text(tags: Sequence[TagEvidence], times: LocalTimes) -> Iterator[str]:
    """Each step that is more than a plain rise, with the readings around it."""
    room = MOST_SHOWN
    for tag in tags:
        shown = tag.decisions[:room]
        room -= len(shown)
        for one in shown:
            over = " over unknown time" if one.over_gap else ""
            step = f"{one.step.replace('_', ' ')}{over}: adds {numeral(one.adds)}"
            yield f"  {tag.tag}  {times.time(one.time_us)}  {step}"
            yield from _around(one, times)
            yield from labelled("", one.why, 0, 4)
        left_out = tag.decisions_left_out + len(tag.decisions) - len(shown)
        if left_out:
            yield f"  {tag.tag}: {left_out} more decisions are not shown"


def _around(one: Decision, times: LocalTimes) -> list[str]:
    rows = [(times.time(reading.time_us), numeral(reading.value), reading.status) for reading in one.before]
    between = f"{one.not_used} readings that are not used"
    rows += [("…", "", between)] if one.not_used else []
    allowed = "" if one.allowed is None else f"  at most {numeral(one.allowed)} more is believed"
    rows += [
        (times.time(reading.time_us), numeral(reading.value), reading.status + (allowed if at == 0 else ""))
        for at, reading in enumerate(one.after)
    ]
    return columns(rows, right=(1,), indent=6)
