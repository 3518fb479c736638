"""Why is a value what it is? Gathered for one KPI of one scope over one period, from its formula to raw readings."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.comparison import PRICED
from collector.evaluation import Evaluation
from collector.evidence.breakdowns import breakdowns
from collector.evidence.delivery import DELIVERY, delivery_of
from collector.evidence.energy import ENERGY, energy_evidence
from collector.evidence.equipment import EQUIPMENT, equipment_of
from collector.evidence.money import MONEY, money_elements
from collector.evidence.pieces import PIECES
from collector.evidence.tags import TagsOfPeriod
from collector.evidence.versions import corrections_in_force, version_evidence
from collector.scope_facts import FactsOfScope
from collector.scope_pieces import job_of
from kpi.comparison_evidence import ComparisonEvidence, baseline_evidence, comparison_evidence
from kpi.explanation import CoverageEvidence, Explanation, Formula, Lowered
from kpi.formula import Combination, FormulaElement, Origin, with_numbers
from kpi.hand_evidence import HandEvidence, hand_evidence
from kpi.remark import Remark, flag_remark, in_order, reason_remark
from kpi.tag_evidence import TagEvidence
from kpi.value import KpiValue
from plant.kpi_id import KpiId
from plant.period import Period
from plant.tag import PLANT, Kind, Role

_ELEMENTS = PIECES | DELIVERY | ENERGY | EQUIPMENT
_PRODUCTS = frozenset({KpiId.ROLLED_THROUGHPUT_YIELD})
_BY_QUARTER_HOURS = frozenset({KpiId.PEAK_DEMAND, KpiId.LOAD_FACTOR, KpiId.BASE_LOAD, KpiId.ENERGY_COST})
_OF_DEMAND = frozenset({KpiId.PEAK_DEMAND, KpiId.LOAD_FACTOR, KpiId.BASE_LOAD, KpiId.BILLING_DEMAND})
_BY_PRODUCT = frozenset({KpiId.EFFECTIVENESS, KpiId.OEE, KpiId.NET_EQUIPMENT_EFFECTIVENESS})
_WHOLE_PERIOD = frozenset({KpiId.IDLE_ENERGY_SHARE, KpiId.IDLE_LOAD})
_HANDED = (Origin.MANUAL, Origin.TAG_AND_MANUAL)


@dataclass
class Explanations:
    """Explanations of the values of an evaluation. site_sha256: of the site file. What values of one period share is
    gathered once, as long as they are asked for one after the other."""

    evaluation: Evaluation
    site_sha256: str
    _tags: TagsOfPeriod | None = field(default=None)

    def of(self, value: KpiValue) -> Explanation:
        """The explanation of one value of the evaluation."""
        tags = self._of_period(value.period)
        facts = tags.facts.of(value.scope)
        begun = value.period.start_us < self.evaluation.now_us
        elements = _elements(value, facts) if begun else ()
        shown = self._tag_evidence(tags, facts, value, elements)
        corrected = "corrected" in value.outcome.flags
        lots_of = dict.fromkeys(one.work_unit for one in elements if corrected and "corrected" in one.flags)
        how = Combination.PRODUCT if value.id in _PRODUCTS else Combination.SUM
        reason = value.outcome.reason
        numbers = with_numbers(elements, value.outcome.value, value.unit, reason and reason.value, how)
        return Explanation(
            title=value.kpi.title,
            title_ko=value.kpi.title_ko,
            formula=Formula(value.kpi.formula, value.kpi.source, numbers),
            coverage=CoverageEvidence(value.outcome.coverage, value.grade, _lowered(value, elements, shown)),
            reason=reason_remark(reason) if reason else None,
            flags=_flags(value, elements, shown),
            elements=elements,
            tags=shown,
            by_hand=self._by_hand(facts, elements) if begun else None,
            delivery=delivery_of(facts, value.id) if begun else None,
            equipment=equipment_of(facts, value.id) if begun else None,
            energy=energy_evidence(facts, value.id) if begun else None,
            breakdowns=breakdowns(facts, value.id) if begun else (),
            comparison=self._comparison(value),
            savings=facts.savings if begun and value.id in MONEY else None,
            corrections=corrections_in_force(facts, shown, lots_of, value.id in DELIVERY),
            versions=version_evidence(facts, value, self.site_sha256),
        )

    def _of_period(self, period: Period) -> TagsOfPeriod:
        if self._tags is None or self._tags.facts.period != period:
            self._tags = TagsOfPeriod(self.evaluation.facts(period))
        return self._tags

    def _tag_evidence(
        self, tags: TagsOfPeriod, facts: FactsOfScope, value: KpiValue, elements: Sequence[FormulaElement]
    ) -> tuple[TagEvidence, ...]:
        """The tags of the elements, and those that decide which of their readings count."""
        known = {stored.tag.name: stored for stored in self.evaluation.tags}
        units = dict.fromkeys(one.work_unit for one in elements)
        names = dict.fromkeys([*(name for one in elements for name in one.tags), *_deciding(facts, value.id, units)])
        whole, quarters = value.id in _WHOLE_PERIOD, value.id in _BY_QUARTER_HOURS
        return tuple(tags.evidence(known[name], whole, quarters) for name in names)

    def _by_hand(self, facts: FactsOfScope, elements: Sequence[FormulaElement]) -> HandEvidence | None:
        units = dict.fromkeys(one.work_unit for one in elements if one.origin in _HANDED)
        wanted = job_of(facts.scope)
        counts = [(unit, facts.period.pieces(unit).by_hand) for unit in units]
        return hand_evidence([(unit, count.of(wanted) if wanted else count) for unit, count in counts])

    def _comparison(self, value: KpiValue) -> ComparisonEvidence | None:
        comparisons = self.evaluation.comparisons
        found = comparisons.baseline(value.id, value.scope)
        if found is None:
            return None
        baseline = baseline_evidence(found.settings.value, found.fitness, found.past, found.days)
        if value.id not in PRICED:
            return comparison_evidence(value, baseline)
        price = comparisons.price(value.id, self.evaluation.clock.day_of(value.period.start_us))
        return comparison_evidence(value, baseline, price, PRICED[value.id])


def _elements(value: KpiValue, facts: FactsOfScope) -> tuple[FormulaElement, ...]:
    """The elements of a value; where nothing was worked out, what there is stands beside the formula."""
    if value.id in MONEY:
        found = tuple(money_elements(facts, value.id, _ELEMENTS))
    else:
        found = tuple(_ELEMENTS[value.id](facts))
    if value.outcome.numerator is None and value.outcome.denominator is None:
        return tuple(replace(one, numerator=0.0, denominator=0.0) for one in found)
    return found


def _deciding(facts: FactsOfScope, kpi: KpiId, units: Collection[str]) -> Iterator[str]:
    """Tags of products and orders, of states beside a meter, and of what energy depends on, where they count."""
    tags = facts.period.evaluation.tags
    if ":" in facts.scope or kpi in _BY_PRODUCT:
        jobs = [one.tag for one in tags if one.tag.role in (Role.PRODUCT_ID, Role.ORDER_ID)]
        yield from (tag.name for tag in jobs if tag.work_unit in units)
    if kpi in _WHOLE_PERIOD:
        states = [one.tag for one in tags if one.tag.kind is Kind.STATE]
        yield from (tag.name for tag in states if PLANT in units or tag.work_unit in units)
    if kpi is KpiId.ENERGY_SAVING_RATIO:
        baselines = facts.period.evaluation.site.energy.baselines
        variables = {name for one in baselines if one.scope == facts.scope for name in one.variables}
        yield from (one.tag.name for one in tags if one.tag.name in variables)


def _lowered(value: KpiValue, elements: Sequence[FormulaElement], tags: Sequence[TagEvidence]) -> tuple[Lowered, ...]:
    """Elements of the formula that are not wholly known, the least known first, with the tags that are to blame; where
    it has none with a coverage of its own, those that they follow from."""
    by_demand = value.id in _OF_DEMAND
    shares = {one.tag: one.known_share if by_demand else one.coverage for one in tags}
    found = [
        Lowered(one.name, one.work_unit, one.coverage, _blamed(one, elements, shares))
        for one in elements
        if (one.numerator or one.denominator) and one.coverage is not None and one.coverage < 1
    ]
    if not found and value.outcome.coverage < 1:
        blamed = [(one, [name for name in one.tags if shares[name] < 1]) for one in elements]
        found = [
            Lowered(one.name, one.work_unit, min(shares[name] for name in by), tuple(by)) for one, by in blamed if by
        ]
    return tuple(sorted(found, key=lambda one: one.coverage))


def _blamed(one: FormulaElement, elements: Sequence[FormulaElement], shares: Mapping[str, float]) -> tuple[str, ...]:
    """What lowers the coverage of an element: its tags, or those of its work unit where it follows from others."""
    beside = (name for other in elements if other.work_unit == one.work_unit for name in other.tags)
    by_tags = tuple(name for name in dict.fromkeys(one.tags or beside) if shares[name] < 1)
    apart = {Origin.MANUAL: ("hand counts",), Origin.ORDERS: ("order lines that lack a date or value",)}
    return (*by_tags, *apart.get(one.origin, ()))


def _flags(value: KpiValue, elements: Sequence[FormulaElement], tags: Sequence[TagEvidence]) -> tuple[Remark, ...]:
    """The flags of a value in plain words, with what raised each."""
    remarks = []
    for flag in in_order(value.outcome.flags):
        by_tags = [one.tag for one in tags if _raises(one, flag)]
        units = [one.work_unit for one in elements if flag in one.flags]
        remarks.append(flag_remark(flag, tuple(dict.fromkeys(by_tags or units))))
    return tuple(remarks)


def _raises(tag: TagEvidence, flag: str) -> bool:
    """Whether the readings of a tag show what a flag is about."""
    if flag == "clock":
        return tag.count.wrong_clock > 0
    steps = {step.step for step in tag.decisions}
    if flag == "corrected":
        return "changed" in steps
    if flag == "estimated":
        return any(step.over_gap or step.step == "forward" for step in tag.decisions)
    return any(flag == f"counter_{step}" for step in steps)
