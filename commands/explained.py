"""What does `smartwings kpi --explain` print: each value with its explanation, and charts of several periods?"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from commands.terminal import say, say_json

if TYPE_CHECKING:
    from collector.evaluation import Evaluation
    from collector.explanation import Explanations
    from kpi.value import KpiValue


def say_explained(
    evaluation: "Evaluation", site_file: Path, values: "Iterable[KpiValue]", *, as_json: bool, leave_out: bool
) -> None:
    """Print values with their explanations. leave_out: those that have none by the settings are not explained."""
    from collector.explanation import Explanations
    from collector.kpi_answer import explained_json

    explanations = Explanations(evaluation, sha256(site_file.read_bytes()).hexdigest())
    if as_json:
        say_json(explained_json(explanations, values, leave_out=leave_out))
    else:
        _say_text(explanations, values, leave_out)


def _say_text(explanations: "Explanations", values: "Iterable[KpiValue]", leave_out: bool) -> None:
    from kpi.chart_text import chart_text
    from kpi.explanation_text import explanation_text
    from kpi.outcome import BY_SETTINGS
    from kpi.running_sum import running_sum_text, running_sums
    from kpi.value_chart import value_charts

    zone, now_us = explanations.evaluation.site.zone, explanations.evaluation.now_us
    explained, everything = [], []
    for value in values:
        everything.append(value)
        if leave_out and value.outcome.reason in BY_SETTINGS:
            continue
        explained.append(value)
        say(explanation_text(value, explanations.of(value), zone) + "\n")
    charts, sums = value_charts(explained, now_us), running_sums(explained, now_us)
    for text in (*map(chart_text, charts), *map(running_sum_text, sums)):
        say(text + "\n")
    say_left_out(everything if leave_out else ())


def say_left_out(values: "Iterable[KpiValue]") -> None:
    """Say how many values there are not by the settings."""
    from kpi.outcome import BY_SETTINGS

    without = Counter(value.outcome.reason for value in values if value.outcome.reason in BY_SETTINGS)
    if without:
        counts = ", ".join(f"{count} {reason}" for reason, count in without.items())
        say(f"without a value by the settings: {counts}; smartwings check names them")
