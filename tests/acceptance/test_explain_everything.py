"""Does every KPI of a plant that has everything add up from its elements?"""

import json

import pytest

from plant.kpi_id import KpiId
from tests.acceptance.explained_plant import ExplainedPlant, at
from tests.scenarios.test_explanations import misfits

SETTINGS = """
shifts: [{name: day, start: 08:00, end: 18:00, breaks: [12:00-13:00]}]
work_units:
  press: {planned_run_time_s: 20, opportunities_per_unit: 5, trial_in_produced: true}
  paint: {opportunities_per_unit: 2}
products: {P-1: {planned_run_time_s: 15, route: [press, paint]}, P-2: {planned_run_time_s: 25}}
route: [press, paint]
energy:
  tariff: kepco-industrial-gap2-hv-a1
  emission_factor_t_per_mwh: 0.4173
  emission_factor_source: KR consumption side 2023
  baselines: [{scope: plant, from: 2026-11-01, to: 2026-11-14, period: day, variables: [good_quantity]}]
savings: {cost_per_defect: 4200, cost_per_late_line: 150000, price_per_kwh: 160, running_cost_a_year: 1000,
  investment: 5000000}
baselines:
  - {kpi: defect_rate, value: 0.5}
  - {kpi: on_time_delivery, value: 0.2}
  - {kpi: energy_per_good_unit, value: 9}
  - {kpi: billing_demand, value: 90}
"""
TAGS = (
    "name: main.kwh, work_unit: plant, role: energy_import, unit: kWh",
    "name: main.kvarh, work_unit: plant, role: reactive_import, unit: kvarh",
    "name: gas, work_unit: paint, role: fuel, unit: MJ",
    "name: press.kwh, work_unit: press, role: energy_import, unit: kWh",
    "name: press.kw, work_unit: press, role: power, unit: kW",
    "name: press.state, work_unit: press, role: state",
    "name: press.product, work_unit: press, role: product_id",
    "name: press.produced, work_unit: press, role: produced_count",
    "name: press.trial, work_unit: press, role: trial_count",
    "name: press.good, work_unit: press, role: good_count",
    "name: paint.produced, work_unit: paint, role: produced_count",
    "name: paint.scrap, work_unit: paint, role: scrap_count",
)
STATES = (
    ("08:00", 1),
    ("09:30", 3),
    ("10:00", 1),
    ("11:00", 0),
    ("11:02", 1),
    ("14:00", 2),
    ("14:20", 1),
    ("18:00", 0),
)
DAYS = 20


def rows() -> list[str]:
    found, kwh, made, good, scrap = [], 0.0, 0, 0, 0
    for day in range(1, DAYS + 1):
        label = f"2026-11-{day:02d}"
        found += [f"{at(clock, label)},press.state,{code}" for clock, code in STATES]
        found += [f"{at('08:00', label)},press.product,P-1", f"{at('14:00', label)},press.product,P-2"]
        for hour in range(24):
            pieces = 20 + day % 7 * 3 if 8 < hour <= 18 else 0
            made, good, scrap = made + pieces, good + pieces - (pieces > 0), scrap + (pieces > 0)
            for minute in (0, 15, 30, 45):
                kwh += 5 + pieces / 4 + (hour == 10)
                clock = at(f"{hour:02d}:{minute:02d}", label)
                found += [f"{clock},main.kwh,{kwh}", f"{clock},main.kvarh,{kwh * 0.4}", f"{clock},press.kwh,{kwh / 2}"]
            clock = at(f"{hour:02d}:00", label)
            found += [
                f"{clock},press.produced,{made + day}",
                f"{clock},press.good,{good}",
                f"{clock},press.trial,{day}",
            ]
            found += [f"{clock},paint.produced,{good}", f"{clock},paint.scrap,{scrap}", f"{clock},gas,{kwh * 3}"]
            found += [f"{clock},press.kw,{20 + hour}"]
    return found


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> ExplainedPlant:
    plant = ExplainedPlant(tmp_path_factory.mktemp("everything"), SETTINGS, TAGS, now="2026-11-21")
    plant.imported("readings", "time,tag,value", *rows())
    counted = [f"{at('17:00', f'2026-11-{day:02d}')},press,0,2,1,P-1,dent" for day in range(1, DAYS + 1)]
    plant.imported("quantities", "time,work_unit,good,scrap,rework,product,reason", *counted)
    orders = [
        f"A{day},10,2026-11-{day:02d},2026-11-{day:02d},500,10,2026-11-{day + day % 3:02d}" for day in range(1, DAYS)
    ]
    head = "order_id,quantity,due_date,request_date,value,delivered_quantity,delivered_date"
    return plant.imported("orders", head, *orders)


@pytest.mark.parametrize("scope", ["plant", "press", "paint", "product:P-1"])
@pytest.mark.parametrize("period", [("--at", "2026-11-18"), ("--period", "month", "--at", "2026-11-18")])
def test_the_elements_of_every_kpi_make_its_value(plant: ExplainedPlant, scope: str, period: tuple[str, ...]) -> None:
    done = plant.asked("--explain", "--json", "--scope", scope, *period)
    values = json.loads(done.out)["values"]
    assert len(values) > 4
    assert [misfit for value in values for misfit in misfits(value)] == []
    assert [value["kpi"] for value in values if not value["explanation"]["formula"]["numbers"]] == []
    text = plant.asked("--explain", "--scope", scope, *period).out
    assert "None" not in text


def test_a_plant_that_has_everything_has_every_kpi(plant: ExplainedPlant) -> None:
    found = set()
    for asked in (("--scope", "plant"), ("--scope", "press"), ("--scope", "plant", "--period", "month")):
        values = json.loads(plant.asked("--explain", "--json", "--at", "2026-11-18", *asked).out)["values"]
        found |= {value["kpi"] for value in values if value["value"] is not None}
    assert sorted(set(KpiId) - found) == []


def test_savings_show_each_cause_and_the_elements_that_measured_it(plant: ExplainedPlant) -> None:
    found = plant.explanation("savings_a_year", "--scope", "plant", "--period", "month", "--at", "2026-11-18")
    lines = [line for line in found["savings"]["lines"] if line["yearly"] is not None]
    assert [line["cause"] for line in lines] == ["quality", "energy", "demand", "delivery"]
    elements = {one["name"]: one for one in found["elements"]}
    assert {f"saved by {line['cause']} a year" for line in lines} <= elements.keys()
    assert elements["running cost a year"]["numerator"] == -1
    assert elements["lines due"]["numerator"] == 0
    assert {"main.kwh", "press.produced"} <= {tag["tag"] for tag in found["tags"]}


def test_energy_compared_with_its_baseline_shows_the_regression(plant: ExplainedPlant) -> None:
    found = plant.explanation("energy_saving_ratio", "--scope", "plant", "--at", "2026-11-18")
    baseline = found["energy"]["baseline"]
    assert baseline["model"]["periods"] == 13
    (term,) = baseline["model"]["terms"]
    expected = baseline["model"]["base_kwh"] + term["slope_kwh"] * baseline["values"]["good_quantity"]
    assert baseline["expected_kwh"] == pytest.approx(expected)


def test_a_bill_shows_the_peaks_that_may_decide_it(plant: ExplainedPlant) -> None:
    found = plant.explanation("billing_demand", "--scope", "plant", "--period", "month", "--at", "2026-11-18")
    assert found["energy"]["peaks_kw"]["2026-11"] == found["energy"]["bill"]["demand"]["kw"]
    assert found["energy"]["peaks_kw"]["2026-07"] is None
    item = plant.explanation("power_factor_item", "--scope", "plant", "--period", "month", "--at", "2026-11-18")
    assert item["energy"]["bill"]["power_factor"]["lagging"] == pytest.approx(0.928, abs=1e-3)


def test_what_lowers_the_coverage_is_named_even_where_it_does_not_enter_the_formula(plant: ExplainedPlant) -> None:
    for kpi in ("base_load", "billing_demand", "load_factor", "energy"):
        found = plant.explanation(kpi, "--scope", "plant", "--period", "month", "--at", "2026-11-18")["coverage"]
        assert found["value"] < 1
        assert "main.kwh" in found["lowered_by"][0]["by"]


def test_pieces_of_a_product_name_the_tag_that_says_which_they_are(plant: ExplainedPlant) -> None:
    found = plant.explanation("scrap_ratio", "--scope", "product:P-1", "--at", "2026-11-18")
    names = [tag["tag"] for tag in found["tags"]]
    assert names[-1] == "press.product"
    assert found["tags"][-1]["count"]["first"]["means"] == "P-1"
    assert {one["rule"] for one in found["elements"] if one["name"] == "produced"} == {"of product:P-1; less trial"}


def test_idle_energy_names_the_state_that_says_when(plant: ExplainedPlant) -> None:
    found = plant.explanation("idle_energy_share", "--scope", "press", "--at", "2026-11-18")
    assert [tag["tag"] for tag in found["tags"]] == ["press.kwh", "press.state"]
    assert found["energy"]["idle"]["idle_kwh"] > 0
