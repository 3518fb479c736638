"""The page of one value: why is it what it is, from its formula down to raw readings?"""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from collector.evaluation import Evaluation
from collector.explanation import Explanations
from collector.page import delivery, element_words, energy, equipment, quality
from collector.page.access import shown
from collector.page.energy_charts import BANDS, SEASONS
from collector.page.figures import Figures
from collector.page.kpi_page import kpi_page, now_us, site_of, speaker
from collector.page.period_choice import PeriodChoice, period_choice
from collector.page.quality_charts import BY
from collector.page.rendering import language_of
from collector.page.shown import iso
from collector.page.source import Source
from collector.page.why import Narrator
from kpi.catalogue import BY_ID, CATALOGUE
from kpi.correction_text import what
from kpi.explanation import Explanation
from kpi.tag_evidence import TagEvidence
from kpi.value import KpiValue
from plant.kpi_id import KpiId
from plant.period import Period


def explained_value(
    evaluation: Evaluation, kpi: KpiId, period: Period, scope: str, site_sha256: str
) -> tuple[KpiValue, Explanation] | None:
    """A value and everything behind it; None where a work unit has no such shift."""
    for value in evaluation.values([period], [scope], [kpi]):
        return value, Explanations(evaluation, site_sha256).of(value)
    return None


async def explanation(request: Request) -> Response:
    """The page."""
    source: Source = request.app.state.source
    figures: Figures = request.app.state.figures
    kpi = request.query_params.get("kpi", "")
    if kpi not in BY_ID:
        raise HTTPException(404)
    choice = period_choice(request, site_of(request), now_us())
    site_sha256 = sha256(source.site_file.read_bytes()).hexdigest()
    work = partial(explained_value, kpi=KpiId(kpi), period=choice.period, scope=choice.scope, site_sha256=site_sha256)
    found = await figures.of(("explanation", kpi, choice.period, choice.scope), work)
    pages = (quality, delivery, energy, equipment)
    page_of = next((page.routes[0].path for page in pages if KpiId(kpi) in page.SHOWN), "/")
    shows: dict[str, object] = {"found": found, "kpi": BY_ID[KpiId(kpi)], "kpis": CATALOGUE, "page_of": page_of}
    if found is not None and found.value is not None:
        shows |= _shown(request, choice, *found.value)
    return kpi_page(request, "explanation.html", choice, shows)


def _shown(request: Request, choice: PeriodChoice, value: KpiValue, found: Explanation) -> Mapping[str, object]:
    say, zone = speaker(request), site_of(request).zone
    told = Narrator(value, found, say, zone, language_of(request) == "ko")
    stretch = (
        iso(value.period.start_us, zone),
        iso(min(value.period.end_us, max(now_us(), value.period.start_us)), zone),
    )
    return {
        "value": value,
        "explanation": found,
        "told": told.sentences(),
        "numbers": told.numbers(),
        "element_name": partial(element_words.element_name, say=say),
        "rule_text": partial(element_words.rule_text, say=say),
        "words": {
            "origin": {name: say(text) for name, text in element_words.ORIGINS.items()},
            "unknown": {name: say(text) for name, text in element_words.KINDS_NOT_KNOWN.items()},
            "step": {name: say(text) for name, text in element_words.STEPS.items()},
            "by": {name: say(text) for name, text in BY.items()},
            "band": {name: say(text) for name, text in BANDS.items()},
            "season": {name: say(text) for name, text in SEASONS.items()},
        },
        "say": say,
        "telling": telling,
        "corrected": [(one, what(dict(one))) for one in found.corrections],
        "trend_of": lambda tag: _address("/trends", tag, stretch),
        "readings_of": lambda tag: _address("/api/v1/history", tag, stretch, format="csv"),
    }


def telling(tag: TagEvidence) -> bool:
    """Whether a tag's readings are worth a look: a step that is no rise, or a hundredth of its time not known."""
    lost_s = sum(one.lost_s for one in tag.unknown)
    return any(one.step != "forward" for one in tag.decisions) or lost_s > 0.01 * tag.expected_s


def _address(path: str, tag: str, stretch: tuple[str, str], **more: str) -> str:
    return f"{path}?" + urlencode({"tag": tag, "from": stretch[0], "to": stretch[1], **more})


routes = [shown("/explanation", explanation)]
