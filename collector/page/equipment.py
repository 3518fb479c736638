"""The page of equipment: how well was planned time used, where did it go, and which stops took most of it?"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from collector.evaluation import Evaluation
from collector.evidence.equipment import equipment_of
from collector.page.access import shown
from collector.page.kpi_page import Chart, Say, figure, kpi_page, now_us, site_of, speaker, values_of, values_of_units
from collector.page.period_choice import period_choice
from collector.page.state_bands import StateBand, state_bands
from collector.page.words import text as _
from kpi.catalogue_equipment import EQUIPMENT, EQUIPMENT_IN_DETAIL
from kpi.equipment import LossTree
from kpi.equipment_evidence import EquipmentEvidence, StopShown
from kpi.value import KpiValue
from plant.kpi_id import KpiId
from plant.period import Period

_OEE = (KpiId.OEE, KpiId.AVAILABILITY, KpiId.EFFECTIVENESS, KpiId.QUALITY_RATIO)
"""OEE and the three that it is the product of stand first."""
SHOWN = tuple(dict.fromkeys([*_OEE, *(kpi.id for kpi in (*EQUIPMENT, *EQUIPMENT_IN_DETAIL))]))
OF_UNITS = (*_OEE, KpiId.MTBF, KpiId.MTTR, KpiId.MICRO_STOPS)
MOST_STOPS = 20
LOSSES: tuple[tuple[str, str, str], ...] = (
    ("pbt_s", _("Planned busy time"), "quiet"),
    ("availability_loss_s", _("Stopped or out of service"), "bad"),
    ("setup_loss_s", _("Setup time"), "warn"),
    ("unknown_s", _("State not known"), "quiet"),
    ("speed_loss_s", _("Speed lost"), "four"),
    ("quality_loss_s", _("Bad pieces"), "two"),
    ("fully_productive_s", _("Fully productive"), "good"),
)
"""Parts of a loss tree: its field, its name and its tone, in the order in which planned time goes down to good time."""


@dataclass(frozen=True, slots=True)
class EquipmentFigures:
    """What the page shows of a period. stops: the longest, with their work unit; stop_count: how many there are."""

    values: tuple[KpiValue, ...]
    absent: tuple[KpiValue, ...]
    units: tuple[tuple[str, tuple[KpiValue, ...]], ...]
    used: EquipmentEvidence | None
    stops: tuple[tuple[str, StopShown], ...]
    stop_count: int
    bands: tuple[StateBand, ...]


def equipment_figures(evaluation: Evaluation, period: Period, scope: str) -> EquipmentFigures:
    """The figures of the page."""
    values, absent = values_of(evaluation, period, scope, SHOWN)
    own = evaluation.shifts.own(period, None if scope == "plant" else scope)
    begun = own is not None and own.start_us < evaluation.now_us
    used = equipment_of(evaluation.facts(own or period).of(scope), KpiId.OEE) if begun else None
    found = [(unit.work_unit, stop) for unit in (used.units if used else ()) for stop in unit.longest_stops]
    return EquipmentFigures(
        values,
        absent,
        values_of_units(evaluation, period, scope, OF_UNITS),
        used,
        tuple(sorted(found, key=lambda one: -one[1].time_s)[:MOST_STOPS]),
        sum(unit.stop_count for unit in used.units) if used else 0,
        state_bands(evaluation, own or period, scope) if begun else (),
    )


def losses_shown(losses: LossTree, say: Say) -> Chart:
    """Bars that go down from planned busy time to fully productive time, in hours."""
    hours = [getattr(losses, field) / 3600 for field, _name, _tone in LOSSES]
    left, series = hours[0], []
    unseen = [0.0]
    for lost in hours[1:-1]:
        unseen.append(min(left, left - lost))
        left -= lost
    unseen.append(0.0)
    names = [say(name) for _field, name, _tone in LOSSES]
    series.append(
        {"name": "", "kind": "bar", "stack": "time", "tone": "clear", "data": [round(one, 3) for one in unseen]}
    )
    for at, (_field, _name, tone) in enumerate(LOSSES):
        data = [round(abs(hours[at]), 3) if at == place else None for place in range(len(LOSSES))]
        series.append({"name": names[at], "kind": "bar", "stack": "time", "tone": tone, "data": data})
    lowest = min(level for level in [*unseen[1:-1], hours[-1]])
    least = 5 * (0.9 * lowest // 5) if lowest > 0.5 * hours[0] else None  # or the losses could not be seen
    return {"x": names, "across": True, "unit": "h", "legend": False, "least": least, "series": series}


async def equipment(request: Request) -> Response:
    """The page."""
    choice = period_choice(request, site_of(request), now_us())
    found, say = await figure(request, "equipment", choice, equipment_figures), speaker(request)
    losses = found.value.used.losses if found is not None and found.value.used else None
    shows = {
        "found": found,
        "losses": losses,
        "parts_of_time": [(say(name), getattr(losses, field), tone) for field, name, tone in LOSSES] if losses else [],
        "tree": losses_shown(losses, say) if losses else None,
    }
    return kpi_page(request, "equipment.html", choice, shows)


routes = [shown("/equipment", equipment)]
