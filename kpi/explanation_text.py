"""How does an explanation read? What matters most first: the value and its formula, then what lies behind it."""

from collections.abc import Iterator, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from kpi.comparison_evidence import ComparisonEvidence
from kpi.correction_text import what
from kpi.count_text import breakdown_text, delivery_text, hand_text
from kpi.energy_text import energy_text
from kpi.equipment_text import equipment_text
from kpi.explanation import Explanation
from kpi.formula import FormulaElement, Origin
from kpi.numerals import duration, numeral
from kpi.plain_text import LocalTimes, columns, labelled
from kpi.remark import Remark
from kpi.tag_text import decisions_text, tags_text, unknown_text
from kpi.value import KpiValue
from kpi.version_evidence import VersionEvidence

MOST_ELEMENTS = 40
"""Elements that the text shows; JSON has all."""
_MOST_UNKNOWN = 3


def explanation_text(value: KpiValue, found: Explanation, zone: ZoneInfo) -> str:
    """An explanation as text of at most about 100 columns, beginning with the value."""
    times = LocalTimes(zone, value.period.start_us)
    lines = [*_head(value, found, times), *_coverage(found, times), *_remarks(found)]
    sections = (
        ("elements", _elements(found.elements)),
        ("tags", tags_text(found.tags, times, (value.period.start_us, value.period.end_us))),
        ("decisions about counter steps", decisions_text(found.tags, times)),
        ("hand counts", hand_text(found.by_hand, times)),
        ("order lines", delivery_text(found.delivery)),
        ("equipment", equipment_text(found.equipment, times)),
        ("energy", energy_text(found.energy, times, value.currency)),
        ("made of", [line for one in found.breakdowns for line in breakdown_text(one)]),
        ("comparison", _comparison(found.comparison, value)),
        ("corrections", _corrections(found)),
        ("versions", _versions(found.versions, times)),
    )
    for heading, content in sections:
        body = list(content)
        if body:
            lines += ["", heading, *body]
    return "\n".join(lines)


def _head(value: KpiValue, found: Explanation, times: LocalTimes) -> Iterator[str]:
    period, outcome = value.period, value.outcome
    yield f"{value.id.value}  {found.title}  {found.title_ko}"
    yield f"{value.scope}, {period.kind.value} {period.label}"
    yield from labelled("period", f"{times.span(period.start_us, period.end_us)} ({times.offset})")
    unit = "" if value.unit in ("1", "ratio") else f" {value.unit}"
    if value.unit == "s" and outcome.value is not None and outcome.value >= 60:
        unit += f" ({duration(outcome.value)})"
    number = f"{numeral(outcome.value, value.unit)}{unit}" if outcome.value is not None else "none"
    at = f", at {times.time(outcome.at_us)}" if outcome.at_us is not None else ""
    reported = f"revision {value.revision}, {value.state}" if value.revision else "never reported"
    yield from labelled("value", f"{number}{at}; grade {value.grade.value}; {reported}")
    yield from labelled("formula", found.formula.words)
    yield from labelled(
        "", f"{found.formula.source}; definition {value.kpi.definition}; {value.kpi.trend.value} is better"
    )
    yield from labelled("numbers", found.formula.numbers)


def _coverage(found: Explanation, times: LocalTimes) -> Iterator[str]:
    coverage = found.coverage
    yield from labelled("coverage", f"{coverage.value:.3f}, {coverage.grade.value}")
    tags = {one.tag: one for one in found.tags}
    said: set[str] = set()
    for one in coverage.lowered_by:
        by = f": {', '.join(one.by)}" if one.by else ""
        yield from labelled("", f"{one.element} of {one.work_unit} is known to {one.coverage:.3f}{by}")
        for name in one.by:
            if name in tags and name not in said:
                said.add(name)
                yield from unknown_text(tags[name], times, 14, _MOST_UNKNOWN)


def _remarks(found: Explanation) -> Iterator[str]:
    if found.reason:
        yield from _remark("no value", found.reason)
    for one in found.flags:
        yield from _remark("flag", one)


def _remark(label: str, one: Remark) -> Iterator[str]:
    by = f" ({', '.join(one.raised_by)})" if one.raised_by else ""
    yield from labelled(label, f"{one.name}{by}")
    yield from labelled("", one.en)
    yield from labelled("", one.ko)


def _elements(elements: Sequence[FormulaElement]) -> list[str]:
    rows = [("part", "element", "work unit", "value", "unit", "coverage", "how")]
    for one in elements[:MOST_ELEMENTS]:
        coverage = "" if one.coverage is None else f"{one.coverage:.3f}"
        rows.append(
            (_side(one), one.name, one.work_unit, numeral(one.value, one.unit), _unit(one), coverage, _how(one))
        )
    lines = columns(rows, right=(3, 5)) if elements else []
    more = len(elements) - MOST_ELEMENTS
    return [*lines, f"  and {more} more"] if more > 0 else lines


def _side(one: FormulaElement) -> str:
    """Where an element enters; nowhere: it is there to be seen."""
    if one.numerator and one.denominator:
        return "both"
    if one.denominator:
        return "denominator"
    return "numerator" if one.numerator > 0 else "less" if one.numerator < 0 else ""


def _unit(one: FormulaElement) -> str:
    return "" if one.unit in ("1", "ratio") else one.unit


def _how(one: FormulaElement) -> str:
    plain = {Origin.TAG: "", Origin.STATE: "", Origin.TAG_AND_MANUAL: "and by hand", Origin.MANUAL: "by hand"}
    words = plain.get(one.origin, one.origin.value.replace("_", " "))
    parts = [", ".join(one.tags[:3]) + (" …" if len(one.tags) > 3 else ""), words]
    said = " ".join(part for part in parts if part)
    return f"{said}: {one.rule}" if said and one.rule else said or one.rule


def _comparison(found: ComparisonEvidence | None, value: KpiValue) -> Iterator[str]:
    if found is None:
        return
    base = found.baseline
    origin = "as the site file says"
    if base.coverage is not None and base.grade is not None:
        parts = f", {numeral(base.numerator)} / {numeral(base.denominator)}" if base.denominator is not None else ""
        origin = (
            f"of {base.first_day} to before {base.end_day}, coverage {base.coverage:.3f} ({base.grade.value}){parts}"
        )
    yield from labelled("baseline", f"{numeral(base.value, value.unit)}, {origin}")
    if not base.used:
        yield from labelled("", f"not used: {'; '.join(base.against_it)}")
        yield from labelled("", f"what to do: {'; '.join(base.remedies)}")
    if found.target is not None:
        yield from labelled("target", numeral(found.target, value.unit))
    changes = (
        ("better by", found.improvement_percent, "% of the baseline"),
        ("", found.improvement_points, "percentage points"),
        ("", found.fewer_misses_percent, "% fewer misses"),
        ("attained", found.attainment_percent, "% of the way to the target"),
    )
    for label, number, words in changes:
        if number is not None:
            yield from labelled(label, f"{number:+.1f} {words}")
    if found.savings is not None:
        saved = found.savings
        since = "" if saved.price.valid_from == date.min else f" since {saved.price.valid_from}"
        source = f", {saved.price.source}" if saved.price.source else ""
        yield from labelled("savings", f"{saved.numbers} {saved.currency} (savings.{saved.setting}{since}{source})")


def _corrections(found: Explanation) -> Iterator[str]:
    for one in found.corrections:
        yield from labelled(f"{one['id']}", what(dict(one)))
        yield from labelled("", f"{one['by']}, {one['recorded_at']}: {one['reason']}")


def _versions(found: VersionEvidence, times: LocalTimes) -> Iterator[str]:
    yield from labelled("as of", times.time(found.as_of_us))
    yield from labelled("definition", f"{found.definition}; software {found.software}")
    yield from labelled("site file", f"sha256 {found.site_sha256}")
    for price in found.prices:
        since = f" from {price.valid_from}" if price.valid_from else ""
        yield from labelled("prices", f"{price.name}{since}: {price.source or 'no source given'}")
    for one in found.reported:
        said = f"{numeral(one.value)} ({numeral(one.numerator)} / {numeral(one.denominator)})"
        yield from labelled(f"revision {one.revision}", f"{one.state}, {times.time(one.reported_us)}: {said}")
