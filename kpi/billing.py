"""What does a supply contract bill beside the energy? Billing demand, base charge, power factor, charges on every kWh.

Korean practice (KEPCO basic supply terms, articles 42, 43 and 68): one peak in a month that counts is billed for a
year. Months are labelled 2018-01 and civil.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from kpi.civil_time import civil_date, civil_times
from kpi.demand import Blocks, peak
from kpi.tariff import BandedQuarterHours
from plant.reading import F64
from plant.tariff import BillingRule, PowerFactorRule, Rate, Tariff

QUARTER_MIN = 15


@dataclass(frozen=True, slots=True)
class BillingDemand:
    """The demand [kW] that a month is billed for, and the month whose peak it is.

    kw: None where no month that counts has a known peak. month: None where the contract's floor is higher. unknown:
    months that count and whose peak is not known; while there is one, kw is a lower bound and flagged `estimated`.
    """

    kw: float | None
    month: str | None
    unknown: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum of money [currency], what it is reckoned from (kW or kWh), and the rates that went into it."""

    cost: float
    amount: float
    rates: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class PowerFactorItem:
    """What the power factor adds to a month's base charge [currency]; negative is a rebate.

    lagging, leading: the power factors judged (0 to 1); None where they are not metered or nothing was used.
    """

    cost: float
    lagging: float | None
    leading: float | None


def months_that_count(month: str, rule: BillingRule) -> tuple[str, ...]:
    """The months whose peaks may decide the billing demand of a month, in time order.

    >>> months_that_count("2018-11", BillingRule(frozenset({12, 1, 2, 7, 8, 9})))
    ('2017-12', '2018-01', '2018-02', '2018-07', '2018-08', '2018-09', '2018-11')
    """
    first = date.fromisoformat(f"{month}-01")
    last = first.year * 12 + first.month - 1
    window = [divmod(last - back, 12) for back in range(rule.window_months - 1, -1, -1)]
    labels = [f"{year:04d}-{at + 1:02d}" for year, at in window if at + 1 in rule.months]
    return tuple(dict.fromkeys([*labels, month]))


def billing_demand(
    month: str, peaks_kw: Mapping[str, float | None], rule: BillingRule, contract_power_kw: float | None = None
) -> BillingDemand:
    """The largest peak of the months that count, and at least the floor of the contract.

    peaks_kw: peak of each month by label [kW]; a month that is absent or None is unknown. The first of equal peaks
    counts. contract_power_kw: None: no floor is applied.
    """
    count = months_that_count(month, rule)
    known = {label: kw for label in count if (kw := peaks_kw.get(label)) is not None}
    unknown = tuple(label for label in count if label not in known)
    flags = frozenset({"estimated"} if unknown else ())
    if not known:
        return BillingDemand(None, None, unknown, flags)
    highest = max(known, key=known.__getitem__)
    floor = (rule.floor_ratio or 0.0) * (contract_power_kw or 0.0)
    if known[highest] < floor:
        return BillingDemand(floor, None, unknown, flags)
    return BillingDemand(known[highest], highest, unknown, flags)


def billed_peak(blocks: Blocks, bands: BandedQuarterHours, rule: BillingRule) -> tuple[float, int] | None:
    """Largest demand [kW] of the quarter hours that count, and its start [us]; None if none may set a peak.

    Quarter hours before the tariff's first version, whose band is not known, count.
    """
    names = np.array([not rule.bands or kind.band in rule.bands for kind in bands.kinds] + [True])
    use = names[bands.which]
    return peak(Blocks(blocks.start_us[use], blocks.kwh[use], blocks.estimated[use], blocks.covered[use]))


def base_charge(kw: float, month: str, tariff: Tariff) -> Charge | None:
    """Billing demand times the base charge of the month, by days where it changed within; None where a day has none."""
    first = date.fromisoformat(f"{month}-01")
    days = [first + timedelta(days=at) for at in range(31)]
    versions = [tariff.version_on(day) for day in days if day.month == first.month]
    rates = [version.base_charge for version in versions if version and version.base_charge]
    if len(rates) < len(versions):
        return None
    return Charge(kw * sum(rate.value for rate in rates) / len(rates), kw, tuple(dict.fromkeys(rates)))


def charges_per_kwh(blocks: Blocks, tariff: Tariff, zone: ZoneInfo) -> dict[str, Charge]:
    """Further charges on every kWh by name, such as climate and fuel.

    A charge that did not hold on every day of the blocks is left out, as half of it would mislead.
    """
    days, of_day = np.unique(civil_times(blocks.start_us, zone).days, return_inverse=True)
    kwh = np.bincount(of_day, blocks.kwh, len(days)).tolist()
    versions = [tariff.version_on(civil_date(day)) for day in days.tolist()]
    names = dict.fromkeys(name for version in versions if version for name in version.per_kwh)
    charges = {}
    for name in names:
        rates = [version.per_kwh[name] for version in versions if version and name in version.per_kwh]
        if len(rates) == len(versions):
            cost = sum(rate.value * used for rate, used in zip(rates, kwh, strict=True))
            charges[name] = Charge(cost, sum(kwh), tuple(dict.fromkeys(rates)))
    return charges


def power_factor_item(
    base_cost: float,
    active: Blocks,
    lagging: tuple[PowerFactorRule, Blocks] | None,
    leading: tuple[PowerFactorRule, Blocks] | None,
    zone: ZoneInfo,
) -> PowerFactorItem:
    """What the power factors of a billing month add to its base charge.

    active: kWh of the month's quarter hours. lagging, leading: the rule and the reactive energy [kvarh] of the same
    quarter hours, imported and exported; None: not metered, adds nothing.
    """
    factors = [pair and judged_power_factor(pair[0], active, pair[1], zone) for pair in (lagging, leading)]
    shares = [
        _share(pair[0], factor)
        for pair, factor in zip((lagging, leading), factors, strict=True)
        if pair and factor is not None
    ]
    return PowerFactorItem(base_cost * sum(shares), *factors)


def judged_power_factor(rule: PowerFactorRule, active: Blocks, reactive: Blocks, zone: ZoneInfo) -> float | None:
    """kWh / sqrt(kWh^2 + kvarh^2) (0 to 1) of the quarter hours that a rule judges; None where nothing was used.

    Of the sums over all of them; or, where the rule has an interval, the mean over intervals in which anything was
    used, each within its least and most. Raises ValueError where both do not have the same quarter hours.
    """
    if not np.array_equal(active.start_us, reactive.start_us):
        raise ValueError("active and reactive energy must be of the same quarter hours")
    times = civil_times(active.start_us, zone)
    use = np.isin(times.quarters, list(rule.quarters))
    kwh, kvarh = active.kwh[use], reactive.kwh[use]
    if not rule.interval_min:
        factors = _factors(kwh.sum(keepdims=True), kvarh.sum(keepdims=True))
        return float(factors[0]) if len(factors) else None
    quarters = rule.interval_min // QUARTER_MIN
    _, of = np.unique(times.days[use] * 96 + times.quarters[use] // quarters, return_inverse=True)
    sums = [np.asarray(np.bincount(of, energy), dtype=np.float64) for energy in (kwh, kvarh)]
    factors = _factors(*sums)
    return float(np.clip(factors, rule.least, rule.most).mean()) if len(factors) else None


def _factors(kwh: F64, kvarh: F64) -> F64:
    apparent = np.hypot(kwh, kvarh)
    used = (apparent > 0) & np.isfinite(apparent)
    return np.asarray(kwh[used] / apparent[used])


def _share(rule: PowerFactorRule, factor: float) -> float:
    points = (rule.standard - min(max(factor, rule.least), rule.most)) * 100.0
    return points * (rule.surcharge if points > 0 else rule.rebate)
