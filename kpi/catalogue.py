"""Which KPIs are there? One explicit tuple, in the order in which they are shown."""

from kpi.catalogue_delivery import DELIVERY, DELIVERY_IN_DETAIL
from kpi.catalogue_energy import ENERGY, ENERGY_IN_DETAIL
from kpi.catalogue_equipment import EQUIPMENT, EQUIPMENT_IN_DETAIL
from kpi.catalogue_money import MONEY
from kpi.catalogue_quality import QUALITY, QUALITY_IN_DETAIL
from kpi.kpi import Kpi
from plant.kpi_id import KpiId

REPORTED_KPIS: tuple[Kpi, ...] = (*QUALITY, *DELIVERY, *ENERGY, *EQUIPMENT)
"""Those that the programme adds up."""

IN_DETAIL: tuple[Kpi, ...] = (
    *QUALITY_IN_DETAIL,
    *DELIVERY_IN_DETAIL,
    *ENERGY_IN_DETAIL,
    *EQUIPMENT_IN_DETAIL,
    *MONEY,
)
"""Those that only the plant looks at."""

CATALOGUE: tuple[Kpi, ...] = (*REPORTED_KPIS, *IN_DETAIL)

BY_ID: dict[KpiId, Kpi] = {kpi.id: kpi for kpi in CATALOGUE}
