"""Is there a question that the API answers with a fault of ours, or in another shape than it says?"""

from pathlib import Path

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.page.api_fuzz import fuzzed

PATHS = ("readings", "history", "kpis", "reports", "devices", "gaps")
KEYS = ("tag", "from", "to", "at", "as_of", "format", "period", "kpi", "scope", "calendar", "limit", "offset", "device")
VALUES = (
    "good",
    "2026-11-18",
    "2026-11-19T08:00:00%2B09:00",
    "1",
    "order:1",
    "csv",
    "oee",
    "hour",
    "true",
    "%00",
    "%ff",
)


def test_schemathesis_finds_nothing(api: httpx.Client, tmp_path: Path) -> None:
    fuzzed(api, tmp_path, examples=15, seed=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(PATHS),
    st.lists(
        st.tuples(st.sampled_from(KEYS), st.sampled_from(VALUES) | st.text("%=&;+/?:-T0129\x7fé\u2028", max_size=12)),
        max_size=4,
    ),
)
def test_no_query_is_a_fault_of_ours(api: httpx.Client, path: str, query: list[tuple[str, str]]) -> None:
    raw = "&".join(f"{key}={value}" for key, value in query).encode("utf-8")
    raw = b"".join(b"%%%02X" % byte if byte > 126 or byte < 33 else bytes([byte]) for byte in raw)
    answer = api.get(api.base_url.copy_with(raw_path=b"/api/v1/" + path.encode() + b"?" + raw))
    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 200 or all(fault["message"] for fault in answer.json()["faults"])
