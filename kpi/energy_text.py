"""How does the evidence of energy read: quarter hours, cost by band, idle energy, the bill and the baseline?"""

from collections.abc import Iterator

from kpi.energy_evidence import EnergyEvidence, QuarterHours
from kpi.numerals import duration, numeral
from kpi.plain_text import LocalTimes, columns, labelled


def energy_text(found: EnergyEvidence | None, times: LocalTimes, currency: str) -> Iterator[str]:
    """Quarter hours around the peak, cost by band, energy while idle, the bill and the baseline."""
    if found is None:
        return
    if found.quarter_hours is not None:
        yield from _quarters(found.quarter_hours, times)
    if found.costs:
        rows = [("season", "band", "quarter hours", "kWh", f"{currency}/kWh", currency, "valid from")]
        for line in found.costs:
            numbers = numeral(line.kwh), numeral(line.per_kwh), numeral(line.cost)
            rows.append((line.season, line.band, str(line.quarter_hours), *numbers, str(line.valid_from)))
        yield from columns(rows, right=(2, 3, 4, 5))
    if found.idle is not None:
        idle = found.idle
        used = f"{numeral(idle.idle_kwh)} kWh of {numeral(idle.energy_kwh.value)} kWh"
        yield f"  {used} in {duration(idle.idle_s)} not producing"
        yield f"  known for {idle.stated_share:.3f} of the period whether it produced"
    for month, kw in (found.peaks_kw or {}).items():
        yield f"  peak of {month}: {numeral(kw)} kW"
    if found.baseline is not None and found.baseline.model is not None:
        model = found.baseline.model
        terms = "".join(f" + {numeral(term.slope_kwh)} x {term.variable}" for term in model.terms)
        quality = f"n {model.periods}, R² {numeral(model.r_squared)}"
        yield from labelled("expected", f"{numeral(model.base_kwh)}{terms} kWh ({quality})")
        for term in model.terms:
            value = numeral(found.baseline.values.get(term.variable))
            within = f"learned from {numeral(term.lowest)} to {numeral(term.highest)}"
            yield from labelled("", f"{term.variable} is {value}, {within}")


def _quarters(found: QuarterHours, times: LocalTimes) -> Iterator[str]:
    rows = [("quarter hour", "kWh", "kW", "covered", "")]
    for one in found.shown:
        remark = "peak" if one.is_peak else "" if one.may_set_peak else "estimated" if one.estimated else "half known"
        rows.append((times.time(one.start_us), numeral(one.kwh), numeral(one.kw), f"{one.covered:.3f}", remark))
    yield from columns(rows, right=(1, 2, 3))
    yield f"  of {found.count} quarter hours {found.estimated} estimated, {found.half_known} known for less than 95 %"
