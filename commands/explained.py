"""What does `smartwings kpi --explain` print: each value with its explanation, and charts of several periods?"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from commands.terminal import say, say_json

if TYPE_CHECKING:
    from collector.evaluation import Evaluation
    from kpi.value import KpiValue


def say_explained(
    evaluation: "Evaluation", site_file: Path, values: "Iterable[KpiValue]", *, as_json: bool, leave_out: bool
) -> None:
    """Print values with their explanations. leave_out: those that have none by the settings are not explained."""
    from collector.explanation import Explanations
    from kpi.chart_text import chart_text
    from kpi.explanation import as_json as shape
    from kpi.explanation_text import explanation_text
    from kpi.outcome import BY_SETTINGS
    from kpi.value_chart import value_charts

    zone = evaluation.site.zone
    explanations = Explanations(evaluation, sha256(site_file.read_bytes()).hexdigest())
    explained, everything, said = [], [], []
    for value in values:
        everything.append(value)
        if leave_out and value.outcome.reason in BY_SETTINGS:
            continue
        found = explanations.of(value)
        explained.append(value)
        if as_json:
            said.append({**value.as_json(zone), "explanation": shape(found, zone)})
        else:
            say(explanation_text(value, found, zone) + "\n")
    charts = value_charts(explained, evaluation.now_us)
    if as_json:
        say_json({"values": said, "charts": [shape(chart, zone) for chart in charts]})
        return
    for chart in charts:
        say(chart_text(chart) + "\n")
    say_left_out(everything if leave_out else ())


def say_left_out(values: "Iterable[KpiValue]") -> None:
    """Say how many values there are not by the settings."""
    from kpi.outcome import BY_SETTINGS

    without = Counter(value.outcome.reason for value in values if value.outcome.reason in BY_SETTINGS)
    if without:
        counts = ", ".join(f"{count} {reason}" for reason, count in without.items())
        say(f"without a value by the settings: {counts}; smartwings check names them")
