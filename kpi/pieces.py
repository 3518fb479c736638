"""How many pieces were produced, good, scrap, reworked: of a work unit, and of the plant?

ISO 22400-2: produced quantity PQ = good GQ + scrap SQ + rework RQ, if each piece is judged once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kpi.element import Element, combination, total
from plant.correction import LotDecision

Pieces = Mapping[str, Element]
"""Elements by amount: produced, good, scrap, rework, inspected, trial; an amount without a source is absent."""

Pair = tuple[Pieces, Element]
"""Numerator, by amount, and denominator of a ratio."""

UNBALANCED_SHARE = 0.01


def completed(own: Pieces, trial_in_produced: bool = False) -> dict[str, Element]:
    """The amounts of one work unit: its own, and those that follow from them.

    produced = good + scrap + rework; scrap = produced - good - rework; good = produced - scrap - rework; a rework
    without a source is 0. With trial_in_produced, trial pieces are taken off produced. Where all are counted and
    differ by more than 1 % of produced, or what follows lies so far below 0, they are flagged `unbalanced`.
    """
    pieces = dict(own)
    if trial_in_produced and "produced" in own and "trial" in own:
        pieces["produced"] = combination([(1.0, own["produced"]), (-1.0, own["trial"])])
    if {"produced", "good", "scrap"} <= own.keys():
        counted = sum(pieces[name].value or 0.0 for name in ("good", "scrap", "rework") if name in pieces)
        return _checked(pieces, abs((pieces["produced"].value or 0.0) - counted))
    judged = [pieces[name] for name in ("good", "scrap", "rework") if name in own]
    if {"good", "scrap"} <= own.keys():
        pieces["produced"] = total(judged)
    for derived, other in (("scrap", "good"), ("good", "scrap")):
        if "produced" in own and other in own:
            rest = [(1.0, pieces["produced"]), *((-1.0, element) for element in judged)]
            pieces[derived] = combination(rest)
            return _checked(pieces, -(pieces[derived].value or 0.0))
    return pieces


def decided(decisions: Iterable[LotDecision], work_unit: str, start_us: int, end_us: int) -> list[LotDecision]:
    """The decisions about pieces of a work unit whose production time lies in [start_us, end_us)."""
    return [one for one in decisions if one.work_unit == work_unit and start_us <= one.at_us < end_us]


def with_lots(pieces: Pieces, decisions: Iterable[LotDecision]) -> dict[str, Element]:
    """The amounts after lots were judged again, flagged `corrected`; as they are where nothing was.

    To be applied after `completed`, since a derived amount moves too. Rejected pieces go from good to scrap, released
    ones back; produced and everything else stays. An amount without a source or without a value has none then either.

    >>> from plant.correction import Decision
    >>> one = LotDecision("press1", 0, 3.0, Decision.REJECTED)
    >>> after = with_lots({"good": Element(90.0, (1.0,)), "scrap": Element(10.0, (1.0,))}, [one])
    >>> after["good"].value, after["scrap"].value
    (87.0, 13.0)
    """
    found = dict(pieces)
    moved = [one.more_scrap for one in decisions]
    if not moved:
        return found
    for name, sign in (("good", -1), ("scrap", 1)):
        element = found.get(name)
        if element is not None and element.value is not None:
            value = element.value + sign * sum(moved)
            found[name] = Element(value, element.coverages, element.flags | {"corrected"})
    return found


def _checked(pieces: dict[str, Element], off: float) -> dict[str, Element]:
    """The amounts, flagged where they are off by more than a share of what was produced."""
    produced = pieces["produced"].value
    if produced is None or off <= UNBALANCED_SHARE * abs(produced):
        return pieces
    flagged = {"produced", "good", "scrap", "rework"} & pieces.keys()
    return {name: _flagged(element) if name in flagged else element for name, element in pieces.items()}


def _flagged(element: Element) -> Element:
    return Element(element.value, element.coverages, element.flags | {"unbalanced"})


@dataclass(frozen=True, slots=True)
class PieceCount:
    """The pieces of a scope: those of each work unit in it, and what is counted for the scope as a whole.

    A whole that is counted replaces the sum over the work units. beside: what people count for the scope, which adds
    to the sum; where work units have the same amount, it says nothing of how much of it is known. For one work unit:
    itself, and nothing whole or beside.
    """

    units: Sequence[Pieces]
    whole: Pieces = field(default_factory=dict)
    beside: Pieces = field(default_factory=dict)

    def amount(self, name: str) -> Element | None:
        """One amount; None where it has no source."""
        return self._all().get(name)

    def base(self, names: Sequence[str]) -> Element | None:
        """What ratios of the whole scope are of: of some amounts, the first that each work unit has, added up."""
        if any(name in self.whole for name in names):
            return _base(self._all(), names)
        based = [found for unit in self.units if (found := _base(unit, names))]
        units, beside = total(based) if based else None, _base(self.beside, names)
        return _plus(units, beside) if beside else units

    def _all(self) -> dict[str, Element]:
        names = sorted({name for unit in self.units for name in unit})
        sums = {name: total(unit[name] for unit in self.units if name in unit) for name in names}
        sums = self._with_beside(sums, self.beside)
        return completed({**sums, **self.whole}) if self.whole else sums

    def _with_beside(self, sums: Mapping[str, Element], names: Iterable[str]) -> dict[str, Element]:
        more = {name: self.beside[name] for name in names if name in self.beside}
        return {**sums, **{name: _plus(sums.get(name), element) for name, element in more.items()}}

    def pair(self, counted: Sequence[str], base: Sequence[str]) -> Pair | None:
        """Elements of the numerator and the denominator of a ratio of pieces; None where one has no source.

        counted: amounts to add up, the first of them needed, the rest 0 where they have no source. base: the first
        amount of these that has a source. Both are taken from the same work units: one that lacks either counts in
        neither. Where no work unit has both, they are what follows from the scope's wholes. What is counted beside is
        set against the base of all work units.
        """
        asked = (*counted, *base)
        if any(name in self.whole for name in asked) or (len(self.units) == 1 and not self.beside):
            return _pair(self._all(), counted, base)
        if any(name in self.beside for name in asked):
            return self._pair_with_beside(counted, base)
        pairs = [found for unit in self.units if (found := _pair(unit, counted, base))]
        if not pairs:
            return _pair(self._all(), counted, base) if self.whole else None
        names = [name for name in counted if any(name in numerator for numerator, _ in pairs)]
        sums = {name: total(parts[name] for parts, _ in pairs if name in parts) for name in names}
        return sums, total(denominator for _, denominator in pairs)

    def _pair_with_beside(self, counted: Sequence[str], base: Sequence[str]) -> Pair | None:
        based = [unit for unit in self.units if _base(unit, base)]
        names = [name for name in counted if any(name in unit for unit in based)]
        sums = {name: total(unit[name] for unit in based if name in unit) for name in names}
        numerator, denominator = self._with_beside(sums, counted), self.base(base)
        return (numerator, denominator) if counted[0] in numerator and denominator else None


def _plus(units: Element | None, beside: Element) -> Element:
    """What work units have and what is counted beside; how much is known is the work units' to say."""
    return beside if units is None else total([units, replace(beside, coverages=())])


def _base(pieces: Pieces, base: Sequence[str]) -> Element | None:
    return next((pieces[name] for name in base if name in pieces), None)


def _pair(pieces: Pieces, counted: Sequence[str], base: Sequence[str]) -> Pair | None:
    denominator = _base(pieces, base)
    if counted[0] not in pieces or denominator is None:
        return None
    return {name: pieces[name] for name in counted if name in pieces}, denominator
