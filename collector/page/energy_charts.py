"""How are the charts of energy described: the load profile, and the cost by band?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from collector.page.kpi_page import Chart, Say
from collector.page.words import text as _
from kpi.demand import BLOCK_US, Blocks
from kpi.tariff import CostLine
from plant.period import Period

BANDS = {"light": _("light load"), "mid": _("medium load"), "peak": _("peak load")}
SEASONS = {
    "summer": _("summer"),
    "spring_autumn": _("spring and autumn"),
    "winter": _("winter"),
    "all": _("all year"),
}
_LIMITS = {"billing": _("Billed demand"), "contract": _("Contract power")}
_TONES = {"light": "good", "mid": "accent", "peak": "four"}
MOST_BARS = 100


def load_shown(
    quarters: Blocks, peak: tuple[float, int] | None, limits: Mapping[str, float], period: Period, say: Say
) -> Chart:
    """Demand of each quarter hour: bars of a day, a line of a longer period; the highest stands out."""
    kw = np.round(4.0 * quarters.kwh, 2)
    few = len(kw) <= MOST_BARS
    middle_ms = (quarters.start_us + (BLOCK_US // 2 if few else 0)) // 1000

    def drawn(name: str, tone: str, which: Any) -> dict[str, Any]:
        data = [[at, kw if use else None] for at, kw, use in zip(middle_ms.tolist(), kw.tolist(), which, strict=True)]
        kind = {"kind": "bar", "over": True} if few else {"kind": "step", "bare": True, "area": True}
        return {"name": name, "data": data, "tone": tone, **kind}

    series = [drawn(say(_("Demand")), "accent", ~quarters.estimated)]
    if quarters.estimated.any():
        series.append(drawn(say(_("Estimated")), "quiet", quarters.estimated))
    if peak is not None:
        at_ms = (peak[1] + (BLOCK_US // 2 if few else 0)) // 1000
        series.append(
            {"name": say(_("Highest demand")), "kind": "points", "data": [[at_ms, round(peak[0], 2)]], "tone": "bad"}
        )
    tones = {"billing": "warn", "contract": "bad"}
    return {
        "x": "time",
        "unit": "kW",
        "from": period.start_us // 1000,
        "to": period.end_us // 1000,
        "zoom": not few,
        "series": series,
        "lines": [{"name": say(_LIMITS[name]), "y": kw, "tone": tones[name]} for name, kw in limits.items()],
    }


def cost_shown(cost_of: Sequence[tuple[str, Sequence[CostLine]]], currency: str, say: Say) -> Chart:
    """The cost of each hour or day as bars, one colour a band."""
    names = dict.fromkeys(line.band for _label, lines in cost_of for line in lines)
    return {
        "x": [label for label, _lines in cost_of],
        "unit": currency,
        "series": [
            {
                "name": say(BANDS[name]) if name in BANDS else name,
                "kind": "bar",
                "stack": "cost",
                "tone": _TONES.get(name),
                "data": [round(sum(line.cost for line in lines if line.band == name), 2) for _label, lines in cost_of],
            }
            for name in sorted(names, key=lambda name: list(BANDS).index(name) if name in BANDS else 99)
        ],
    }
