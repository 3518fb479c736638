"""Why is a value what it is, in a few plain sentences, before anybody looks at a table?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from collector.page.element_words import element_name
from collector.page.kpi_page import Say
from collector.page.shown import clock_time, number, percent, quantity, span
from collector.page.words import text as _
from kpi.element import Grade
from kpi.explanation import Explanation
from kpi.formula import denominator, with_numbers
from kpi.improvement import Trend
from kpi.tag_evidence import UnknownTime
from kpi.value import KpiValue
from plant.kpi_id import KpiId

_GRADES = {Grade.GOOD: "good", Grade.PARTIAL: "warn", Grade.LOW: "bad"}
GRADES = {
    Grade.GOOD: _("which is enough"),
    Grade.PARTIAL: _("which is partial"),
    Grade.LOW: _("which is too little for anything but sums"),
}
LOSSES = {
    "availability_loss_s": _("stopped or out of service"),
    "setup_loss_s": _("setup"),
    "unknown_s": _("a state that is not known"),
    "speed_loss_s": _("speed"),
    "quality_loss_s": _("bad pieces"),
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One plain sentence, and how serious it is: good, warn, bad or none."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Narrator:
    """Tells why a value is what it is, in a language and zone."""

    value: KpiValue
    found: Explanation
    say: Say
    zone: ZoneInfo
    korean: bool

    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences, the most telling first."""
        return (*self._value(), *self._most(), *self._coverage(), *self._flags(), *self._compared())

    def numbers(self) -> str:
        """The formula with its numbers."""
        if self.value.id is KpiId.ROLLED_THROUGHPUT_YIELD:
            return self.found.formula.numbers
        named = [replace(one, name=element_name(one.name, self.say)) for one in self.found.elements]
        text = with_numbers(named, self.value.outcome.value, self.value.unit)
        return text.replace("no value", self.say(_("no value")))

    def _told(self, text: str, **names: object) -> str:
        return self.say(text) % names

    def _amount(self, amount: float | None, unit: str) -> str:
        return " ".join(part for part in quantity(amount, unit) if part)

    @property
    def _title(self) -> str:
        return self.found.title_ko if self.korean else self.found.title

    def _value(self) -> Iterator[Sentence]:
        outcome = self.value.outcome
        if self.found.reason is not None:
            yield Sentence("bad", self.found.reason.ko if self.korean else self.found.reason.en)
        if outcome.value is None:
            return
        amount = self._amount(outcome.value, self.value.unit)
        if outcome.at_us is not None:
            text = _("%(title)s is %(amount)s, in the quarter hour from %(time)s.")
            time = clock_time(outcome.at_us, self.zone)
            yield Sentence("none", self._told(text, title=self._title, amount=amount, time=time))
        elif outcome.denominator is None:
            yield Sentence("none", self._told(_("%(title)s is %(amount)s."), title=self._title, amount=amount))
        else:
            above, below = (self._side(part, unit) for part, unit in self._sides())
            text = _("%(title)s is %(amount)s: %(above)s divided by %(below)s.")
            yield Sentence("none", self._told(text, title=self._title, amount=amount, above=above, below=below))

    def _most(self) -> Iterator[Sentence]:
        """What most of it comes from."""
        yield from self._largest_element()
        by_reason = next((one for one in self.found.breakdowns if one.by == "reason"), None)
        if by_reason is not None and by_reason.shares[0].name and by_reason.shares[0].share is not None:
            top = by_reason.shares[0]
            text = _("The most frequent reason is %(reason)s: %(amount)s pieces, %(share)s %% of all.")
            yield Sentence(
                "none", self._told(text, reason=top.name, amount=number(top.amount), share=percent(top.share))
            )
        yield from self._latest_line()
        yield from self._largest_loss()

    def _latest_line(self) -> Iterator[Sentence]:
        found = self.found.delivery
        if found is None or not found.lines:
            return
        line, count = found.lines[0], len(found.lines) + found.lines_left_out
        if line.days_late:
            text = _("%(count)s lines are late or open; the latest is %(order)s/%(line)s, %(days)s days late.")
            said = self._told(text, count=count, order=line.order_id, line=line.line_id, days=line.days_late)
            yield Sentence("warn", said)
        elif found.due > found.settled:
            text = _("%(count)s lines are still open, none late.")
            yield Sentence("none", self._told(text, count=found.due - found.settled))

    def _sides(self) -> Iterator[tuple[float | None, str]]:
        """Numerator and denominator, each with the unit of what it is made of."""
        outcome, found = self.value.outcome, self.found.elements
        yield outcome.numerator, next((one.unit for one in found if one.numerator), "1")
        yield outcome.denominator, next((one.unit for one in found if one.denominator), "1")

    def _side(self, amount: float | None, unit: str) -> str:
        return span(amount) if unit == "s" else number(amount, 6)

    def _largest_element(self) -> Iterator[Sentence]:
        """The work unit that most of a sum or of what is bad comes from; of ratios the best and the worst as well."""
        entering = [one for one in self.found.elements if one.numerator > 0 and one.value]
        of_units: dict[str, float] = {}
        for one in entering:
            of_units[one.work_unit] = of_units.get(one.work_unit, 0.0) + one.numerator * (one.value or 0.0)
        total = sum(of_units.values())
        if len(of_units) > 1 and total > 0 and (self.value.kpi.trend is Trend.LOWER or not self._is_ratio):
            top = max(of_units, key=lambda unit: of_units[unit])
            text = _("Most of it comes from %(unit)s: %(amount)s, %(share)s %%.")
            amount = self._side(of_units[top], entering[0].unit)
            yield Sentence("none", self._told(text, unit=top, amount=amount, share=percent(of_units[top] / total)))
        ratios = self._ratios(of_units)
        if len(ratios) > 1:
            low, high = min(ratios, key=lambda unit: ratios[unit]), max(ratios, key=lambda unit: ratios[unit])
            text = _("It is highest on %(high)s with %(most)s, lowest on %(low)s with %(least)s.")
            amounts = {"most": ratios[high], "least": ratios[low]}
            shown = {name: self._amount(ratio, self.value.unit) for name, ratio in amounts.items()}
            yield Sentence("none", self._told(text, high=high, low=low, **shown))

    @property
    def _is_ratio(self) -> bool:
        return self.value.outcome.denominator is not None

    def _ratios(self, of_units: Mapping[str, float]) -> dict[str, float]:
        """The ratio of each work unit that has both of its sides."""
        found: dict[str, float] = {}
        for unit, above in of_units.items():
            below = denominator([one for one in self.found.elements if one.work_unit == unit])
            if below:
                found[unit] = above / below
        return found

    def _largest_loss(self) -> Iterator[Sentence]:
        losses = self.found.equipment.losses if self.found.equipment is not None else None
        if losses is None or not losses.pbt_s:
            return
        field = max(LOSSES, key=lambda name: float(getattr(losses, name)))
        lost = float(getattr(losses, field))
        if lost > 0:
            text = _("Most planned time is lost to %(loss)s: %(time)s, %(share)s %% of it.")
            share = percent(lost / losses.pbt_s)
            yield Sentence("none", self._told(text, loss=self.say(LOSSES[field]), time=span(lost), share=share))

    def _coverage(self) -> Iterator[Sentence]:
        coverage = self.found.coverage
        if coverage.value >= 0.9995:
            yield Sentence("good", self.say(_("All of the period is known.")))
            return
        text = _("%(share)s %% of the period is known, %(grade)s.")
        said = self._told(text, share=percent(coverage.value), grade=self.say(GRADES[coverage.grade]))
        yield Sentence(_GRADES[coverage.grade], said)
        if coverage.lowered_by:
            least = coverage.lowered_by[0]
            text = _("Least known is %(name)s of %(unit)s: %(share)s %%.")
            by = f" ({', '.join(self.say(one) for one in least.by)})" if least.by else ""
            name = element_name(least.element, self.say)
            said = self._told(text, name=name, unit=least.work_unit, share=percent(least.coverage))
            yield Sentence("warn", said + by)
        lost = [(tag.tag, one) for tag in self.found.tags for one in tag.unknown]
        if lost:
            tag, longest = max(lost, key=lambda item: item[1].lost_s)
            text = _("The longest time not known: %(tag)s, %(time)s, %(when)s (%(cause)s).")
            said = self._told(
                text, tag=tag, time=span(longest.lost_s), when=self._when(longest), cause=self.say(longest.cause)
            )
            yield Sentence("warn", said)

    def _when(self, one: UnknownTime) -> str:
        start = "…" if one.start_us is None else clock_time(one.start_us, self.zone)
        end = "…" if one.end_us is None else clock_time(one.end_us, self.zone)
        return f"{start} – {end}"

    def _flags(self) -> Iterator[Sentence]:
        for flag in self.found.flags:
            by = f" ({', '.join(flag.raised_by)})" if flag.raised_by else ""
            yield Sentence("warn", (flag.ko if self.korean else flag.en) + by)

    def _compared(self) -> Iterator[Sentence]:
        value = self.value
        if value.improvement is not None:
            text = _("%(share)s %% better than before (%(before)s).")
            if value.improvement < 0:
                text = _("%(share)s %% worse than before (%(before)s).")
            before = self._amount(value.comparison.baseline, value.unit)
            said = self._told(text, share=percent(abs(value.improvement)), before=before)
            yield Sentence("good" if value.improvement >= 0 else "warn", said)
        if value.attainment is not None and value.attainment >= 0:
            text = _("%(share)s %% of the way to the target of %(target)s is done.")
            target = self._amount(value.comparison.target, value.unit)
            yield Sentence("none", self._told(text, share=percent(value.attainment), target=target))
