"""Which KPIs are there? One explicit tuple, in the order in which they are shown."""

from kpi.catalogue_delivery import DELIVERY, DELIVERY_IN_DETAIL
from kpi.catalogue_energy import ENERGY
from kpi.catalogue_equipment import EQUIPMENT
from kpi.catalogue_quality import QUALITY
from kpi.kpi import Kpi
from plant.kpi_id import KpiId

CATALOGUE: tuple[Kpi, ...] = (*QUALITY, *DELIVERY, *ENERGY, *EQUIPMENT, *DELIVERY_IN_DETAIL)

BY_ID: dict[KpiId, Kpi] = {kpi.id: kpi for kpi in CATALOGUE}
