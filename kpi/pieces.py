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

UnitPair = tuple[Pieces, Element | None]
"""What a work unit adds to a ratio; beside hand counts for the whole scope, it may have one side only."""

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

    A whole that is counted replaces the sum over the work units. For one work unit: itself, and nothing whole. names:
    of the units, in their order, where somebody will ask. beside: the last of the units is what people count for the
    scope as a whole. It adds to the others, says nothing of how much of these is known, and in ratios is set against
    the pieces of all of them.
    """

    units: Sequence[Pieces]
    whole: Pieces = field(default_factory=dict)
    names: Sequence[str] = ()
    beside: bool = False

    def amount(self, name: str) -> Element | None:
        """One amount; None where it has no source."""
        return self.amounts().get(name)

    def sums(self) -> dict[str, Element]:
        """The amounts of the work units, added up."""
        names = sorted({name for unit in self.units for name in unit})
        return {name: self._sum([unit.get(name) for unit in self.units]) for name in names}

    def amounts(self) -> dict[str, Element]:
        """All amounts of the scope."""
        return completed({**self.sums(), **self.whole}) if self.whole else self.sums()

    def pair(self, counted: Sequence[str], base: Sequence[str]) -> Pair | None:
        """Elements of the numerator and the denominator of a ratio of pieces; None where one has no source.

        counted: amounts to add up, the first of them needed, the rest 0 where they have no source. base: the first
        amount of these that has a source. Both are taken from the same work units: one that lacks either counts in
        neither, unless people count either for the scope as a whole. Where no work unit has both, they are what follows
        from the scope's wholes.
        """
        pairs = self.pairs(counted, base)
        if not pairs:
            return None
        if None in pairs:
            return _pair(self.amounts(), counted, base)
        found = [pairs.get(at, _NEITHER) for at in range(len(self.units))]
        names = [name for name in counted if any(name in numerator for numerator, _ in found)]
        sums = {name: self._sum([numerator.get(name) for numerator, _ in found]) for name in names}
        return sums, self._sum([denominator for _, denominator in found])

    def pairs(self, counted: Sequence[str], base: Sequence[str]) -> dict[int | None, UnitPair]:
        """What `pair` adds up: the pair of each work unit that counts, by its place; or the scope's, under None."""
        if not any(name in self.whole for name in (*counted, *base)) and len(self.units) != 1:
            if self.beside and any(name in self.units[-1] for name in (*counted, *base)):
                return self._pairs_with_beside(counted, base)
            own: dict[int | None, UnitPair] = {
                at: found for at, unit in enumerate(self.units) if (found := _pair(unit, counted, base))
            }
            if own or not self.whole:
                return own
        found = _pair(self.amounts(), counted, base)
        return {None: found} if found else {}

    def _pairs_with_beside(self, counted: Sequence[str], base: Sequence[str]) -> dict[int | None, UnitPair]:
        last = len(self.units) - 1
        pairs: dict[int | None, UnitPair] = {
            at: ({name: unit[name] for name in counted if name in unit}, first_of(unit, base))
            for at, unit in enumerate(self.units)
            if at == last or first_of(unit, base)
        }
        has_both = any(counted[0] in above for above, _ in pairs.values()) and any(below for _, below in pairs.values())
        return pairs if has_both else {}

    def _sum(self, elements: Sequence[Element | None]) -> Element:
        """The sum over the work units that have an amount, one element each; at least one has it."""
        last = elements[-1]
        if self.beside and last is not None and any(element is not None for element in elements[:-1]):
            elements = [*elements[:-1], replace(last, coverages=())]
        return total(element for element in elements if element is not None)


_NEITHER: UnitPair = ({}, None)


def first_of(pieces: Pieces, names: Sequence[str]) -> Element | None:
    """The first of some amounts that has a source; None where none has."""
    return next((pieces[name] for name in names if name in pieces), None)


def _pair(pieces: Pieces, counted: Sequence[str], base: Sequence[str]) -> Pair | None:
    denominator = first_of(pieces, base)
    if counted[0] not in pieces or denominator is None:
        return None
    return {name: pieces[name] for name in counted if name in pieces}, denominator
