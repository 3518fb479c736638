"""Can a plant engineer find out why a number is what it is? `smartwings kpi --explain` on plants of each kind."""

import json
from pathlib import Path

from collector.kept_records import missing_records
from collector.store import gaps, reports
from collector.store.reports import StoredReport
from collector.store.store import transaction, writing
from config.load import load_site
from plant.gap import Gap
from plant.instant import instant, parse_instant
from tests.acceptance.explained_plant import ExplainedPlant, at, run_at

ON_21ST = ("--at", "2026-11-21")
ONE_SHIFT = "shifts: [{name: day, start: 08:00, end: 18:00, breaks: [12:00-13:00]}]\n"
TWO_SHIFTS = "shifts: [{name: day, start: 08:00, end: 16:00}, {name: late, start: 16:00, end: 24:00}]\n"
PRESS = "work_units: {press1: {}}\n"
MQTT = """
mqtt:
  {programme: iim, host: reports.example, port: 8883, ca_file: ca.pem, username: kr-test-0001, password_file: p,
   key_file: k}
"""
COUNTER = "name: press1.good, work_unit: press1, role: good_count, max_rate: 4000, restarts: shift"
PRODUCED = "name: press1.produced, work_unit: press1, role: produced_count"
GOOD = "name: press1.good, work_unit: press1, role: good_count"
STATE = "name: press1.state, work_unit: press1, role: state"
METER = "name: main.kwh, work_unit: plant, role: energy_import, unit: kWh"
HEAD = "time,tag,value"


def readings(tag: str, *rows: tuple[str, float], day: str = "2026-11-21") -> list[str]:
    return [f"{at(clock, day)},{tag},{value}" for clock, value in rows]


def test_a_counter_with_jump_gap_and_reset_shows_each_decision_and_the_readings_around_it(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, TWO_SHIFTS, (COUNTER,))
    rows = [("08:00", 100), ("09:00", 700), ("10:00", 66236), ("11:00", 66836), ("14:00", 68336), ("15:30", 70000)]
    plant.imported("readings", HEAD, *readings("press1.good", *rows, ("16:00", 300), ("23:59:59", 500)))
    gap = Gap("machines", None, parse_instant(at("11:30")), parse_instant(at("13:30")), "no answer for 10 s")
    with writing(plant.store) as connection, transaction(connection):
        gaps.save(connection, [gap])
    found = plant.explanation("good_quantity", "--scope", "press1", *ON_21ST)
    (tag,) = found["tags"]
    assert [(one["time"], one["step"], one["over_gap"], one["adds"]) for one in tag["decisions"]] == [
        (at("10:00:00"), "jump", False, 0),
        (at("14:00:00"), "forward", True, 1500),
        (at("16:00:00"), "reset", False, 300),
    ]
    jump, over_gap, reset = tag["decisions"]
    assert [one["value"] for one in (*jump["before"], *jump["after"])] == [100, 700, 66236, 66836]
    assert (jump["allowed"], reset["allowed"]) == (4001, 2001)
    assert "rose by 65536 in 1 h, more than the 4001 that max_rate allows" in jump["why"]
    assert "over time that is not known" in over_gap["why"]
    assert "restarts: shift allows within 60 min of a shift's start" in reset["why"]
    assert tag["adds"] == 600 + 0 + 600 + 1500 + 1664 + 300 + 200
    (unknown,) = [one for one in tag["unknown"] if one["kind"] == "gap"]
    assert (unknown["start"], unknown["end"], unknown["cause"]) == (at("11:30:00"), at("13:30:00"), gap.cause)
    assert unknown["lost_s"] == 7200
    # the accepted step over the gap bridges it: 15 h 59 min 59 s of 16 h are known, and for peaks 2 h less
    assert (tag["coverage"], tag["known_share"]) == (57599 / 57600, 50399 / 57600)
    assert [(one["name"], one["raised_by"]) for one in found["flags"]] == [
        ("counter_reset", ["press1.good"]),
        ("counter_jump", ["press1.good"]),
    ]
    assert all(one["en"] and one["ko"] for one in found["flags"])


def test_scrap_that_nobody_counts_is_shown_with_its_rule_and_what_it_follows_from(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, ONE_SHIFT, (PRODUCED, GOOD))
    rows = readings("press1.produced", ("08:00", 0), ("18:00", 975)) + readings(
        "press1.good", ("08:00", 0), ("18:00", 963)
    )
    plant.imported("readings", HEAD, *rows)
    found = plant.explanation("scrap_ratio", "--scope", "press1", *ON_21ST)
    elements = {one["name"]: one for one in found["elements"]}
    assert found["formula"]["numbers"] == "scrap 12 / produced 975 = 0.012308"
    assert (elements["scrap"]["origin"], elements["scrap"]["rule"]) == ("derived", "produced - good")
    assert (elements["scrap"]["numerator"], elements["produced"]["denominator"]) == (1, 1)
    assert (elements["good"]["numerator"], elements["good"]["denominator"]) == (0, 0)
    assert [tag["tag"] for tag in found["tags"]] == ["press1.produced", "press1.good"]
    text = plant.text("scrap_ratio", "--scope", "press1", *ON_21ST)
    assert text.startswith("scrap_ratio  Scrap ratio  폐기율\npress1, day 2026-11-21\n")
    assert "numbers     scrap 12 / produced 975 = 0.012308" in text
    assert "derived: produced - good" in text


def test_what_people_counted_is_listed_with_the_shifts_that_nobody_counted(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, TWO_SHIFTS + PRESS)
    plant.imported(
        "quantities",
        "time,work_unit,produced,good,scrap,rework,product,reason",
        f"{at('12:00')},press1,100,95,4,1,P-1,dent",
        f"{at('15:00')},press1,50,48,2,0,P-2,burr",
    )
    found = plant.explanation("defect_rate", "--scope", "press1", *ON_21ST)
    assert found["formula"]["numbers"] == "(scrap 6 + rework 1) / produced 150 = no value (low_coverage)"
    assert {one["origin"] for one in found["elements"]} == {"manual"}
    assert (found["coverage"]["value"], found["coverage"]["grade"]) == (0.5, "low")
    assert [one["by"] for one in found["coverage"]["lowered_by"]] == 3 * [["hand counts"]]
    by_hand = found["by_hand"]
    assert (by_hand["shifts"], by_hand["without_row"]) == (2, [["press1", "2026-11-21/late"]])
    assert [(row["time"], row["scrap"], row["reason"]) for row in by_hand["rows"]] == [
        (at("12:00:00"), 4, "dent"),
        (at("15:00:00"), 2, "burr"),
    ]
    shares = {one["by"]: [(share["name"], share["amount"]) for share in one["shares"]] for one in found["breakdowns"]}
    assert shares == {"reason": [("dent", 5), ("burr", 2)], "product": [("P-1", 5), ("P-2", 2)]}
    assert (found["reason"]["name"], [one["name"] for one in found["flags"]]) == ("low_coverage", ["manual"])
    text = plant.text("defect_rate", "--scope", "press1", *ON_21ST)
    assert "1 of 2 shifts that are over have a row" in text
    assert "press1 2026-11-21/late" in text


def test_late_and_open_lines_are_listed_and_those_without_a_due_date_are_named(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, "orders: {grace_days: 1}\n", now="2026-11-30")
    plant.imported(
        "orders",
        "order_id,line_id,product,quantity,due_date,delivered_quantity,delivered_date",
        "A1,1,P-1,10,2026-11-20,10,2026-11-21",
        "A2,1,P-1,10,2026-11-20,10,2026-11-24",
        "A3,1,P-2,10,2026-11-21,4,2026-11-21",
        "A4,2,P-2,10,,,",
        "A5,1,P-2,10,2026-11-30,,",
    )
    found = plant.explanation("on_time_delivery", "--scope", "plant", "--period", "month", *ON_21ST)
    assert found["formula"]["numbers"] == "lines on time 1 / lines due 3 = 0.333333"
    lines = [(one["order_id"], one["due"], one["completed"], one["days_late"]) for one in found["delivery"]["lines"]]
    assert lines == [
        ("A3", "2026-11-21", None, 9),
        ("A2", "2026-11-20", "2026-11-24", 4),
        ("A5", "2026-11-30", None, 0),
    ]
    delivery = found["delivery"]
    assert (delivery["due"], delivery["settled"], delivery["on_time"]) == (4, 3, 1)
    assert (delivery["without_due_date"], delivery["rules"]["grace_days"]) == ([["A4", "2"]], 1)
    text = plant.text("on_time_delivery", "--scope", "plant", "--period", "month", *ON_21ST)
    assert "A5     1     P-2            10          0  2026-11-30  still open          0" in text
    assert "no due date   A4/2" in text


def test_oee_shows_planned_time_stops_failures_runs_and_losses(tmp_path: Path) -> None:
    settings = ONE_SHIFT + "work_units: {press1: {planned_run_time_s: 20}}\n"
    plant = ExplainedPlant(tmp_path, settings, (STATE, PRODUCED, GOOD))
    states = [("08:00", 1), ("10:00", 3), ("10:30", 1), ("14:00", 2), ("14:20", 1), ("18:00", 0)]
    rows = readings("press1.state", *states)
    rows += readings("press1.produced", ("08:00", 0), ("18:00", 1200)) + readings(
        "press1.good", ("08:00", 0), ("18:00", 1000)
    )
    plant.imported("readings", HEAD, *rows)
    found = plant.explanation("oee", "--scope", "press1", *ON_21ST)
    assert found["formula"]["numbers"] == "planned run time of good 20000 / planned busy time 32400 = 0.617284"
    (unit,) = found["equipment"]["units"]
    times = [unit[name] for name in ("pbt_s", "apt_s", "setup_s", "out_of_service_s", "not_executing_s", "unknown_s")]
    assert times == [32400, 29400, 1200, 1800, 0, 0]
    assert [(one["reason"], one["time_s"], one["count"]) for one in unit["stops"]] == [
        ("OutOfService", 1800, 1),
        ("Setup", 1200, 1),
    ]
    assert [(one["start"], one["end"]) for one in unit["failures"]] == [(at("10:00:00"), at("10:30:00"))]
    assert (unit["failure_count"], unit["repair_count"], unit["repair_s"]) == (1, 1, 1800)
    assert [(one["label"], one["planned_s"]) for one in unit["shifts"]] == [("2026-11-21/day", 32400)]
    assert unit["runs"] == [{"product": "", "planned_run_time_s": 20, "produced": 1200, "good": 1000}]
    losses = found["equipment"]["losses"]
    assert [losses[name] for name in ("availability_loss_s", "setup_loss_s", "speed_loss_s", "quality_loss_s")] == [
        1800,
        1200,
        29400 - 24000,
        4000,
    ]
    text = plant.text("availability", "--scope", "press1", *ON_21ST)
    assert "production time 29400 / planned busy time 32400 = 0.907407" in text
    assert "2026-11-21 10:00:00 to 10:30:00  OutOfService  30 min" in text


def test_a_peak_shows_the_quarter_hours_around_it_and_those_that_may_not_set_it(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, "", (METER,))
    quarters = [0.0, 10, 20, 45, 60, 70, 80]
    rows = [(f"{8 + at // 4:02d}:{at % 4 * 15:02d}", kwh) for at, kwh in enumerate(quarters)]
    plant.imported(
        "readings", HEAD, *readings("main.kwh", *rows, ("12:00", 800)), f"{at('08:00', '2026-11-22')},main.kwh,900"
    )
    found = plant.explanation(
        "peak_demand", "--scope", "plant", "--period", "range", "--from", at("08:00"), "--to", at("12:00")
    )
    assert found["formula"]["numbers"] == "demand 100 = 100"
    shown = {one["start"]: one for one in found["energy"]["quarter_hours"]["shown"]}
    peak = shown[at("08:30:00")]
    assert (peak["kw"], peak["kwh"], peak["is_peak"]) == (100, 25, True)
    assert {at(f"08:{minute}:00") for minute in ("00", "15", "30", "45")} <= shown.keys()
    larger = [one for one in shown.values() if one["kw"] > 100]
    assert len(larger) == 5
    assert all(one["estimated"] and not one["may_set_peak"] for one in larger)
    assert (found["energy"]["quarter_hours"]["count"], found["energy"]["quarter_hours"]["estimated"]) == (16, 10)
    (decision,) = found["tags"][0]["decisions"]
    assert "more than 20 min: its quarter hours are estimated and set no peak" in decision["why"]


def test_cost_is_shown_by_band_with_the_table_that_prices_it(tmp_path: Path) -> None:
    table = [
        "valid_from,item,season,days,band,when,value,unit,least,most,source",
        "2026-01-01,season,all_year,,,1;2;3;4;5;6;7;8;9;10;11;12,,,,,contract 4711",
        "2026-01-01,band,,,day,06:00-22:00,,,,,contract 4711",
        "2026-01-01,band,,,night,22:00-06:00,,,,,contract 4711",
        "2026-01-01,price,,,day,,200,KRW/kWh,,,contract 4711",
        "2026-01-01,price,,,night,,100,KRW/kWh,,,contract 4711",
    ]
    plant = ExplainedPlant(tmp_path, "energy: {tariff: own.csv}\n", (METER,))
    plant.plant.file("\n".join(table) + "\n", "own.csv")
    rows = [
        f"{at(f'{hour:02d}:{minute:02d}')},main.kwh,{hour * 4 + minute // 15}"
        for hour in range(24)
        for minute in (0, 15, 30, 45)
    ]
    plant.imported("readings", HEAD, *rows, f"{at('00:00', '2026-11-22')},main.kwh,96")
    found = plant.explanation("energy_cost", "--scope", "plant", "--calendar", "civil", *ON_21ST)
    costs = {
        one["band"]: (one["quarter_hours"], one["kwh"], one["per_kwh"], one["cost"]) for one in found["energy"]["costs"]
    }
    assert costs == {"day": (64, 64, 200, 12800), "night": (32, 32, 100, 3200)}
    assert found["versions"]["prices"] == [{"name": "own.csv", "valid_from": "2026-01-01", "source": "contract 4711"}]
    assert sum(one["value"] for one in found["elements"] if one["numerator"]) == 16000
    text = plant.text("energy_cost", "--scope", "plant", "--calendar", "civil", *ON_21ST)
    assert "all_year  day               64   64      200  12800  2026-01-01" in text


BASELINE = """
savings:
  cost_per_defect: 4000
  prices: [{valid_from: 2026-11-20, cost_per_defect: 4200, source: accounts}]
baselines:
  - {kpi: defect_rate, scope: plant, from: 2026-11-19, to: 2026-11-20, target: 0.01, least_days: LEAST}
"""


def compared_plant(folder: Path, least_days: str) -> ExplainedPlant:
    return ExplainedPlant(folder, PRESS + BASELINE.replace("LEAST", least_days)).imported(
        "quantities",
        "time,work_unit,produced,scrap",
        f"{at('12:00', '2026-11-19')},press1,1000,40",
        f"{at('12:00')},press1,1000,20",
    )


def test_a_baseline_shows_where_it_is_from_and_the_savings_with_their_price(tmp_path: Path) -> None:
    plant = compared_plant(tmp_path, "1")
    found = plant.explanation("defect_rate", "--scope", "plant", *ON_21ST)["comparison"]
    base = found["baseline"]
    named = (base["value"], base["origin"], base["used"], base["first_day"], base["end_day"])
    assert named == (0.04, "period", True, "2026-11-19", "2026-11-20")
    assert (base["numerator"], base["denominator"], base["coverage"], base["grade"]) == (40, 1000, 1, "good")
    better = (found["improvement_percent"], found["improvement_points"], found["fewer_misses_percent"])
    assert [round(number, 9) for number in better] == [50, 2, 50]
    assert round(found["attainment_percent"], 6) == 66.666667
    savings = found["savings"]
    assert (savings["numbers"], savings["setting"]) == ("4200 x (0.04 x 1000 - 20) = 84000", "cost_per_defect")
    assert savings["price"] == {"valid_from": "2026-11-20", "price": 4200, "source": "accounts"}
    text = plant.text("defect_rate", "--scope", "plant", *ON_21ST)
    assert "baseline    0.040000, of 2026-11-19 to before 2026-11-20, coverage 1.000 (good), 40 / 1000" in text
    assert "better by   +50.0 % of the baseline" in text
    assert "(savings.cost_per_defect since 2026-11-20, accounts)" in " ".join(text.split())


def test_a_baseline_that_is_not_used_says_why_and_what_to_do(tmp_path: Path) -> None:
    plant = compared_plant(tmp_path, "28")
    found = plant.explanation("defect_rate", "--scope", "plant", *ON_21ST)["comparison"]
    assert (found["baseline"]["used"], found["improvement_percent"], found["savings"]) == (False, None, None)
    assert found["baseline"]["against_it"] == ["lasts 1 day, a baseline at least 28 days"]
    text = plant.text("defect_rate", "--scope", "plant", *ON_21ST)
    assert "not used: lasts 1 day, a baseline at least 28 days\n              what to do: name a longer period" in text


def test_several_periods_have_a_control_chart_beside_the_values(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, PRESS, now="2026-11-30")
    rows = [f"{at('12:00', f'2026-11-{day:02d}')},press1,1000,{90 if day == 20 else 20}" for day in range(1, 26)]
    plant.imported("quantities", "time,work_unit,produced,scrap", *rows)
    asked = ("--scope", "press1", "--from", "2026-11-01", "--to", "2026-11-27")
    found = plant.json("scrap_ratio", *asked)
    assert len(found["values"]) == 26
    (chart,) = found["charts"]
    assert (chart["kpi"], chart["scope"], chart["chart"]["kind"]) == ("scrap_ratio", "press1", "p")
    assert (len(chart["chart"]["points"]), chart["chart"]["left_out"]) == (25, ["2026-11-26"])
    assert [(one["rule"], one["at"]) for one in chart["violations"] if one["rule"] == "beyond_limit"] == [
        ("beyond_limit", 19)
    ]
    text = plant.text("scrap_ratio", *asked)
    assert "scrap_ratio  press1  p chart of 25 periods: centre 0.022800" in text
    assert "beyond a control limit" in text


def test_corrections_in_force_and_what_was_reported_before_are_named(tmp_path: Path) -> None:
    plant = ExplainedPlant(
        tmp_path,
        MQTT,
        (METER,),
    )
    plant.imported("readings", HEAD, *readings("main.kwh", ("08:00", 900), ("12:00", 950), ("13:00", 7), ("20:00", 50)))
    change = ("meter", "main.kwh", "--at", at("12:30"), "--old-final", "960", "--new-first", "2")
    done = run_at(plant.now, "correct", plant.plant.site, *change, "--by", "김민수", "--reason", "exchanged")
    assert done.code == 0, done.err
    said = {"kpi": "energy", "scope": "plant", "value": 93.0, "numerator": 93.0, "denominator": None, "coverage": 0.5}
    report = StoredReport(1, 1, "r", "day", "2026-11-21", 1, "provisional", "accepted", "0" * 64, instant(plant.now))
    with writing(plant.store) as connection, transaction(connection):
        reports.save(connection, report, json.dumps({"data": {"values": [said]}}).encode())
    found = plant.explanation("energy", "--scope", "plant", *ON_21ST)
    (correction,) = found["corrections"]
    assert (correction["kind"], correction["by"], correction["old_final"]) == ("meter", "김민수", 960)
    (decision,) = found["tags"][0]["decisions"]
    assert (decision["step"], decision["adds"]) == ("changed", 15)  # 950 to 960 and 2 to 7
    (revision,) = found["versions"]["reported"]
    assert (revision["revision"], revision["state"], revision["value"]) == (1, "provisional", 93)
    assert len(found["versions"]["site_sha256"]) == 64
    text = plant.text("energy", "--scope", "plant", *ON_21ST)
    assert "김민수, 2026-11-22T09:00:00+09:00: exchanged" in text
    assert "revision 1  provisional, 2026-11-22 09:00:00: 93" in text


def test_a_long_period_is_explained_from_readings_as_from_kept_days_and_nothing_is_written(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, "", (COUNTER.replace("shift", "any"),), now="2026-12-31")
    rows = []
    for day in range(1, 31):
        rows += readings("press1.good", ("08:00:01", 0), ("14:00", 10), ("20:00", 20), day=f"2026-11-{day:02d}")
    plant.imported("readings", HEAD, *rows)
    asked = ("--scope", "press1", "--period", "month", *ON_21ST)
    before = plant.json("good_quantity", *asked)["values"]
    (tag,) = before[0]["explanation"]["tags"]
    assert (tag["count"]["readings"], tag["adds"]) == (90, before[0]["value"])
    assert (len(tag["decisions"]), tag["decisions_left_out"]) == (20, 9)
    assert {one["step"] for one in tag["decisions"]} == {"reset"}
    site = load_site(Path(plant.plant.site))
    kept = 0
    while (found := missing_records(plant.store, site, instant(plant.now))) is not None:
        with writing(plant.store) as connection, transaction(connection):
            kept += found.keep(connection)
    assert kept >= 30
    content = plant.store.read_bytes()
    assert plant.json("good_quantity", *asked)["values"] == before
    assert plant.store.read_bytes() == content


def test_what_has_no_value_by_the_settings_is_explained_only_where_it_is_asked_for(tmp_path: Path) -> None:
    plant = ExplainedPlant(tmp_path, "", (METER,))
    plant.imported("readings", HEAD, *readings("main.kwh", ("08:00", 0), ("20:00", 10)))
    done = plant.asked("--explain", "--scope", "plant", *ON_21ST)
    assert done.out.startswith("energy  Energy  전력 사용량\n")
    assert "produced_quantity" not in done.out
    assert "without a value by the settings:" in done.out.splitlines()[-1]
    assert "The KPI needs shifts, and the site file has none." in plant.text("oee", "--scope", "plant", *ON_21ST)
    found = plant.explanation("energy_cost", "--scope", "plant", *ON_21ST)
    assert (found["reason"]["name"], found["formula"]["numbers"]) == ("no_price", "no value (no_price)")
    assert [(one["name"], one["numerator"]) for one in found["elements"]] == [("energy", 0)]
    future = plant.explanation("energy", "--scope", "plant", "--at", "2026-12-01")
    assert (future["reason"]["name"], future["elements"], future["tags"]) == ("open_period", [], [])
